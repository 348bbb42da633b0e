import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { ShardFiles } from '../../convert/weights.js';
import { fileSize } from '../../util/files/file-size.js';
import type { RepositoryCache } from './repository-cache.js';
import { bytesHere, downloadFile } from './download-file.js';
import type { Transfer } from './download-files.js';
import type { HubHttp } from './http.js';
import type { Repository, RepositoryFile } from './repository.js';

/**
 * Weights that are downloaded shard by shard as the conversion asks for them and deleted when it is done with them. They
 * lie in a folder of their own: the cache that others share gains nothing and loses nothing, and shards that it holds
 * already are used there.
 */
export class StreamedShards implements ShardFiles {
  readonly #folder: string;
  readonly #repository: Repository;
  readonly #cache: RepositoryCache;
  readonly #http: HubHttp;
  readonly #transfer: Transfer;
  readonly #stopped = new AbortController();
  readonly #arriving = new Set<Promise<unknown>>();
  #deleted = 0;

  /** @param folder for the shards */
  constructor(
    folder: string,
    from: { repository: Repository; cache: RepositoryCache; http: HubHttp; transfer: Transfer },
  ) {
    this.#folder = folder;
    this.#repository = from.repository;
    this.#cache = from.cache;
    this.#http = from.http;
    this.#transfer = from.transfer;
  }

  /** How many shards were converted and deleted. */
  get deleted(): number {
    return this.#deleted;
  }

  async obtain(shard: string, signal?: AbortSignal): Promise<string> {
    const file = this.#file(shard);
    const { commit } = this.#repository;
    if (await this.#cache.has(commit, file.path, file.size)) return join(this.#cache.snapshot(commit), file.path);
    const target = this.#target(file);
    const work = downloadFile(this.#http, file, {
      target,
      lock: `${target}.lock`,
      signal: signal === undefined ? this.#stopped.signal : AbortSignal.any([signal, this.#stopped.signal]),
      ...this.#transfer.listeners(file.path, await bytesHere(target)),
    });
    const settled = work.catch(() => undefined).finally(() => this.#arriving.delete(settled));
    this.#arriving.add(settled);
    await work;
    return target;
  }

  async release(shard: string): Promise<void> {
    const target = this.#target(this.#file(shard));
    if ((await fileSize(target)) === undefined) return; // it was the shared cache's
    await rm(target, { force: true });
    this.#deleted++;
  }

  /** Removes the folder when all is done. */
  async removeFolder(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Ends a download that nobody waits for any more. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#arriving);
  }

  #target({ hash }: RepositoryFile): string {
    return join(this.#folder, hash.hex);
  }

  #file(shard: string): RepositoryFile {
    const file = this.#repository.files.find(({ path }) => path === shard);
    if (file === undefined) throw new Error(`${shard} is not in the listing`); // the headers were read from it
    return file;
  }
}
