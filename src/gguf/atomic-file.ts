import { randomBytes } from 'node:crypto';
import { open, rename, rm, statfs, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { InformError } from '../errors.js';
import { explain } from '../io/output.js';

/**
 * Creates or replaces a file as a whole: `write` fills a temporary file in the same folder, which is synced and then
 * renamed. Readers see the old file or the complete new one. On failure the temporary file is removed.
 *
 * @param expectedBytes checked against the free space before the first byte is written
 * @throws InformError INFORM_OUTPUT_UNWRITABLE for what the file system refuses; errors of `write` itself pass through
 */
export async function writeFileAtomically(
  path: string,
  expectedBytes: number,
  write: (file: FileHandle, temporary: string) => Promise<void>,
): Promise<void> {
  await checkFreeSpace(path, expectedBytes);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const file = await open(temporary, 'wx').catch((error: unknown) => {
    throw explain(path, error);
  });
  try {
    try {
      await write(file, temporary);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw isSystemError(error) ? explain(path, error) : error;
  }
  await syncFolder(dirname(path));
}

/** Writes all of `chunk` at the end of what was written so far. */
export async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    written += (await file.write(chunk, written, chunk.length - written)).bytesWritten;
  }
}

async function checkFreeSpace(path: string, expectedBytes: number): Promise<void> {
  // Where the free space is not known (some network file systems report none), writing will tell.
  const space = await statfs(dirname(path)).catch(() => undefined);
  if (space === undefined || space.blocks === 0) return;
  const free = space.bavail * space.bsize;
  if (expectedBytes > free) {
    throw new InformError(
      'INFORM_OUTPUT_UNWRITABLE',
      `${path} needs ${gigabytes(expectedBytes)}, but its disk has ${gigabytes(free)} left. Choose another folder.`,
    );
  }
}

/** Always in the same unit, so that need and room compare at a glance. */
function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

function isSystemError(error: unknown): boolean {
  return !(error instanceof InformError) && error instanceof Error && 'syscall' in error;
}
