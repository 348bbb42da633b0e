import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { CheckpointFiles } from '../../convert/checkpoint-files.js';
import { readCheckpointConfig } from '../../convert/checkpoint-config.js';
import { readStoredTensors } from '../../convert/checkpoint.js';
import type { CheckpointOutline } from '../../convert/convert.js';
import { knownRewardToken, VALUE_HEAD_FILE } from '../../convert/recipes.js';
import { writeFully } from '../../util/files/atomic-file.js';
import { askHub, type AskOptions } from './ask-hub.js';
import { downloadFiles, missingBytes } from './download-files.js';
import { readHubEnvironment } from './environment.js';
import type { HubId } from './hub-id.js';
import { twoLargest } from './pull.js';
import { RepositoryCache } from './repository-cache.js';
import type { RepositoryFile } from './repository.js';
import { selectFiles } from './select-files.js';
import { HubShardStore } from './shard-store.js';

/** What a model of the hub is, from a few hundred kilobytes of it, and what fetching it would take. */
export type HubOutline = {
  /** Bytes that are still to be fetched, and the folder that they would go to. */
  readonly downloadBytes: number;
  readonly cacheFolder: string;
} & (
  | {
      readonly kind: 'checkpoint';
      readonly outline: CheckpointOutline;
      /** The most bytes of the weights that are on the disk at once with --delete-shards. */
      readonly twoShards: number;
    }
  | { readonly kind: 'gguf'; readonly path: string }
);

/** What is asked for without the tokenizer, of which the weights' sizes do not depend. */
const OUTLINE_FILES = new Set(['config.json', 'model.safetensors.index.json', VALUE_HEAD_FILE]);

/** Headers of GGUF files hold the tokenizer: 8 MB of Llama 3's, 16 of Gemma's. Following shards hold names and shapes only. */
const FIRST_HEADER_BYTES = 32 << 20;
const NEXT_HEADER_BYTES = 1 << 20;

/**
 * Asks the hub what a model is without fetching it: the configuration and the headers of its weights.
 *
 * @param folder for the headers of GGUF files
 * @throws InformError as `pullModel`
 */
export async function hubOutline(id: HubId, folder: string, options: AskOptions): Promise<HubOutline> {
  const environment = await readHubEnvironment();
  const { http, repository } = await askHub(id, options, environment);
  const { name, commit, files } = repository;
  const cache = new RepositoryCache(environment.cacheFolder, id.repository);
  const store = new HubShardStore(repository, cache, http, options.signal);
  const { kind, paths } = selectFiles(
    name,
    files.map(({ path }) => path),
    options.type,
  );
  const { cacheFolder } = environment;
  if (kind === 'gguf') {
    const shards = paths.map((path) => store.file(path));
    for (const [index, shard] of shards.entries()) {
      await writeHeader(store, shard, folder, index === 0 ? FIRST_HEADER_BYTES : NEXT_HEADER_BYTES);
    }
    const downloadBytes = await missingBytes(shards, cache, commit);
    return { kind, downloadBytes, cacheFolder, path: join(folder, basename(paths[0] ?? '')) };
  }
  const small = files.filter(({ path }) => OUTLINE_FILES.has(path));
  await downloadFiles(repository, small, cache, http, options);
  const checkpoint = new CheckpointFiles(cache.snapshot(commit));
  const config = await readCheckpointConfig(checkpoint, { rewardToken: knownRewardToken(name) });
  options.onProgress?.({ label: 'Reading what the weights are' });
  const tensors = await readStoredTensors(config, checkpoint, store);
  const shards = [...new Set([...tensors.values()].map(({ file }) => file))].map((shard) => store.file(shard));
  const others = files.filter(({ path }) => paths.includes(path));
  const downloadBytes = await missingBytes([...others, ...shards], cache, commit);
  const twoShards = Math.min(twoLargest(shards), downloadBytes);
  return { kind, downloadBytes, cacheFolder, outline: { folder: checkpoint.folder, config, tensors }, twoShards };
}

/** A file of the size of one on the hub that begins as that does; the rest of it is a hole. */
async function writeHeader(
  store: HubShardStore,
  { path, size }: RepositoryFile,
  folder: string,
  bytes: number,
): Promise<void> {
  const header = await store.read(path, 0, Math.min(bytes, size));
  await using file = await open(join(folder, basename(path)), 'w');
  await file.truncate(size);
  await writeFully(file, header, 0);
}
