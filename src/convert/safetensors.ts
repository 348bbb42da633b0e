import { join } from 'node:path';

import type { CheckpointFiles } from './checkpoint-files.js';
import { invalidCheckpoint, objectIn, parseJsonObject } from './checkpoint-file.js';
import { quoted } from '../util/printable.js';

/** The element types a weight of a checkpoint can have here. */
export type FloatType = 'F32' | 'F16' | 'BF16';

export interface SafetensorsTensor {
  readonly name: string;
  /** As the file names it: 'F32', 'F16', 'BF16', 'I64', … */
  readonly dtype: string;
  /** In PyTorch's order: a Linear weight is [out, in]. */
  readonly shape: readonly number[];
  /** The shard that holds it, a file name inside the checkpoint's folder. */
  readonly file: string;
  /** Where the data starts, in bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
  /** What an adapter adds to it; undefined for nearly all. */
  readonly lowRank?: LowRank;
}

/** `scale` times B A, both in one file. */
interface LowRank {
  readonly a: SafetensorsTensor;
  readonly b: SafetensorsTensor;
  readonly rank: number;
  readonly scale: number;
}

// Bytes of an element of the dtypes of the safetensors format that have whole bytes.
const DTYPE_BYTES: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
  C64: 8,
};

// The safetensors library takes 100 MB. The largest Llama in one file has a header of 150 KB, and parsed JSON can take 60
// times its size.
const MAX_HEADER_BYTES = 8 << 20;

/** Where the shards of a checkpoint lie: in a folder, or still on a hub. */
export interface ShardStore {
  has(shard: string): Promise<boolean>;
  /** The shard's size in bytes. */
  size(shard: string): Promise<number>;
  /** The bytes of a shard from `position` on, exactly `length` of them. */
  read(shard: string, position: number, length: number): Promise<Buffer>;
}

export const SINGLE_FILE = 'model.safetensors';

export const INDEX_FILE = 'model.safetensors.index.json';

/**
 * Every tensor of a checkpoint by its name, from the headers of its shards: the one `model.safetensors`, or those that
 * `model.safetensors.index.json` names. Where both are there the single file counts, as in transformers: saving a checkpoint
 * anew may leave the index of the former one behind. Sizes, shapes and extents are checked, and that the tensors fill each shard
 * without gaps or overlaps, as the format demands.
 *
 * @param wanted which tensors; shards of an index that hold none of them need not be there
 * @throws InformError INFORM_INVALID_CHECKPOINT, and what the store throws
 */
export async function readTensorTable(
  files: CheckpointFiles,
  store: ShardStore,
  wanted: (tensor: string) => boolean = () => true,
): Promise<Map<string, SafetensorsTensor>> {
  const weightMap = (await store.has(SINGLE_FILE)) ? undefined : await readWeightMap(files, wanted);
  const shards = weightMap === undefined ? [SINGLE_FILE] : [...new Set(weightMap.values())];
  const found = new Map<string, SafetensorsTensor>();
  for (const shard of shards) {
    for (const tensor of await readShardTensors(shard, files.folder, store)) {
      if (weightMap === undefined ? wanted(tensor.name) : weightMap.get(tensor.name) === shard)
        found.set(tensor.name, tensor);
    }
  }
  for (const [name, shard] of weightMap ?? []) {
    if (!found.has(name))
      throw invalidCheckpoint(`${files.path(shard)} lacks the tensor ${quoted(name)} of the index.`);
  }
  return found;
}

/** Tensor name -> shard, or undefined for a checkpoint in one file. */
async function readWeightMap(
  files: CheckpointFiles,
  wanted: (tensor: string) => boolean,
): Promise<Map<string, string> | undefined> {
  const index = await files.json(INDEX_FILE);
  if (index === undefined) return undefined;
  const map = objectIn(index['weight_map']);
  if (map === undefined) throw invalidCheckpoint(`${files.path(INDEX_FILE)} has no "weight_map".`);
  const entries = Object.entries(map).filter(([tensor]) => wanted(tensor));
  return new Map(
    entries.map(([tensor, shard]) => {
      // A shard lies beside its index; anything that could lead out of the folder is refused.
      if (typeof shard !== 'string' || !/^\w[\w.-]{0,254}$/.test(shard)) {
        throw invalidCheckpoint(
          `${files.path(INDEX_FILE)} places ${quoted(tensor)} in ${quoted(String(shard))}, not a plain file name.`,
        );
      }
      return [tensor, shard];
    }),
  );
}

/** The tensors of one shard, from its header. */
export async function readShardTensors(shard: string, folder: string, store: ShardStore): Promise<SafetensorsTensor[]> {
  const path = join(folder, shard);
  const fileSize = await store.size(shard);
  if (fileSize < 8) throw invalidCheckpoint(`${path} is not a safetensors file: it has ${fileSize} bytes.`);
  const headerLength = (await store.read(shard, 0, 8)).readBigUInt64LE();
  if (headerLength > BigInt(Math.min(MAX_HEADER_BYTES, fileSize - 8))) {
    throw invalidCheckpoint(
      `${path} is truncated or not a safetensors file: its header would be ${headerLength.toString()} bytes long. Download it again.`,
    );
  }
  const headerBytes = await store.read(shard, 8, Number(headerLength));
  const header = parseJsonObject(headerBytes.toString('utf8'), `The header of ${path}`);
  const dataStart = 8 + headerBytes.length;
  const tensors = Object.entries(header)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, value]) => parseTensor(key, value, shard, path, dataStart));
  checkExtents(tensors, path, dataStart, fileSize);
  return tensors;
}

function parseTensor(name: string, value: unknown, file: string, path: string, dataStart: number): SafetensorsTensor {
  const entry = objectIn(value) ?? {};
  const dtype = entry['dtype'];
  const elementBytes = typeof dtype === 'string' && Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype] : undefined;
  if (typeof dtype !== 'string' || elementBytes === undefined) {
    throw invalidCheckpoint(`${path} gives tensor ${quoted(name)} the unknown dtype ${quoted(String(dtype))}.`);
  }
  const shape = sizesIn(entry['shape']);
  const extent = sizesIn(entry['data_offsets']);
  const [begin, end] = extent ?? [];
  if (shape === undefined || extent?.length !== 2 || begin === undefined || end === undefined) {
    throw invalidCheckpoint(`${path} describes tensor ${quoted(name)} without a valid shape and data_offsets.`);
  }
  const byteLength = shape.reduce((product, size) => product * size, elementBytes);
  if (end - begin !== byteLength) {
    throw invalidCheckpoint(
      `${path} gives tensor ${quoted(name)} ${end - begin} bytes, but its shape needs ${byteLength}.`,
    );
  }
  return { name, dtype, shape, file, offset: dataStart + begin, byteLength };
}

function sizesIn(value: unknown): number[] | undefined {
  if (!Array.isArray(value) || value.length > 8) return undefined;
  return value.every((size: unknown) => Number.isSafeInteger(size) && (size as number) >= 0)
    ? (value as number[])
    : undefined;
}

function checkExtents(tensors: readonly SafetensorsTensor[], path: string, dataStart: number, fileSize: number): void {
  let end = dataStart;
  for (const { name, offset, byteLength } of tensors.toSorted(
    (a, b) => a.offset - b.offset || a.byteLength - b.byteLength,
  )) {
    if (offset !== end) throw invalidCheckpoint(`${path} has a gap or an overlap before tensor ${quoted(name)}.`);
    end += byteLength;
    if (end > fileSize) {
      throw invalidCheckpoint(
        `${path} is truncated: tensor ${quoted(name)} ends at byte ${end}, the file has ${fileSize}. Download it again.`,
      );
    }
  }
  if (end !== fileSize) throw invalidCheckpoint(`${path} has ${fileSize - end} bytes that belong to no tensor.`);
}
