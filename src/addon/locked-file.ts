import { constants, open, type FileHandle } from 'node:fs/promises';
import { InformError, systemCodeOf } from '../errors.js';
import { entryOf, isSameFile, outputError, unwritable, withOutputErrors } from '../util/files/file-errors.js';
import { loadAddon } from './load-addon.js';

export interface LockedFile {
  file: FileHandle;
  /** Whether the file system keeps no locks, so that nothing holds another process off. */
  unlocked: boolean;
}

/** Takes the lock of an open file. */
export type LockFile = (descriptor: number) => 'locked' | 'held' | 'unsupported';

/** Refuses to open a symbolic link; Windows has no such flag. */
export const NO_FOLLOW = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;

/** The operating system's lock, for this process alone while it has the file open. */
export const lockDescriptor: LockFile = (descriptor) => loadAddon().addon.lockFile(descriptor);

const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | NO_FOLLOW;

/**
 * Opens a file for reading and appending, made where it is not there, that no other process has while this one has it open.
 * The lock is the operating system's: a process that ends lets go of it, however it ends. A file that belongs elsewhere too,
 * by a symbolic or a hard link, is refused: anyone who may write to the folder could make any file of ours appear there.
 *
 * @param output what the file belongs to, for messages
 * @param lock in place of the operating system's
 * @throws InformError INFORM_OUTPUT_IN_USE, INFORM_OUTPUT_UNWRITABLE
 */
export async function openLocked(path: string, output: string, lock?: LockFile): Promise<LockedFile> {
  const locked = await tryOpenLocked(path, output, lock);
  if (locked !== undefined) return locked;
  throw new InformError(
    'INFORM_OUTPUT_IN_USE',
    `${output} is the output of another run that is still going on. Wait for it, or choose another output.`,
  );
}

/** As `openLocked`; undefined where another process has the file. */
export async function tryOpenLocked(
  path: string,
  output: string,
  lock: LockFile = lockDescriptor,
): Promise<LockedFile | undefined> {
  for (;;) {
    const file = await openPlain(path, output);
    const state = lock(file.fd);
    // Its holder may have removed it meanwhile: then this is a file without a name, and there is a new one.
    if (state !== 'held' && (await hasItsName(path, file))) return { file, unlocked: state === 'unsupported' };
    await file.close();
    if (state === 'held') return undefined;
  }
}

/** Whether an open file can still be found under its path. */
export async function hasItsName(path: string, file: FileHandle): Promise<boolean> {
  return isSameFile(await entryOf(path).catch(() => undefined), await file.stat());
}

async function openPlain(path: string, output: string): Promise<FileHandle> {
  const file = await open(path, FLAGS).catch((error: unknown) => {
    throw systemCodeOf(error) === 'ELOOP' ? linked(path, 'is a symbolic link') : outputError(output, error);
  });
  try {
    const entry = await withOutputErrors(output, file.stat());
    if (!entry.isFile()) throw linked(path, 'is no regular file');
    if (entry.nlink > 1) throw linked(path, 'is a hard link to a file with another name');
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function linked(path: string, what: string): InformError {
  return unwritable(path, `${what}, which is not written to. Remove it and run the same command again.`);
}
