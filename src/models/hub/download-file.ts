import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Response } from 'undici';

import { hasItsName } from '../../addon/locked-file.js';
import { InformError } from '../../errors.js';
import { throwIfAborted } from '../../util/abort.js';
import { removeAbandoned, temporaryPath, writeFully } from '../../util/files/atomic-file.js';
import { outputError, withOutputErrors } from '../../util/files/file-errors.js';
import { fileSize } from '../../util/files/file-size.js';
import { TransientError, type RetryOptions } from '../../util/retry.js';
import { withLock } from '../lock.js';
import { chunksOf } from './body.js';
import { startHash } from './file-hash.js';
import { DOWNLOAD_INTERRUPTED, type HubHttp } from './http.js';
import type { RepositoryFile } from './repository.js';
import { makeFolder } from '../../util/files/make-folder.js';

/** A connection that brings less before it ends counts as one that brings nothing. */
const PROGRESS_BYTES = 2 ** 20;

export interface DownloadOptions {
  /** Where the complete file goes. */
  readonly target: string;
  readonly lock: string;
  /** Whether other tools use the same lock, so that its file stays. */
  readonly keepLock?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How many of the file's bytes are here; fewer than before where a partial file was of no use. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly onWait?: (() => void) | undefined;
  /** Called when all bytes are here and are going to be compared with their hash. */
  readonly onCheck?: (() => void) | undefined;
  readonly onRetry?: RetryOptions['onRetry'];
}

/** The bytes of a file that a cache holds: all of them, or those of a download that was interrupted. */
export async function bytesHere(target: string): Promise<number> {
  return (await fileSize(target)) ?? (await fileSize(partialOf(target))) ?? (await fileSize(abandonedOf(target))) ?? 0;
}

/**
 * Downloads a file to `target`, unless it is there: beside it first, from where an earlier attempt ended, and under its
 * name when its size and its hash are right and it is on disk. One process writes the partial file, by the operating
 * system's lock; where the file system keeps none, each has a file of its own, which is not gone on with later.
 *
 * @throws InformError INFORM_DOWNLOAD_FAILED, INFORM_MODEL_NOT_FOUND, INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
 */
export async function downloadFile(http: HubHttp, file: RepositoryFile, options: DownloadOptions): Promise<void> {
  const { target, lock, signal, onBytes, onWait, keepLock: keep } = options;
  const lockOptions = { signal, onWait, interrupted: DOWNLOAD_INTERRUPTED, keep };
  await withLock(lock, lockOptions, async (isLocked) => {
    if ((await fileSize(target)) !== file.size) {
      await withOutputErrors(target, makeFolder(dirname(target)));
      if (isLocked) await fetchPartial(http, file, options);
      else await fetchTemporary(http, file, options);
    }
    onBytes?.(file.size);
  });
}

async function fetchPartial(http: HubHttp, file: RepositoryFile, options: DownloadOptions): Promise<void> {
  const partial = partialOf(options.target);
  await withOutputErrors(partial, adoptAbandoned(options.target));
  await fetchWhole(partial, http, file, options);
}

async function fetchTemporary(http: HubHttp, file: RepositoryFile, options: DownloadOptions): Promise<void> {
  await removeAbandoned([options.target]);
  const temporary = temporaryPath(options.target);
  try {
    await fetchWhole(temporary, http, file, options);
  } finally {
    await rm(temporary, { force: true });
  }
}

function partialOf(target: string): string {
  return `${target}.inform-score.incomplete`;
}

/** What older versions of Python's tools leave when they are interrupted. They append to it, so it is a beginning. */
function abandonedOf(target: string): string {
  return `${target}.incomplete`;
}

/** Python's tools write it under the lock that we hold, so it is nobody's. */
async function adoptAbandoned(target: string): Promise<void> {
  const partial = partialOf(target);
  if ((await fileSize(partial)) !== undefined || (await fileSize(abandonedOf(target))) === undefined) return;
  await rename(abandonedOf(target), partial);
}

/** Fills the file at `path`, checks it and gives it its name. A beginning that turns out wrong is thrown away, once. */
async function fetchWhole(path: string, http: HubHttp, file: RepositoryFile, options: DownloadOptions): Promise<void> {
  const { target } = options;
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const handle = await withOutputErrors(path, open(path, flags, 0o644));
  try {
    const partial = await PartialFile.open(path, handle, file);
    const begun = partial.length > 0;
    await fetchRest(http, file, partial, options);
    let isRight = await partial.isRight(options);
    if (!isRight && begun) {
      await partial.restart();
      await fetchRest(http, file, partial, options);
      isRight = await partial.isRight(options);
    }
    if (!isRight) {
      await rm(path, { force: true });
      throw http.failure(
        `sent ${file.path} with wrong content: its hash is not the one that the hub lists. It was removed; run it again`,
      );
    }
    // What was compared with the hash is what gets the name.
    if (!(await hasItsName(path, handle))) {
      throw http.failure(`sent ${file.path}, but another program has replaced it at ${path}. Run it again`);
    }
  } finally {
    await handle.close();
  }
  await rename(path, target).catch((error: unknown) => {
    throw outputError(target, error);
  });
}

/** The beginning of a file. */
class PartialFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #file: RepositoryFile;
  #length: number;

  private constructor(path: string, handle: FileHandle, file: RepositoryFile, length: number) {
    this.#path = path;
    this.#handle = handle;
    this.#file = file;
    this.#length = length;
  }

  static async open(path: string, handle: FileHandle, file: RepositoryFile): Promise<PartialFile> {
    const { size } = await handle.stat();
    const partial = new PartialFile(path, handle, file, size);
    if (size > file.size) await partial.restart();
    return partial;
  }

  /** Bytes that are there. */
  get length(): number {
    return this.#length;
  }

  async append(chunk: Uint8Array): Promise<void> {
    await withOutputErrors(this.#path, writeFully(this.#handle, chunk, this.#length));
    this.#length += chunk.length;
  }

  async restart(): Promise<void> {
    await withOutputErrors(this.#path, this.#handle.truncate(0));
    this.#length = 0;
  }

  /** Whether the complete file, as it lies on disk, has the hash that the hub lists. */
  async isRight({ signal, onCheck }: DownloadOptions): Promise<boolean> {
    onCheck?.();
    await withOutputErrors(this.#path, this.#handle.sync());
    const { hash, size } = this.#file;
    if ((await this.#handle.stat()).size !== size) return false;
    const found = startHash(hash.algorithm, size);
    const options = { start: 0, autoClose: false, highWaterMark: 2 ** 20 };
    for await (const chunk of this.#handle.createReadStream(options)) {
      throwIfAborted(signal, DOWNLOAD_INTERRUPTED);
      found.update(chunk as Buffer);
    }
    return found.digest('hex') === hash.hex;
  }
}

/** Gets what is missing, in as many requests as the connection breaks it into. */
async function fetchRest(
  http: HubHttp,
  file: RepositoryFile,
  partial: PartialFile,
  { signal, onBytes, onRetry }: DownloadOptions,
): Promise<void> {
  onBytes?.(partial.length);
  let most = partial.length;
  await http.retry({ signal, onRetry }, async () => {
    if (partial.length >= file.size) return;
    const headers: Record<string, string> = partial.length === 0 ? {} : { Range: `bytes=${partial.length}-` };
    const response = await http.get(file.url, { signal, headers });
    // A server that does not know ranges begins anew.
    if (partial.length > 0 && response.status !== 206) await partial.restart();
    let cause: unknown;
    try {
      checkLength(response, file, partial.length, http);
      for await (const chunk of chunksOf(response, http.patience.stallMs)) {
        if (partial.length + chunk.length > file.size) throw wrongLength(http, file, 'more than');
        await partial.append(chunk);
        onBytes?.(partial.length);
      }
    } catch (error) {
      if (response.body?.locked === false) await response.body.cancel();
      if (error instanceof InformError) throw error;
      throwIfAborted(signal, DOWNLOAD_INTERRUPTED);
      cause = error;
    }
    if (partial.length >= file.size) return;
    const hasProgressed = partial.length - most >= PROGRESS_BYTES;
    most = Math.max(most, partial.length);
    const what = `ends the connection in the middle of ${file.path}. What has arrived is kept: run it again to go on`;
    throw new TransientError(http.failure(what, cause), { hasProgressed });
  });
}

/** A server whose file has another length than its listing says sends something else. */
function checkLength(response: Response, file: RepositoryFile, position: number, http: HubHttp): void {
  const length = response.headers.get('Content-Length');
  if (length === null || Number(length) === file.size - position) return;
  throw wrongLength(http, file, `${Number(length) + position} bytes instead of`);
}

function wrongLength(http: HubHttp, file: RepositoryFile, what: string): InformError {
  return http.failure(`sends ${what} the ${file.size} bytes that it lists for ${file.path}. Run it again later`);
}
