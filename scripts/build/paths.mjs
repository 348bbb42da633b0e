// Where things lie. Plain JavaScript: the build needs it before TypeScript is compiled.
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The user's cache folder, as src/cache.ts finds it. */
export function cacheDir() {
  const { INFORM_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (INFORM_CACHE_DIR) return path.resolve(INFORM_CACHE_DIR);
  if (XDG_CACHE_HOME) return path.join(XDG_CACHE_HOME, 'inform-score');
  if (process.platform === 'darwin') return path.join(os.homedir(), 'Library', 'Caches', 'inform-score');
  if (process.platform === 'win32' && LOCALAPPDATA) return path.join(LOCALAPPDATA, 'inform-score');
  return path.join(os.homedir(), '.cache', 'inform-score');
}
