import type { Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { InformError } from '../../errors.js';
import { writeFully } from '../../util/files/atomic-file.js';
import { outputError, withOutputErrors } from '../../util/files/file-errors.js';
import { fileSize } from './repository-cache.js';
import { startHash } from './file-hash.js';
import { throwIfAborted, type HubHttp, type RequestOptions } from './http.js';
import { withLock } from './lock.js';
import type { RepositoryFile } from './repository.js';

/** A partial file of another tool that did not grow for so long is nobody's any more. */
const ABANDONED_MS = 600_000;
/** A connection that brings less before it ends counts as one that brings nothing. */
const PROGRESS_BYTES = 1 << 20;

export interface DownloadOptions {
  /** Where the complete file goes. */
  readonly target: string;
  readonly lock: string;
  readonly signal?: AbortSignal | undefined;
  /** How many of the file's bytes are here; fewer than before where a partial file was of no use. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly onWait?: (() => void) | undefined;
  readonly onRetry?: RequestOptions['onRetry'];
}

/** The bytes of a file that a cache holds: all of them, or those of a download that was interrupted. */
export async function bytesHere(target: string): Promise<number> {
  return (await fileSize(target)) ?? (await fileSize(partialOf(target))) ?? (await abandonedSize(target)) ?? 0;
}

/**
 * Downloads a file to `target`, unless it is there: beside it first, from where an earlier attempt ended, and under its
 * name when its size and its hash are right and it is on disk.
 *
 * @throws InformError INFORM_DOWNLOAD_FAILED, INFORM_MODEL_NOT_FOUND, INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
 */
export async function downloadFile(http: HubHttp, file: RepositoryFile, options: DownloadOptions): Promise<void> {
  const { target, onBytes } = options;
  await withLock(options.lock, options, async () => {
    if ((await fileSize(target)) !== file.size) {
      try {
        await mkdir(dirname(target), { recursive: true });
        await adoptAbandoned(target);
        await fetchWhole(http, file, options);
        await rename(partialOf(target), target);
      } catch (error) {
        if (error instanceof InformError) throw error;
        // Without a lock that works, another process may have given it its name.
        if ((await fileSize(target)) !== file.size) throw outputError(target, error);
      }
    }
    onBytes?.(file.size);
  });
}

function partialOf(target: string): string {
  return `${target}.inform-score.incomplete`;
}

/** What older versions of Python's tools leave when they are interrupted. They append to it, so it is a beginning. */
function abandonedOf(target: string): string {
  return `${target}.incomplete`;
}

async function abandonedSize(target: string): Promise<number | undefined> {
  const status = await stat(abandonedOf(target)).catch(() => undefined);
  return status?.isFile() === true && Date.now() - status.mtimeMs > ABANDONED_MS ? status.size : undefined;
}

async function adoptAbandoned(target: string): Promise<void> {
  const partial = partialOf(target);
  if ((await fileSize(partial)) !== undefined || (await abandonedSize(target)) === undefined) return;
  await rename(abandonedOf(target), partial);
}

/** Fills the partial file and checks it. A beginning that turns out wrong is thrown away, once. */
async function fetchWhole(http: HubHttp, file: RepositoryFile, options: DownloadOptions): Promise<void> {
  const path = partialOf(options.target);
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o644);
  let isRight = false;
  try {
    const partial = await PartialFile.open(path, handle, file);
    const begun = partial.length > 0;
    await fetchRest(http, file, partial, options);
    isRight = partial.isRight();
    if (!isRight && begun) {
      await partial.restart();
      await fetchRest(http, file, partial, options);
      isRight = partial.isRight();
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (isRight) return;
  await rm(path, { force: true });
  throw http.failure(
    `sent ${file.path} with wrong content: its hash is not the one that the hub lists. It was removed; run it again`,
  );
}

/** The beginning of a file, and the hash of what is there. */
class PartialFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #file: RepositoryFile;
  #hash: Hash;
  #length = 0;

  private constructor(path: string, handle: FileHandle, file: RepositoryFile) {
    this.#path = path;
    this.#handle = handle;
    this.#file = file;
    this.#hash = startHash(file.hash.algorithm, file.size);
  }

  static async open(path: string, handle: FileHandle, file: RepositoryFile): Promise<PartialFile> {
    const partial = new PartialFile(path, handle, file);
    const { size } = await handle.stat();
    if (size > file.size) {
      await partial.restart();
    } else if (size > 0) {
      const options = { start: 0, end: size - 1, autoClose: false, highWaterMark: 1 << 20 };
      for await (const chunk of handle.createReadStream(options)) partial.#hash.update(chunk as Buffer);
      partial.#length = size;
    }
    return partial;
  }

  /** Bytes that are there. */
  get length(): number {
    return this.#length;
  }

  async append(chunk: Uint8Array): Promise<void> {
    await withOutputErrors(this.#path, writeFully(this.#handle, chunk, this.#length));
    this.#hash.update(chunk);
    this.#length += chunk.length;
  }

  async restart(): Promise<void> {
    await withOutputErrors(this.#path, this.#handle.truncate(0));
    this.#hash = startHash(this.#file.hash.algorithm, this.#file.size);
    this.#length = 0;
  }

  /** Asked once, when the file is complete. */
  isRight(): boolean {
    return this.#hash.digest('hex') === this.#file.hash.hex;
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
  for (let attempt = 1; partial.length < file.size; attempt++) {
    const before = partial.length;
    const headers = before === 0 ? {} : { Range: `bytes=${before}-` };
    const response = await http.get(file.url, { signal, headers, onRetry });
    // A server that does not know ranges begins anew.
    if (before > 0 && response.status !== 206) await partial.restart();
    let cause: unknown;
    try {
      checkLength(response, file, partial.length, http);
      for await (const chunk of bodyOf(response, http.patience.stallMs)) {
        if (partial.length + chunk.length > file.size) throw wrongLength(http, file, 'more than');
        await partial.append(chunk);
        onBytes?.(partial.length);
      }
    } catch (error) {
      if (response.body?.locked === false) await response.body.cancel();
      if (error instanceof InformError) throw error;
      throwIfAborted(signal);
      cause = error;
    }
    if (partial.length >= file.size) return;
    if (partial.length - before >= PROGRESS_BYTES) attempt = 1;
    const failure = http.failure(
      `ends the connection in the middle of ${file.path}. What has arrived is kept: run it again to go on`,
      cause,
    );
    if (attempt >= http.patience.attempts) throw failure;
    await http.pause(attempt, failure, { signal, onRetry });
  }
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

/** The chunks of a body, unless the server falls silent for too long. */
async function* bodyOf(response: Response, stallMs: number): AsyncGenerator<Uint8Array> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await within(stallMs, reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`nothing arrived for ${ms / 1000} s`));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
