import { open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { invalidCheckpoint } from './checkpoint-file.js';
import { readTensorTable, type SafetensorsTensor, type ShardStore } from './safetensors.js';

/** The weights of a checkpoint: what they are, and their shards as local files when they are needed. */
export interface CheckpointWeights {
  /** By name, in the order of the shards. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  /** The path of a complete shard on this machine; it stays until it is released. */
  obtain(shard: string, signal?: AbortSignal): Promise<string>;
  /** The shard is not needed any more. */
  release(shard: string): Promise<void>;
}

/**
 * Reads the headers of a checkpoint folder's weights.
 *
 * @param wanted which tensors; shards that hold none of them need not be there
 * @throws InformError INFORM_MODEL_NOT_FOUND (no such folder), INFORM_INVALID_CHECKPOINT
 */
export async function openCheckpointFolder(
  folder: string,
  wanted?: (tensor: string) => boolean,
): Promise<CheckpointWeights> {
  await checkFolder(folder);
  const tensors = await readTensorTable(folder, new FolderStore(folder), wanted);
  return {
    tensors,
    obtain: (shard) => Promise.resolve(join(folder, shard)),
    release: () => Promise.resolve(),
  };
}

/** Shards as files of a folder. */
class FolderStore implements ShardStore {
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
    // Before it is opened: opening a named pipe waits for ever.
    if (!(await stat(path)).isFile()) throw invalidCheckpoint(`${path} is not a regular file.`);
    file = await open(path, 'r');
    return await use(file);
  } catch (error) {
    if (error instanceof InformError) throw error;
    const reason =
      systemCodeOf(error) === 'ENOENT'
        ? 'is missing. Download the checkpoint again, in the safetensors format'
        : `cannot be read: ${messageOf(error)}`;
    throw invalidCheckpoint(`${path} ${reason}.`, { cause: error });
  } finally {
    await file?.close();
  }
}

async function checkFolder(folder: string): Promise<void> {
  const status = await stat(folder).catch((error: unknown) => {
    const message = `${folder} does not exist. Give the folder of a Hugging Face checkpoint.`;
    throw new InformError('INFORM_MODEL_NOT_FOUND', message, { cause: error });
  });
  if (!status.isDirectory()) {
    throw new InformError(
      'INFORM_MODEL_NOT_FOUND',
      `${folder} is not a folder. Give the folder of a Hugging Face checkpoint.`,
    );
  }
}
