import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { moduleFile, userBackendFolder } from '../addon/backend-folder.js';
import { recordOf } from '../addon/module-record.js';
import { InformError } from '../errors.js';

/**
 * Deletes a backend that was added, and resolves to the path of its module.
 *
 * @throws InformError INFORM_BACKEND_UNAVAILABLE where it is not there
 */
export async function removeBackend(backend: string): Promise<string> {
  const { path: folder } = userBackendFolder();
  const file = path.join(folder, moduleFile(backend));
  if ((await stat(file).catch(() => undefined)) === undefined) {
    const others = (await readdir(folder).catch(() => [])).filter((name) => /\.(so|dll)$/.test(name));
    throw new InformError(
      'INFORM_BACKEND_UNAVAILABLE',
      `No ${backend} backend lies in ${folder}${others.length > 0 ? `, only ${others.join(', ')}` : ''}. Nothing was removed.`,
    );
  }
  for (const name of [file, `${file}.LICENSE`, recordOf(file)]) await rm(name, { force: true });
  return file;
}
