// Writes what `inform-score --help` prints to dist/help.txt: yargs takes longer to lay it out than everything else together.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from './paths.mjs';

const dist = path.join(packageRoot, 'dist');
writeFileSync(
  path.join(dist, 'help.txt'),
  execFileSync(process.execPath, [path.join(dist, 'src', 'main.js'), '--help'], { encoding: 'utf8' }),
);
