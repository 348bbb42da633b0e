// `npm run bench [-- NAME] [OPTIONS]`: one measurement by its name; without one the comparison with other engines.

import { existsSync } from 'node:fs';
import path from 'node:path';

const COMPARISON = 'run';

const [first] = process.argv.slice(2);
const name = first === undefined || first.startsWith('-') ? COMPARISON : first;
const script = path.join(import.meta.dirname, `${path.basename(name)}.js`);
if (existsSync(script)) {
  // A measurement reads its own options from what follows its name.
  if (name === first) process.argv.splice(2, 1);
  await import(script);
} else {
  console.error(`There is no measurement ${name}. bench/ has one in each file, such as "npm run bench -- pipeline".`);
  process.exitCode = 2;
}
