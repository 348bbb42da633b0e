// Loaded into a process with --import: notes every file that it opens, a JSON line each, in the file that OPENED_LIST names.
import { appendFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const list = process.env['OPENED_LIST'] ?? '';
const isEngine = process.argv[1]?.endsWith('child.js') === true;

function note(file: string): void {
  appendFileSync(list, `${JSON.stringify({ isEngine, file })}\n`);
}

note('(start)');

function noting<Rest extends unknown[], Result>(
  open: (file: never, ...rest: Rest) => Result,
): (file: unknown, ...rest: Rest) => Result {
  return (file, ...rest) => {
    if (typeof file === 'string') note(file);
    return open(file as never, ...rest);
  };
}

fs.open = noting(fs.open);
fs.readFile = noting(fs.readFile) as typeof fs.readFile;
syncBuiltinESMExports();
