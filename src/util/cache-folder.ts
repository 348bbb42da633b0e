import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

import { InformError } from '../errors.js';

/**
 * Where this package keeps what it can make or fetch again: `INFORM_CACHE_DIR`, else `inform-score` in the folder that
 * the platform reserves for caches. scripts/build/paths.mjs finds the same folder for the build.
 *
 * @throws InformError INFORM_INVALID_CONFIG where there is no such folder
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string | undefined = homeFolder(),
): string {
  const folder = findCacheFolder(env, platform, home);
  if (folder !== undefined) return folder;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    'There is no folder for the cache: HOME is not set, and this user has no home folder. ' +
      'Set INFORM_CACHE_DIR to the path of a folder that this user may write to.',
  );
}

/** As `cacheFolder`; undefined where no variable names a folder and the user has no home. */
export function findCacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string | undefined = homeFolder(),
): string | undefined {
  const chosen = env['INFORM_CACHE_DIR'];
  if (isSet(chosen)) return checkAbsolute(chosen);
  const caches = platformCacheFolder(env, platform, home);
  return caches === undefined ? undefined : join(caches, 'inform-score');
}

/** The user's home folder; undefined where there is none, as for a container's user without a name. */
export function homeFolder(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined; // neither HOME nor an entry in /etc/passwd
  }
}

/** Libraries are loaded from the cache: what lies below the working folder, perhaps unpacked there, must not be it. */
function checkAbsolute(folder: string): string {
  if (isAbsolute(folder)) return resolve(folder);
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `INFORM_CACHE_DIR is the relative path ${JSON.stringify(folder)}, another folder wherever the program is started. ` +
      'Give an absolute path.',
  );
}

function platformCacheFolder(
  env: NodeJS.ProcessEnv,
  platform: NodeJS.Platform,
  home: string | undefined,
): string | undefined {
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG specification wants relative paths ignored.
  if (isSet(xdg) && isAbsolute(xdg)) return xdg;
  const localAppData = env['LOCALAPPDATA'];
  if (platform === 'win32' && isSet(localAppData)) return localAppData;
  if (home === undefined) return undefined;
  return platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
