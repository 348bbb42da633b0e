import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { libcName } from './platforms.js';
import { ownershipFault } from './module-record.js';
import { findCacheFolder } from '../util/cache-folder.js';
import { packageRoot } from '../util/package-root.js';

/** What the addon is built from, in the package. */
const SOURCES = ['CMakeLists.txt', 'cmake', 'native'];

/**
 * The folder of the cache for an addon that `inform-score build` makes; undefined for a user without a cache. Its name holds what the
 * addon is built from and for, so that an installation of the same version takes what another one has built.
 */
export function builtAddonFolder(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const cache = findCacheFolder(env);
  if (cache === undefined) return undefined;
  const libc = libcName()?.split(' ', 1)[0];
  const machine = [process.platform, process.arch, ...(libc === undefined ? [] : [libc])].join('-');
  return path.join(cache, `addon-${machine}-${sourceHash()}`);
}

/** Why a folder of the cache is not loaded from, although it is there; undefined where nothing speaks against it. */
export function builtAddonFault(folder: string): string | undefined {
  try {
    const fault = ownershipFault(lstatSync(folder));
    return fault === undefined ? undefined : `not loaded: the folder ${fault}`;
  } catch {
    return undefined; // it is not there
  }
}

function sourceHash(): string {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of filesBelow(path.join(packageRoot(), source))) hash.update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}

function filesBelow(source: string): string[] {
  if (!lstatSync(source).isDirectory()) return [source];
  return readdirSync(source)
    .sort()
    .flatMap((name) => filesBelow(path.join(source, name)));
}
