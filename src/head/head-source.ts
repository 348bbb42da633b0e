import { stat } from 'node:fs/promises';

import type { TemporaryFile } from '../util/files/atomic-file.js';
import type { GgufValue } from '../gguf/types.js';
import type { GgufTensorInfo } from '../gguf/writer.js';
import { openCheckpointHead } from './checkpoint-head.js';
import { openGgufHead } from './gguf-head.js';

/** The model that a head belongs to. What is not known is undefined. */
export interface HeadModel {
  readonly hiddenSize: number;
  readonly layerCount: number | undefined;
  /** Rows of the embedding. */
  readonly vocabularySize: number | undefined;
  /** What it is called, none where that is not known. */
  readonly names: readonly string[];
}

/** A score head outside of the model file that it is meant for. */
export interface HeadSource {
  readonly path: string;
  readonly model: HeadModel;
  /** How a model file says that it has this head. */
  readonly metadata: readonly [string, GgufValue][];
  readonly tensors: readonly GgufTensorInfo[];
  /** Where each tensor's data comes from: a file, and the place in it in bytes. */
  readonly data: readonly { readonly file: string; readonly offset: number; readonly byteLength: number }[];
  /** Writes the tensors' data, each at its offset, in bytes from the start of the file. */
  write(target: TemporaryFile, offsets: readonly number[], signal?: AbortSignal): Promise<void>;
}

/**
 * Opens the head in a GGUF file (with or without a backbone) or in a Hugging Face checkpoint folder, of which only the shard
 * with the head need be there.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_MODEL_FILE, INFORM_INVALID_CHECKPOINT,
 *   INFORM_MODEL_HAS_NO_HEAD, INFORM_UNSUPPORTED_MODEL
 */
export async function openHead(path: string): Promise<HeadSource> {
  return (await isFolder(path)) ? openCheckpointHead(path) : openGgufHead(path);
}

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
