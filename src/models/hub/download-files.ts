import { formatBytes } from '../../util/format.js';
import { type ProgressStatus } from '../../util/progress-status.js';
import type { RepositoryCache } from './repository-cache.js';
import { bytesHere, downloadFile, type DownloadOptions } from './download-file.js';
import { throwIfAborted } from '../../util/abort.js';
import { DOWNLOAD_INTERRUPTED, type HubHttp } from './http.js';
import type { Repository, RepositoryFile } from './repository.js';

const FILES_AT_ONCE = 4;

export interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((status: ProgressStatus) => void) | undefined;
  /** Told what a user should know of a conversion that was just made, a sentence each. */
  readonly onNote?: ((text: string) => void) | undefined;
}

/** The bytes of files that are still to be fetched into the shared cache. */
export async function missingBytes(
  files: readonly RepositoryFile[],
  cache: RepositoryCache,
  commit: string,
): Promise<number> {
  let missing = 0;
  for (const file of files) {
    if (await cache.has(commit, file.path, file.size)) continue;
    missing += Math.max(file.size - (await bytesHere(cache.blob(file.hash))), 0);
  }
  return missing;
}

/**
 * Downloads files of a repository into the shared cache, several at once. The first failure stops the others; what they
 * have got stays.
 *
 * @throws InformError INFORM_DOWNLOAD_FAILED, INFORM_MODEL_NOT_FOUND, INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
 */
export async function downloadFiles(
  repository: Repository,
  files: readonly RepositoryFile[],
  cache: RepositoryCache,
  http: HubHttp,
  { signal, onProgress }: TransferOptions,
): Promise<void> {
  const { commit } = repository;
  const queue: RepositoryFile[] = [];
  for (const file of files) {
    if (!(await cache.has(commit, file.path, file.size))) queue.push(file);
  }
  const transfer = new Transfer(await missingBytes(queue, cache, commit), onProgress);
  const failed = new AbortController();
  const both = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const work = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const { path, hash } = file;
      await downloadFile(http, file, {
        target: cache.blob(hash),
        lock: cache.lock(hash),
        keepLock: true,
        signal: both,
        ...transfer.listeners(path, await bytesHere(cache.blob(hash))),
      });
      await cache.link(commit, path, hash);
    }
  };
  const workers = Array.from({ length: FILES_AT_ONCE }, () =>
    work().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  throwIfAborted(signal, DOWNLOAD_INTERRUPTED);
  if (failed.signal.aborted) throw failed.signal.reason;
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** The progress of files that arrive side by side: in bytes that this run fetches, so that the time left is right. */
export class Transfer {
  readonly #totalBytes: number;
  readonly #onProgress: ((status: ProgressStatus) => void) | undefined;
  readonly #fetched = new Map<string, number>();
  /** Why nothing arrives. */
  #pause: string | undefined;

  constructor(totalBytes: number, onProgress: ((status: ProgressStatus) => void) | undefined) {
    this.#totalBytes = totalBytes;
    this.#onProgress = onProgress;
  }

  /** What `downloadFile` calls for a file of which `begun` bytes are here already. */
  listeners(path: string, begun: number): Pick<DownloadOptions, 'onBytes' | 'onWait' | 'onRetry' | 'onCheck'> {
    const pausedBy = (reason: string): void => {
      this.#pause = reason;
      this.#show();
    };
    return {
      onBytes: (bytes) => {
        this.#pause = undefined;
        this.#fetched.set(path, Math.max(bytes - begun, 0));
        this.#show();
      },
      onWait: () => {
        pausedBy(`waiting for another process that fetches ${path}`);
      },
      onCheck: () => {
        pausedBy(`comparing ${path} with its hash`);
      },
      onRetry: (failure) => {
        pausedBy(`trying again: ${failure.message}`);
      },
    };
  }

  /** Fetched so far. */
  get bytes(): number {
    return [...this.#fetched.values()].reduce((sum, fetched) => sum + fetched, 0);
  }

  /** The bytes, and why no more come. */
  get details(): string[] {
    const bytes = `${formatBytes(this.bytes)} of ${formatBytes(this.#totalBytes)}`;
    return this.#pause === undefined ? [bytes] : [bytes, this.#pause];
  }

  #show(): void {
    this.#onProgress?.({
      label: 'Downloading',
      fraction: this.#totalBytes === 0 ? 1 : Math.min(this.bytes / this.#totalBytes, 1),
      timeLeft: true,
      details: this.details,
    });
  }
}
