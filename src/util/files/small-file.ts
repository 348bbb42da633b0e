import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { withOutputErrors } from './file-errors.js';
import { makeFolder } from './make-folder.js';

/**
 * Writes a file and its folder. A process that reads it at the same time sees the old text or the new one.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE
 */
export async function writeSmallFile(path: string, text: string): Promise<void> {
  await withOutputErrors(path, replace(path, text));
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await makeFolder(dirname(path));
  await writeFile(temporary, text, { flag: 'wx' });
  await rename(temporary, path);
}
