import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { InformError } from '../../errors.js';
import { isRunning } from '../is-running.js';
import { freeBytes } from './disk-space.js';
import { outputError } from './file-errors.js';

/** A file that is to appear, and its size, which is checked against the free space before the first byte is written. */
export interface NewFile {
  readonly path: string;
  readonly bytes: number;
}

/** The temporary file that becomes a new one. */
export interface TemporaryFile {
  readonly path: string;
  readonly handle: FileHandle;
}

/**
 * Creates or replaces files of one folder that belong together, each as a whole: `write` fills temporary files in the same
 * folder, which are synced and then renamed when all are complete, the first one last. Readers see the old file or the complete
 * new one. On failure the temporary files are removed; those that a killed process left behind are removed by the next attempt.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE for what the file system refuses; errors of `write` itself pass through
 */
export async function writeFilesAtomically(
  files: readonly NewFile[],
  write: (temporaries: readonly TemporaryFile[]) => Promise<void>,
): Promise<void> {
  const [first] = files;
  if (first === undefined) return;
  const folder = dirname(first.path);
  await removeAbandoned(files.map(({ path }) => path));
  await checkFreeSpace(
    first.path,
    files.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const temporaries: TemporaryFile[] = [];
  try {
    try {
      for (const { path } of files) {
        const temporary = temporaryPath(path);
        temporaries.push({ path: temporary, handle: await open(temporary, 'wx') });
      }
      await write(temporaries);
      for (const { handle } of temporaries) await handle.sync();
    } finally {
      await Promise.all(temporaries.map(({ handle }) => handle.close()));
    }
    for (const [index, file] of [...files.entries()].reverse()) await rename(temporaries[index]?.path ?? '', file.path);
  } catch (error) {
    await Promise.all(temporaries.map(({ path }) => rm(path, { force: true })));
    throw isSystemError(error) ? outputError(first.path, error) : error;
  }
  await syncFolder(folder);
}

/** Writes all of `chunk`, at `position` or else at the end of what was written so far. */
export async function writeFully(file: FileHandle, chunk: Uint8Array, position?: number): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    const at = position === undefined ? null : position + written;
    written += (await file.write(chunk, written, chunk.length - written, at)).bytesWritten;
  }
}

/** A name beside `path` that no other process uses; `removeAbandoned` knows it by. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `${temporaryPrefix(path)}${process.pid}-${randomBytes(6).toString('hex')}.tmp`);
}

/** What the names of a file's temporary files begin with on this machine; the process id follows. */
function temporaryPrefix(path: string): string {
  return `.${basename(path)}.${hostname().replaceAll(/[^\w.]/g, '_')}-`;
}

/**
 * Removes what processes that are gone left of files of one folder: a killed conversion can leave tens of gigabytes.
 * `writeFilesAtomically` does it by itself; a caller that asks for free space before that wants it back already.
 */
export async function removeAbandoned(paths: readonly string[]): Promise<void> {
  const folder = dirname(paths[0] ?? '');
  const prefixes = paths.map(temporaryPrefix);
  for (const name of await readdir(folder).catch(() => [])) {
    const prefix = prefixes.find((candidate) => name.startsWith(candidate) && name.endsWith('.tmp'));
    const pid = Number.parseInt(name.slice(prefix?.length ?? name.length), 10);
    if (prefix !== undefined && pid > 0 && !isRunning(pid)) await rm(join(folder, name), { force: true });
  }
}

async function checkFreeSpace(path: string, expectedBytes: number): Promise<void> {
  const free = await freeBytes(dirname(path));
  if (free !== undefined && expectedBytes > free) {
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

/** Makes new, changed and removed names last, where the system can. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

function isSystemError(error: unknown): boolean {
  return !(error instanceof InformError) && error instanceof Error && 'syscall' in error;
}
