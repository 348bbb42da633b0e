import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { invalidCheckpoint } from '../../convert/checkpoint-file.js';
import type { ShardStore } from '../../convert/safetensors.js';
import { throwIfAborted } from '../../util/abort.js';
import { printable } from '../../util/printable.js';
import { TransientError } from '../../util/retry.js';
import { readBody } from './body.js';
import { DOWNLOAD_INTERRUPTED, type HubHttp } from './http.js';
import type { RepositoryCache } from './repository-cache.js';
import type { Repository, RepositoryFile } from './repository.js';

/** Most headers fit, so that one request a shard is enough. */
const HEAD_BYTES = 2 ** 17;

/**
 * The shards of a checkpoint that still lie on the hub, for reading their headers: a request for a range takes the place
 * of a read. Shards that the cache holds are read there.
 */
export class HubShardStore implements ShardStore {
  readonly #repository: Repository;
  readonly #cache: RepositoryCache;
  readonly #http: HubHttp;
  readonly #signal: AbortSignal | undefined;
  /** The beginning of the shard that was read last. */
  #head: { shard: string; bytes: Buffer } | undefined;

  constructor(repository: Repository, cache: RepositoryCache, http: HubHttp, signal: AbortSignal | undefined) {
    this.#repository = repository;
    this.#cache = cache;
    this.#http = http;
    this.#signal = signal;
  }

  /** @throws InformError INFORM_INVALID_CHECKPOINT when the repository lacks it */
  file(shard: string): RepositoryFile {
    const file = this.#repository.files.find(({ path }) => path === shard);
    if (file !== undefined) return file;
    throw invalidCheckpoint(
      `${this.#repository.name} lacks ${printable(shard)}, which its index names. Tell its owner.`,
    );
  }

  has(shard: string): Promise<boolean> {
    return Promise.resolve(this.#repository.files.some(({ path }) => path === shard));
  }

  size(shard: string): Promise<number> {
    return Promise.resolve(this.file(shard).size);
  }

  async read(shard: string, position: number, length: number): Promise<Buffer> {
    if (this.#head?.shard !== shard) {
      const headLength = Math.min(HEAD_BYTES, this.file(shard).size);
      this.#head = { shard, bytes: await this.#fetch(shard, 0, headLength) };
    }
    const { bytes } = this.#head;
    const end = position + length;
    return end <= bytes.length ? bytes.subarray(position, end) : this.#fetch(shard, position, length);
  }

  async #fetch(shard: string, position: number, length: number): Promise<Buffer> {
    const { path, size, url } = this.file(shard);
    const { commit } = this.#repository;
    if (await this.#cache.has(commit, path, size)) {
      return readLocal(join(this.#cache.snapshot(commit), path), position, length);
    }
    const signal = this.#signal;
    const headers = { Range: `bytes=${position}-${position + length - 1}` };
    return this.#http.retry({ signal }, async () => {
      const response = await this.#http.get(url, { signal, headers });
      if (response.status !== 206) {
        await response.body?.cancel();
        throw this.#http.failure(`does not send parts of files. Download ${this.#repository.name} by other means`);
      }
      const { stallMs } = this.#http.patience;
      const bytes = await readBody(response, { maxBytes: length, stallMs, leastRate: 0 }).catch(
        (error: unknown) => error,
      );
      throwIfAborted(signal, DOWNLOAD_INTERRUPTED);
      if (bytes instanceof Buffer && bytes.length === length) return bytes;
      throw new TransientError(
        this.#http.failure(`ends the connection in the middle of ${path}. Run it again later`, bytes),
      );
    });
  }
}

async function readLocal(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
