import { open, type FileHandle } from 'node:fs/promises';
import { InformError } from '../errors.js';
import { entryOf, withOutputErrors, isSameFile } from '../util/files/file-errors.js';
import { loadAddon } from './load-addon.js';

export interface LockedFile {
  file: FileHandle;
  /** Whether the file system keeps no locks, so that nothing holds another process off. */
  unlocked: boolean;
}

/**
 * Opens a file for reading and appending, made where it is not there, that no other process has while this one has it open.
 * The lock is the operating system's: a process that ends lets go of it, however it ends.
 *
 * @param output what the file belongs to, for messages
 * @throws InformError INFORM_OUTPUT_IN_USE, INFORM_OUTPUT_UNWRITABLE
 */
export async function openLocked(path: string, output: string): Promise<LockedFile> {
  const locked = await tryOpenLocked(path, output);
  if (locked !== undefined) return locked;
  throw new InformError(
    'INFORM_OUTPUT_IN_USE',
    `${output} is the output of another run that is still going on. Wait for it, or choose another output.`,
  );
}

/** As `openLocked`; undefined where another process has the file. */
export async function tryOpenLocked(path: string, output: string): Promise<LockedFile | undefined> {
  for (;;) {
    const file = await withOutputErrors(output, open(path, 'a+'));
    const lock = loadAddon().addon.lockFile(file.fd);
    // Its holder may have removed it meanwhile: then this is a file without a name, and there is a new one.
    if (lock !== 'held' && (await hasItsName(path, file))) return { file, unlocked: lock === 'unsupported' };
    await file.close();
    if (lock === 'held') return undefined;
  }
}

/** Whether an open file can still be found under its path. */
export async function hasItsName(path: string, file: FileHandle): Promise<boolean> {
  return isSameFile(await entryOf(path).catch(() => undefined), await file.stat());
}
