import { stat, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { IrregularFileError, openRegularFile } from '../util/files/regular-file.js';
import { checkIsNoAdapter } from './checkpoint-config.js';
import type { CheckpointFiles } from './checkpoint-files.js';
import { invalidCheckpoint } from './checkpoint-file.js';
import { INDEX_FILE, readTensorTable, SINGLE_FILE, type SafetensorsTensor, type ShardStore } from './safetensors.js';

/** The shards of a checkpoint as local files when they are needed. */
export interface ShardFiles {
  /** The path of a complete shard on this machine; it stays until it is released. */
  obtain(shard: string, signal?: AbortSignal): Promise<string>;
  /** The shard is not needed any more. */
  release(shard: string): Promise<void>;
}

/** The weights of a checkpoint: what they are, and where they come from. */
export interface CheckpointWeights extends ShardFiles {
  /** By name, in the order of the shards. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
}

/** Shards that lie in the checkpoint's folder, and stay there. */
export function folderShards(folder: string): ShardFiles {
  return {
    // What an adapter brings lies elsewhere, and has its whole path.
    obtain: (shard) => Promise.resolve(resolve(folder, shard)),
    release: () => Promise.resolve(),
  };
}

/**
 * Reads the headers of a checkpoint folder's weights.
 *
 * @param wanted which tensors; shards that hold none of them need not be there
 * @throws InformError INFORM_MODEL_NOT_FOUND (no such folder), INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL (an adapter)
 */
export async function openCheckpointFolder(
  files: CheckpointFiles,
  wanted?: (tensor: string) => boolean,
): Promise<CheckpointWeights> {
  await files.checkFolder();
  await checkHasSafetensors(files);
  const tensors = await readTensorTable(files, new FolderStore(files.folder), wanted);
  return { tensors, ...folderShards(files.folder) };
}

/** Says what is there where there are no weights that can be read. */
async function checkHasSafetensors(files: CheckpointFiles): Promise<void> {
  if ((await files.has(SINGLE_FILE)) || (await files.has(INDEX_FILE))) return;
  await checkIsNoAdapter(files);
  for (const name of ['pytorch_model.bin', 'pytorch_model.bin.index.json']) {
    if (await files.has(name)) {
      throw invalidCheckpoint(
        `${files.folder} has its weights in ${name}, and only safetensors are read. Load it with transformers and save it again with save_pretrained(), which writes them.`,
      );
    }
  }
}

/** Shards as files of a folder. */
export class FolderStore implements ShardStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async has(shard: string): Promise<boolean> {
    return stat(join(this.#folder, shard)).then(
      (status) => status.isFile(),
      () => false,
    );
  }

  async size(shard: string): Promise<number> {
    const path = join(this.#folder, shard);
    return withFile(path, async (file) => (await file.stat()).size);
  }

  async read(shard: string, position: number, length: number): Promise<Buffer> {
    const path = join(this.#folder, shard);
    return withFile(path, async (file) => {
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await file.read(bytes, 0, length, position);
      if (bytesRead !== length) throw invalidCheckpoint(`${path} ended while it was read. Download it again.`);
      return bytes;
    });
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle | undefined;
  try {
    file = await openRegularFile(path);
    return await use(file);
  } catch (error) {
    if (error instanceof InformError) throw error;
    if (error instanceof IrregularFileError) throw invalidCheckpoint(`${path} ${error.message}.`, { cause: error });
    const reason =
      systemCodeOf(error) === 'ENOENT'
        ? 'is missing. Download the checkpoint again, in the safetensors format'
        : `cannot be read: ${messageOf(error)}`;
    throw invalidCheckpoint(`${path} ${reason}.`, { cause: error });
  } finally {
    await file?.close();
  }
}
