import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../../errors.js';
import { isFolder } from './is-folder.js';

/**
 * Makes a folder and those above it, where they are not there. Node's own recursive mkdir never ends where the system says "not found" to
 * the making of a folder whose parent is there, as it does in /proc.
 *
 * @throws the system's error
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  try {
    await makeOne(folder, mode);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    await makeFolder(dirname(folder), mode);
    await makeOne(folder, mode);
  }
}

async function makeOne(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (!(await isFolder(folder))) throw error;
  }
}
