import path from 'node:path';
import { cacheFolder, findCacheFolder } from '../util/cache-folder.js';
import { readPin } from './llama-release.js';

/** The user's folder of backend modules, from which the engine loads as from the addon's folder. */
export interface BackendFolder {
  readonly path: string;
  /** Whether INFORM_BACKEND_DIR names it: then the user answers for what lies there. */
  readonly isNamed: boolean;
}

/**
 * `INFORM_BACKEND_DIR`, else a folder of the cache that names llama.cpp's release, because modules of another release
 * would not fit.
 *
 * @throws InformError INFORM_INVALID_CONFIG where there is no cache
 */
export function userBackendFolder(env: NodeJS.ProcessEnv = process.env): BackendFolder {
  return namedFolder(env) ?? inCache(cacheFolder(env));
}

/** As `userBackendFolder`; undefined for a user who has no cache and so no modules. */
export function findUserBackendFolder(env: NodeJS.ProcessEnv = process.env): BackendFolder | undefined {
  const named = namedFolder(env);
  if (named !== undefined) return named;
  const cache = findCacheFolder(env);
  return cache === undefined ? undefined : inCache(cache);
}

/** The name of a module's file, as ggml looks for it. */
export function moduleFile(backend: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? `ggml-${backend}.dll` : `libggml-${backend}.so`;
}

function namedFolder(env: NodeJS.ProcessEnv): BackendFolder | undefined {
  const named = env['INFORM_BACKEND_DIR'];
  return named === undefined || named === '' ? undefined : { path: path.resolve(named), isNamed: true };
}

function inCache(cache: string): BackendFolder {
  return { path: path.join(cache, `backends-${readPin().release}`), isNamed: false };
}
