import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { CHECKPOINT_FILES, CheckpointFiles } from '../convert/checkpoint-files.js';
import { readCheckpointConfig } from '../convert/checkpoint-config.js';
import { openCheckpoint, readFolderTensors } from '../convert/checkpoint.js';
import { conversionTypeOf, convertCheckpoint } from '../convert/convert.js';
import { conversionStatus, convertedPath, convertOnce, localSource } from './converted-models.js';
import type { ModelSourceOptions } from './resolve.js';

/**
 * The GGUF of a checkpoint folder, converted the first time and kept in our cache: the path of that file. A folder whose
 * files have changed since is converted again.
 *
 * @throws InformError as `convertCheckpoint`
 */
export async function convertFolder(folder: string, options: ModelSourceOptions): Promise<string> {
  const { type, signal, onProgress, templateOptional } = options;
  const files = new CheckpointFiles(folder);
  const config = await readCheckpointConfig(files);
  const tensors = await readFolderTensors(config, files);
  const shards = new Set([...tensors.values()].map(({ file }) => file));
  const name = basename(resolve(folder)).replaceAll(/[^\w.-]/g, '_');
  const source = localSource(name, await fingerprint(files, [...shards]));
  const path = convertedPath(source, conversionTypeOf({ config, tensors }, type));
  await convertOnce(path, options, async () => {
    const checkpoint = await openCheckpoint(files, { templateOptional, readTensors: () => Promise.resolve(tensors) });
    return convertCheckpoint(checkpoint, path, {
      type,
      signal,
      onProgress: (progress) => onProgress?.(conversionStatus(progress)),
    });
  });
  return path;
}

/** Hash of the small files' contents, and of the place, sizes and times of the shards, which are too large to be read for it. */
async function fingerprint(files: CheckpointFiles, shards: readonly string[]): Promise<string> {
  const facts: unknown[] = [await realpath(files.folder)];
  for (const name of CHECKPOINT_FILES) {
    const text = await files.text(name);
    if (text !== undefined) facts.push([name, text]);
  }
  for (const shard of shards.toSorted()) {
    const { size, mtimeMs } = await stat(join(files.folder, shard));
    facts.push([shard, size, mtimeMs]);
  }
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
