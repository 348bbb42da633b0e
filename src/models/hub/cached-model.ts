import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { PIECE_MODEL_FILE } from '../../convert/piece-tokenizer.js';
import { CheckpointFiles } from '../../convert/checkpoint-files.js';
import { readCheckpointConfig } from '../../convert/checkpoint-config.js';
import { readFolderTensors, type Checkpoint } from '../../convert/checkpoint.js';
import { convertCheckpoint, conversionTypeOf } from '../../convert/convert.js';
import type { SafetensorsTensor } from '../../convert/safetensors.js';
import type { WantedType } from '../../gguf/model-types.js';
import {
  conversionStatus,
  convertedCommit,
  convertedPath,
  convertOnce,
  findConverted,
  hubSource,
  rememberConverted,
} from '../converted-models.js';
import { InformError } from '../../errors.js';
import { fileSize } from '../../util/files/file-size.js';
import type { RepositoryCache } from './repository-cache.js';
import type { TransferOptions } from './download-files.js';
import type { HubId } from './hub-id.js';
import { selectFiles } from './select-files.js';

/** What the caches hold of a model: a GGUF to use, or a complete checkpoint to convert. */
export type CachedModel =
  | { readonly kind: 'gguf'; readonly path: string }
  | {
      readonly kind: 'checkpoint';
      readonly commit: string;
      readonly files: CheckpointFiles;
      readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
    };

/** Looks for a model in our cache and then in the one that all Hugging Face tools share, without the network. */
export async function findCached(
  { repository, revision }: HubId,
  type: WantedType,
  cache: RepositoryCache,
): Promise<CachedModel | undefined> {
  const commits = [await convertedCommit(repository, revision), await cache.commitOf(revision)];
  const known = [...new Set(commits)].filter((commit) => commit !== undefined);
  for (const commit of known) {
    const path = await findConverted(hubSource(repository, commit), type);
    if (path !== undefined) return { kind: 'gguf', path };
  }
  for (const commit of known) {
    const found = await inSnapshot(repository, commit, type, cache);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Converts a commit that the shared cache holds, unless that was done before. Gives the path of the GGUF. */
export async function convertSnapshot(
  { repository, revision }: HubId,
  commit: string,
  checkpoint: Checkpoint,
  options: TransferOptions & { readonly type: WantedType },
): Promise<string> {
  const { type, signal, onProgress } = options;
  const path = convertedPath(hubSource(repository, commit), conversionTypeOf(checkpoint, type));
  await convertOnce(path, options, async () => {
    return convertCheckpoint(checkpoint, path, {
      type,
      source: { repository, revision: commit },
      signal,
      onProgress: (progress) => onProgress?.(conversionStatus(progress)),
    });
  });
  await rememberConverted(repository, revision, commit);
  return path;
}

async function inSnapshot(
  repository: string,
  commit: string,
  type: WantedType,
  cache: RepositoryCache,
): Promise<CachedModel | undefined> {
  const folder = cache.snapshot(commit);
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const paths: string[] = [];
  // A link whose blob is gone is no file.
  for (const name of names)
    if ((await fileSize(join(folder, name))) !== undefined) paths.push(name.replaceAll('\\', '/'));
  try {
    const selection = selectFiles(repository, paths, type);
    if (selection.kind === 'gguf') return { kind: 'gguf', path: join(folder, selection.paths[0] ?? '') };
    // Someone who has fetched these has fetched whatever else a tokenizer needs.
    const hasTokenizer = ['tokenizer.json', PIECE_MODEL_FILE].some((name) => paths.includes(name));
    if (!hasTokenizer || !paths.includes('tokenizer_config.json')) return undefined;
    const files = new CheckpointFiles(folder);
    const tensors = await readFolderTensors(await readCheckpointConfig(files), files);
    return { kind: 'checkpoint', commit, files, tensors };
  } catch (error) {
    // Files of other types, or some of the shards: what is here is not enough.
    if (error instanceof InformError) return undefined;
    throw error;
  }
}
