import { availableParallelism } from 'node:os';

import { throwIfAborted } from '../util/abort.js';
import { GGML_TYPES, tensorByteLength, type GgmlType } from '../gguf/types.js';
import { encodeTensors } from '../addon/encode.js';
import type { EncodeJob, NativeLowRank } from '../addon/load-addon.js';
import { floatTypeOf } from './float-type.js';
import type { SafetensorsTensor } from './safetensors.js';
import type { ConvertProgress } from './progress.js';
import type { TensorData, TensorHashes } from '../gguf/tensors-hash.js';
import type { TensorSource } from './tensors.js';
import type { ShardFiles } from './weights.js';

/** Many pieces for every thread, and little beside a checkpoint. */
const PART_BYTES = 128 * 2 ** 20;

/** A tensor of the checkpoint and where its data goes. */
export interface PlacedTensor {
  readonly name: string;
  /** In ggml's order: `shape[0]` is the length of a row. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
  readonly source: Extract<TensorSource, { kind: 'checkpoint' }>;
  /** The file that is being written. */
  readonly path: string;
  /** In bytes from the start of that file. */
  readonly offset: number;
}

export interface EncodeOptions {
  /** Gets what is written, while the next part is converted: it is still in the system's cache. */
  readonly hashes?: TensorHashes | undefined;
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Converts the weights shard by shard, each in the order in which it lies on disk. While one shard is converted, the next
 * one may be on its way here.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT (NaN or infinite values, values beyond the type's range, files that change
 *   meanwhile), INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED, and what `files` throws
 */
export async function encodeWeights(
  placed: readonly PlacedTensor[],
  files: ShardFiles,
  { hashes, onProgress, signal }: EncodeOptions,
): Promise<void> {
  const shards = byShard(placed);
  const totalBytes = sourceBytes(placed);
  let bytesDone = 0;
  let hashing: Promise<void> | undefined;
  let arriving = obtain(files, shards[0]?.[0], signal);
  for (const [index, [shard, tensors]] of shards.entries()) {
    const path = await arriving;
    arriving = obtain(files, shards[index + 1]?.[0], signal);
    for (const part of partsOf(tensors)) {
      const bytes = sourceBytes(part);
      await encodePart(path ?? '', part, signal, (fraction) => {
        onProgress?.({ bytesDone: bytesDone + fraction * bytes, totalBytes });
      });
      await hashing;
      hashing = hashes?.read(part.map(writtenData), { signal });
      hashing?.catch(() => undefined); // It is met at the next part or at the end.
      bytesDone += bytes;
      onProgress?.({ bytesDone, totalBytes });
      throwIfAborted(signal, 'The conversion was aborted.');
    }
    await files.release(shard);
  }
  await hashing;
}

function writtenData({ name, shape, type, path, offset }: PlacedTensor): TensorData {
  return { name, file: path, offset, byteLength: tensorByteLength(type, shape) };
}

/** The tensors of each shard, by the shards' names, which are numbered. */
function byShard(placed: readonly PlacedTensor[]): [string, PlacedTensor[]][] {
  const shards = new Map<string, PlacedTensor[]>();
  for (const tensor of placed) {
    const { file } = tensor.source.tensor;
    const others = shards.get(file);
    if (others === undefined) shards.set(file, [tensor]);
    else others.push(tensor);
  }
  return [...shards].sort(([a], [b]) => (a < b ? -1 : 1));
}

type SourcedTensor = { readonly source: { readonly tensor: Pick<SafetensorsTensor, 'offset' | 'byteLength'> } };

/** A shard's tensors in the order in which they lie there, cut so that a part is hashed while the next is converted. */
export function partsOf<T extends SourcedTensor>(tensors: readonly T[]): T[][] {
  const parts: T[][] = [];
  let room = 0;
  for (const tensor of tensors.toSorted((a, b) => a.source.tensor.offset - b.source.tensor.offset)) {
    if (room <= 0) {
      parts.push([]);
      room = PART_BYTES;
    }
    parts.at(-1)?.push(tensor);
    room -= tensor.source.tensor.byteLength;
  }
  return parts;
}

/** A promise that may fail before anyone waits for it. */
function obtain(
  files: ShardFiles,
  shard: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const arriving = shard === undefined ? Promise.resolve(undefined) : files.obtain(shard, signal);
  arriving.catch(() => undefined);
  return arriving;
}

async function encodePart(
  path: string,
  tensors: readonly PlacedTensor[],
  signal: AbortSignal | undefined,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const jobs = tensors.flatMap((tensor) => jobsOf(tensor, path)).sort((a, b) => a.sourceOffset - b.sourceOffset);
  // One more thread than cores: while one waits for the disk, the others compute.
  await encodeTensors(jobs, availableParallelism() + 1, { signal, onProgress });
}

/** One for each piece in which the rows lie. */
function jobsOf({ shape, type, source, path, offset }: PlacedTensor, shard: string): EncodeJob[] {
  const { tensor, dtype, headRows, addend, groups = { count: 1, stride: 0 } } = source;
  const [columns = 1, ...others] = shape;
  const rows = others.reduce((product, size) => product * size, 1) / groups.count;
  const pieceBytes = tensorByteLength(type, [columns, rows]);
  return Array.from({ length: groups.count }, (_, index) => ({
    name: tensor.name,
    source: shard,
    sourceOffset: tensor.offset + index * groups.stride,
    sourceType: GGML_TYPES[dtype].id,
    target: path,
    targetOffset: offset + index * pieceBytes,
    targetType: type.id,
    rows,
    columns,
    headRows: headRows ?? 0,
    addend: addend ?? 0,
    lowRank: nativeLowRank(tensor.lowRank),
  }));
}

function nativeLowRank(added: SafetensorsTensor['lowRank']): NativeLowRank | undefined {
  if (added === undefined) return undefined;
  const { a, b, rank, scale } = added;
  return {
    source: a.file,
    aOffset: a.offset,
    aType: GGML_TYPES[floatTypeOf(a)].id,
    bOffset: b.offset,
    bType: GGML_TYPES[floatTypeOf(b)].id,
    rank,
    scale,
  };
}

function sourceBytes(tensors: readonly PlacedTensor[]): number {
  return tensors.reduce((sum, { source }) => sum + source.tensor.byteLength, 0);
}
