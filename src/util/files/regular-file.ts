import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { systemCodeOf } from '../../errors.js';

/** Thrown for a path that names something other than a regular file. */
export class IrregularFileError extends Error {
  /** Whether it is a folder. */
  readonly isFolder: boolean;

  constructor(isFolder: boolean) {
    super(isFolder ? 'is a folder, not a file' : 'is not a regular file');
    this.name = 'IrregularFileError';
    this.isFolder = isFolder;
  }
}

// Without O_NONBLOCK, opening a named pipe waits until something writes to it. Windows has neither flag: there they are
// undefined, which counts as no bits.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Opens a regular file, or a link to one, for reading. Pipes, devices, sockets and folders are refused before anything is
 * read from them.
 *
 * @throws IrregularFileError, and the system's errors as they are
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS).catch((error: unknown) => {
    // A socket and a device without a driver cannot be opened; Windows opens no folders.
    const code = systemCodeOf(error);
    throw code === 'ENXIO' || code === 'EISDIR' ? new IrregularFileError(code === 'EISDIR') : error;
  });
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new IrregularFileError(status.isDirectory());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
