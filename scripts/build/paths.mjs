// Where things lie. Plain JavaScript: the build needs it before TypeScript is compiled.
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The user's cache folder, by the rules of src/util/cache-folder.ts, which says why. */
export function cacheDir(env = process.env, platform = process.platform, home = homeDir()) {
  const { INFORM_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = env;
  if (INFORM_CACHE_DIR) {
    if (path.isAbsolute(INFORM_CACHE_DIR)) return path.resolve(INFORM_CACHE_DIR);
    throw new Error(`INFORM_CACHE_DIR is the relative path "${INFORM_CACHE_DIR}". Give an absolute path.`);
  }
  if (XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME)) return path.join(XDG_CACHE_HOME, 'inform-score');
  if (platform === 'win32' && LOCALAPPDATA) return path.join(LOCALAPPDATA, 'inform-score');
  if (home === undefined) throw new Error('HOME is not set. Set INFORM_CACHE_DIR to the path of a folder.');
  if (platform === 'darwin') return path.join(home, 'Library', 'Caches', 'inform-score');
  return path.join(home, '.cache', 'inform-score');
}

function homeDir() {
  try {
    const home = os.homedir();
    return path.isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}
