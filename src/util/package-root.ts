import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InformError } from '../errors.js';

const NAME = 'inform-score';
let root: string | undefined;

/** The folder of this package's package.json, wherever the compiled files lie below it. */
export function packageRoot(): string {
  root ??= findRoot(path.dirname(fileURLToPath(import.meta.url)));
  return root;
}

/** This package's version. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(packageRoot(), 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** The folder of another package that is installed for this one; undefined where it is not. */
export function installedPackage(name: string): string | undefined {
  const require = createRequire(path.join(packageRoot(), 'package.json'));
  try {
    return path.dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function findRoot(start: string): string {
  for (let dir = start; ; dir = path.dirname(dir)) {
    if (nameIn(path.join(dir, 'package.json')) === NAME) return dir;
    if (dir === path.dirname(dir)) {
      throw new InformError('INFORM_INTERNAL', `No package.json of ${NAME} lies above ${start}.`);
    }
  }
}

function nameIn(file: string): unknown {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name;
  } catch {
    return undefined;
  }
}
