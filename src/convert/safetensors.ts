import { open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { invalidCheckpoint, objectIn, parseJsonObject, readJsonIfPresent } from './checkpoint-file.js';

/** The element types a weight of a checkpoint can have here. */
export type FloatType = 'F32' | 'F16' | 'BF16';

export interface SafetensorsTensor {
  readonly name: string;
  /** As the file names it: 'F32', 'F16', 'BF16', 'I64', … */
  readonly dtype: string;
  /** In PyTorch's order: a Linear weight is [out, in]. */
  readonly shape: readonly number[];
  /** The file, inside the checkpoint's folder. */
  readonly file: string;
  /** Where the data starts, in bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
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

const MAX_HEADER_BYTES = 100_000_000; // the limit of the safetensors library

/** The weights of a checkpoint folder: one `model.safetensors`, or the shards of `model.safetensors.index.json`. */
export class SafetensorsCheckpoint {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly #files: ReadonlyMap<string, FileHandle>;

  private constructor(tensors: ReadonlyMap<string, SafetensorsTensor>, files: ReadonlyMap<string, FileHandle>) {
    this.tensors = tensors;
    this.#files = files;
  }

  /**
   * Opens the folder's safetensors files and checks their headers: sizes, shapes, extents and that the tensors fill the
   * file without gaps or overlaps, as the format demands.
   *
   * @throws InformError INFORM_MODEL_NOT_FOUND (no such folder), INFORM_INVALID_CHECKPOINT
   */
  static async open(folder: string): Promise<SafetensorsCheckpoint> {
    await checkFolder(folder);
    const weightMap = await readWeightMap(folder);
    const names = weightMap === undefined ? ['model.safetensors'] : [...new Set(weightMap.values())];
    const files = new Map<string, FileHandle>();
    try {
      const found = new Map<string, SafetensorsTensor>();
      for (const name of names) {
        const file = await openShard(folder, name);
        files.set(name, file);
        for (const tensor of await readShardHeader(file, name, join(folder, name))) {
          if (weightMap === undefined || weightMap.get(tensor.name) === name) found.set(tensor.name, tensor);
        }
      }
      for (const [name, shard] of weightMap ?? []) {
        if (!found.has(name))
          throw invalidCheckpoint(`${join(folder, shard)} lacks the tensor ${quoted(name)} of the index.`);
      }
      return new SafetensorsCheckpoint(found, files);
    } catch (error) {
      await closeAll(files);
      throw error;
    }
  }

  /**
   * Fills `target` from a tensor's data, beginning `start` bytes into it.
   *
   * @throws InformError INFORM_INVALID_CHECKPOINT when the file cannot be read or has become shorter
   */
  async read(tensor: SafetensorsTensor, start: number, target: Uint8Array): Promise<void> {
    const file = this.#files.get(tensor.file);
    if (file === undefined || start + target.length > tensor.byteLength) {
      throw new InformError('INFORM_INTERNAL', `A read outside of tensor ${tensor.name} was asked for.`);
    }
    await readFully(file, tensor.file, tensor.offset + start, target);
  }

  async close(): Promise<void> {
    await closeAll(this.#files);
  }
}

async function closeAll(files: ReadonlyMap<string, FileHandle>): Promise<void> {
  await Promise.all([...files.values()].map((file) => file.close()));
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

/** Tensor name -> shard, or undefined for a checkpoint in one file. */
async function readWeightMap(folder: string): Promise<Map<string, string> | undefined> {
  const name = 'model.safetensors.index.json';
  const index = await readJsonIfPresent(folder, name);
  if (index === undefined) return undefined;
  const map = objectIn(index['weight_map']);
  if (map === undefined) throw invalidCheckpoint(`${join(folder, name)} has no "weight_map".`);
  return new Map(
    Object.entries(map).map(([tensor, shard]) => {
      // A shard lies beside its index; anything that could lead out of the folder is refused.
      if (typeof shard !== 'string' || !/^\w[\w.-]*$/.test(shard)) {
        throw invalidCheckpoint(
          `${join(folder, name)} places ${quoted(tensor)} in ${quoted(String(shard))}, not a plain file name.`,
        );
      }
      return [tensor, shard];
    }),
  );
}

async function openShard(folder: string, name: string): Promise<FileHandle> {
  const path = join(folder, name);
  try {
    if (!(await stat(path)).isFile()) throw invalidCheckpoint(`${path} is not a regular file.`);
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof InformError) throw error;
    const reason =
      systemCodeOf(error) === 'ENOENT'
        ? 'is missing. Download the checkpoint again'
        : `cannot be read: ${messageOf(error)}`;
    throw invalidCheckpoint(`${path} ${reason}.`, { cause: error });
  }
}

async function readShardHeader(file: FileHandle, name: string, path: string): Promise<SafetensorsTensor[]> {
  const fileSize = (await file.stat()).size;
  if (fileSize < 8) throw invalidCheckpoint(`${path} is not a safetensors file: it has ${fileSize} bytes.`);
  const lengthBytes = Buffer.alloc(8);
  await readFully(file, path, 0, lengthBytes);
  const headerLength = lengthBytes.readBigUInt64LE();
  if (headerLength > BigInt(Math.min(MAX_HEADER_BYTES, fileSize - 8))) {
    throw invalidCheckpoint(
      `${path} is truncated or not a safetensors file: its header would be ${headerLength.toString()} bytes long.`,
    );
  }
  const headerBytes = Buffer.alloc(Number(headerLength));
  await readFully(file, path, 8, headerBytes);
  const header = parseJsonObject(headerBytes.toString('utf8'), `The header of ${path}`);
  const dataStart = 8 + headerBytes.length;
  const tensors = Object.entries(header)
    .filter(([key]) => key !== '__metadata__')
    .map(([key, value]) => parseTensor(key, value, name, path, dataStart));
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

async function readFully(file: FileHandle, path: string, position: number, target: Uint8Array): Promise<void> {
  for (let filled = 0; filled < target.length;) {
    const { bytesRead } = await file
      .read(target, filled, target.length - filled, position + filled)
      .catch((error: unknown) => {
        throw invalidCheckpoint(`${path} cannot be read: ${messageOf(error)}.`, { cause: error });
      });
    if (bytesRead === 0) throw invalidCheckpoint(`${path} ended while it was read. Download it again.`);
    filled += bytesRead;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
