import type { TemporaryFile } from '../util/files/atomic-file.js';
import type { GgufMetadata, GgufValue } from '../gguf/types.js';
import type { Architecture } from '../gguf/backbones.js';
import type { GgufTensorInfo } from '../gguf/writer.js';

/** The model that a head belongs to. What is not known is undefined. */
interface HeadModel {
  readonly architecture: Architecture;
  readonly hiddenSize: number;
  readonly layerCount: number | undefined;
  /** Rows of the embedding. */
  readonly vocabularySize: number | undefined;
  /** What it is called, none where that is not known. */
  readonly names: readonly string[];
  /** What a GGUF file would say about its tokenizer and chat template; undefined where that is not known. */
  readonly tokenizer: GgufMetadata | undefined;
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
