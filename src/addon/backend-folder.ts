import path from 'node:path';
import { cacheFolder } from '../util/cache-folder.js';
import { readPin } from './llama-release.js';

/**
 * Where the user's own backend modules lie, from which the engine loads as from the addon's folder:
 * `INFORM_BACKEND_DIR`, else a folder of the cache that names llama.cpp's release, because modules of another release
 * would not fit.
 */
export function userBackendFolder(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['INFORM_BACKEND_DIR'];
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  return path.join(cacheFolder(env), `backends-${readPin().release}`);
}

/** The name of a module's file, as ggml looks for it. */
export function moduleFile(backend: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'win32' ? `ggml-${backend}.dll` : `libggml-${backend}.so`;
}
