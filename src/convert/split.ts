import { InformError } from '../errors.js';
import { ggufNumber } from '../gguf/metadata.js';
import { shardPath, SPLIT_KEYS } from '../gguf/split-model.js';
import { alignUp, DEFAULT_ALIGNMENT, tensorByteLength, type GgufMetadata } from '../gguf/types.js';
import { layoutGguf } from '../gguf/writer.js';
import { formatBytes } from '../util/format.js';
import type { TypedTensor } from './tensor-types.js';

/** A file of the model to be written. */
export interface PlannedFile {
  readonly path: string;
  readonly metadata: GgufMetadata;
  readonly tensors: readonly TypedTensor[];
}

/**
 * The file of a model, or where it would be larger than `maxBytes` several, in llama.cpp's format: the first holds the
 * metadata, each says its place, and their names are numbered.
 *
 * @throws InformError INFORM_INVALID_CONFIG (a tensor that alone is larger)
 */
export function planFiles(
  path: string,
  metadata: GgufMetadata,
  tensors: readonly TypedTensor[],
  maxBytes = Infinity,
): PlannedFile[] {
  const whole = { path, metadata, tensors };
  const { header, totalBytes } = layoutGguf(metadata, tensors);
  if (totalBytes <= maxBytes) return [whole];
  // Every shard leaves room for the largest header there can be: the whole file's and the keys of the split.
  const groups = fill(tensors, maxBytes - alignUp(header.length + SPLIT_KEYS_BYTES, DEFAULT_ALIGNMENT));
  const prefix = path.endsWith('.gguf') ? path.slice(0, -'.gguf'.length) : path;
  return groups.map((group, no) => ({
    path: shardPath(prefix, no, groups.length),
    metadata: new Map([...(no === 0 ? metadata : []), ...splitKeys(no, groups.length, tensors.length)]),
    tensors: group,
  }));
}

const SPLIT_KEYS_BYTES = 256; // more than the three of them take

function fill(tensors: readonly TypedTensor[], room: number): TypedTensor[][] {
  const groups: TypedTensor[][] = [];
  let left = 0;
  for (const tensor of tensors) {
    const bytes = alignUp(tensorByteLength(tensor.type, tensor.shape), DEFAULT_ALIGNMENT);
    if (bytes > room) {
      throw new InformError(
        'INFORM_INVALID_CONFIG',
        `Tensor ${tensor.name} alone has ${formatBytes(bytes)}, too much for a file of --split-max-size. Raise it.`,
      );
    }
    const last = groups.at(-1);
    if (last === undefined || bytes > left) {
      groups.push([tensor]);
      left = room - bytes;
    } else {
      last.push(tensor);
      left -= bytes;
    }
  }
  return groups;
}

function splitKeys(no: number, count: number, tensorCount: number): GgufMetadata {
  return new Map([
    [SPLIT_KEYS.no, ggufNumber('uint16', no)],
    [SPLIT_KEYS.count, ggufNumber('uint16', count)],
    [SPLIT_KEYS.tensorsCount, ggufNumber('int32', tensorCount)],
  ]);
}
