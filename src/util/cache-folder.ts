import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Where this package keeps what it can make or fetch again: `INFORM_CACHE_DIR`, else `inform-score` in the folder that
 * the platform reserves for caches. scripts/paths.mjs finds the same folder for the build.
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const chosen = env['INFORM_CACHE_DIR'];
  if (isSet(chosen)) return resolve(chosen);
  return join(platformCacheFolder(env, platform), 'inform-score');
}

function platformCacheFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  const xdg = env['XDG_CACHE_HOME'];
  if (isSet(xdg)) return xdg;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches');
  const localAppData = env['LOCALAPPDATA'];
  if (platform === 'win32' && isSet(localAppData)) return localAppData;
  return join(homedir(), '.cache');
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
