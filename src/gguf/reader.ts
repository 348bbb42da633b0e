import type { FileHandle } from 'node:fs/promises';

import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { doesNotExist } from '../util/files/missing.js';
import { IrregularFileError, openRegularFile } from '../util/files/regular-file.js';
import { HeaderCursor, HeaderEndError } from './header-cursor.js';
import {
  alignUp,
  DEFAULT_ALIGNMENT,
  GGUF_VALUE_BYTES,
  GGUF_VALUE_TYPES,
  ggmlTypeOfId,
  MAX_DIMENSIONS,
  MAX_TENSOR_NAME_BYTES,
  tensorByteLength,
  type GgmlType,
  type GgufArray,
  type GgufMetadata,
  type GgufNumberArray,
  type GgufNumberType,
  type GgufValue,
  type GgufValueType,
} from './types.js';
import { printable, quoted } from '../util/printable.js';

export interface GgufTensor {
  readonly name: string;
  /** In ggml's order: `shape[0]` is the length of a row. A PyTorch Linear weight [out, in] is [in, out] here. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
  /** Where the data starts, in bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface Gguf {
  readonly path: string;
  readonly fileSize: number;
  readonly version: number;
  readonly alignment: number;
  /** Where the first tensor's data starts, in bytes from the start of the file. */
  readonly dataOffset: number;
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensor[];
}

export interface ReadGgufOptions {
  /** Whether to keep the values of an array, by its key. A vocabulary's arrays are most of a header. Default: all. */
  readonly wantArray?: (key: string) => boolean;
}

// Vocabularies of 256K tokens make headers of about 20 MB.
const MAX_HEADER_BYTES = 256 << 20;
const MAX_KEY_BYTES = 65535; // the GGUF specification's own limit
const MAX_STRING_BYTES = 64 << 20;
// Each far above every model, and low enough for the tables of a file that is all table.
const MAX_TENSORS = 1 << 17;
const MAX_VALUES = 1 << 16;
const MAX_STRINGS = 1 << 22;

/** What is wrong with a file; `readGguf` puts the path in front. */
class DamageError extends Error {}

/**
 * Reads the header of a GGUF file: metadata and the table of tensors, not the tensors' data. Every count, length, type
 * and extent is checked against the file before anything is allocated for it, and what llama.cpp would refuse (tensors
 * that are not laid out one after the other, names given twice, …) is refused here.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND (no such file, a folder, not readable), INFORM_INVALID_MODEL_FILE
 */
export async function readGguf(path: string, options: ReadGgufOptions = {}): Promise<Gguf> {
  const file = await openModelFile(path);
  try {
    const fileSize = (await file.stat()).size;
    return await parse(file, path, fileSize, options.wantArray ?? (() => true));
  } catch (error) {
    throw asInvalidFile(path, error);
  } finally {
    await file.close();
  }
}

async function openModelFile(path: string): Promise<FileHandle> {
  try {
    return await openRegularFile(path);
  } catch (error) {
    if (error instanceof IrregularFileError) {
      const code = error.isFolder ? 'INFORM_MODEL_NOT_FOUND' : 'INFORM_INVALID_MODEL_FILE';
      const message = `${path} ${error.isFolder ? 'is a folder, not a GGUF file' : error.message}.`;
      throw new InformError(code, message, { cause: error });
    }
    const code = systemCodeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const message = `${path} ${doesNotExist(path)}. Check the path of the model.`;
      throw new InformError('INFORM_MODEL_NOT_FOUND', message, { cause: error });
    }
    const message = `${path} cannot be read (${code ?? messageOf(error)}). Check the path and its permissions.`;
    throw new InformError('INFORM_MODEL_NOT_FOUND', message, { cause: error });
  }
}

function asInvalidFile(path: string, error: unknown): unknown {
  if (error instanceof InformError) return error;
  if (error instanceof HeaderEndError) {
    const message = `${path} is truncated or damaged inside its header. Download or convert it again.`;
    return new InformError('INFORM_INVALID_MODEL_FILE', message);
  }
  if (error instanceof DamageError) return new InformError('INFORM_INVALID_MODEL_FILE', `${path} ${error.message}`);
  return new InformError('INFORM_INVALID_MODEL_FILE', `${path} cannot be read: ${messageOf(error)}.`, { cause: error });
}

async function parse(
  file: FileHandle,
  path: string,
  fileSize: number,
  wantArray: (key: string) => boolean,
): Promise<Gguf> {
  const cursor = new HeaderCursor(file, Math.min(fileSize, MAX_HEADER_BYTES));
  if (fileSize < 4 || (await cursor.bytes(4)).toString('latin1') !== 'GGUF')
    throw new DamageError('is not a GGUF file.');
  const version = await readVersion(cursor);
  // The shortest entries: an empty name, a type, one byte; and a name, no dimensions, a type, an offset.
  const tensorCount = await readCount(cursor, 8 + 4 + 4 + 8, MAX_TENSORS, 'tensors');
  const valueCount = await readCount(cursor, 8 + 4 + 1, MAX_VALUES, 'metadata values');
  const metadata = await readMetadata(cursor, valueCount, wantArray);
  const alignment = alignmentOf(metadata);
  const entries = await readTensorTable(cursor, tensorCount);
  const dataOffset = alignUp(cursor.position, alignment);
  const tensors = placeTensors(entries, alignment, dataOffset, fileSize);
  return { path, fileSize, version, alignment, dataOffset, metadata, tensors };
}

async function readVersion(cursor: HeaderCursor): Promise<number> {
  const version = await cursor.u32();
  if (version === 2 || version === 3) return version;
  // Either byte order of a small number tells the other one.
  if (version !== 0 && (version & 0xffff) === 0)
    throw new DamageError('is a big-endian GGUF file; use a little-endian one.');
  throw new DamageError(`has GGUF version ${version}; versions 2 and 3 are supported. Convert it again.`);
}

async function readCount(cursor: HeaderCursor, minimumBytes: number, limit: number, what: string): Promise<number> {
  const count = await cursor.u64();
  if (count > BigInt(Math.min(limit, Math.floor(cursor.remaining / minimumBytes)))) {
    throw new DamageError(
      `is truncated or damaged: it claims ${count.toString()} ${what}, more than its ${cursor.remaining} bytes left can hold. Download or convert it again.`,
    );
  }
  return Number(count);
}

async function readMetadata(
  cursor: HeaderCursor,
  count: number,
  wantArray: (key: string) => boolean,
): Promise<Map<string, GgufValue>> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = await cursor.string(MAX_KEY_BYTES);
    if (metadata.has(key)) throw new DamageError(`has the metadata key ${quoted(key)} twice.`);
    const type = valueTypeOfId(await cursor.u32(), key);
    metadata.set(
      key,
      type === 'array' ? await readArray(cursor, key, wantArray(key)) : await readScalar(cursor, key, type),
    );
  }
  return metadata;
}

function valueTypeOfId(id: number, key: string): GgufValueType {
  const type = GGUF_VALUE_TYPES[id];
  if (type === undefined) throw new DamageError(`gives ${quoted(key)} the unknown value type ${id}.`);
  return type;
}

async function readScalar(
  cursor: HeaderCursor,
  key: string,
  type: Exclude<GgufValueType, 'array'>,
): Promise<GgufValue> {
  if (type === 'string') return { type, value: await cursor.string(MAX_STRING_BYTES) };
  const bytes = await cursor.bytes(GGUF_VALUE_BYTES[type]);
  if (type === 'bool') return { type, value: boolOf(bytes.readUInt8(), key) };
  return { type, value: numberOf(bytes, type) };
}

function boolOf(byte: number, key: string): boolean {
  if (byte > 1) throw new DamageError(`gives the bool ${quoted(key)} the value ${byte}.`);
  return byte === 1;
}

function numberOf(bytes: Buffer, type: GgufNumberType): number | bigint {
  switch (type) {
    case 'uint8':
      return bytes.readUInt8();
    case 'int8':
      return bytes.readInt8();
    case 'uint16':
      return bytes.readUInt16LE();
    case 'int16':
      return bytes.readInt16LE();
    case 'uint32':
      return bytes.readUInt32LE();
    case 'int32':
      return bytes.readInt32LE();
    case 'float32':
      return bytes.readFloatLE();
    case 'float64':
      return bytes.readDoubleLE();
    case 'uint64':
      return exact(bytes.readBigUInt64LE());
    case 'int64':
      return exact(bytes.readBigInt64LE());
  }
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

async function readArray(cursor: HeaderCursor, key: string, wanted: boolean): Promise<GgufArray> {
  const element = valueTypeOfId(await cursor.u32(), key);
  // llama.cpp refuses them too, and no writer makes them.
  if (element === 'array') throw new DamageError(`has an array of arrays in ${quoted(key)}, which is not supported.`);
  const [minimumBytes, limit] = element === 'string' ? [8, MAX_STRINGS] : [GGUF_VALUE_BYTES[element], MAX_HEADER_BYTES];
  const length = await readCount(cursor, minimumBytes, limit, `elements of ${quoted(key)}`);
  return { type: 'array', element, length, value: await readElements(cursor, key, element, length, wanted) };
}

async function readElements(
  cursor: HeaderCursor,
  key: string,
  element: GgufArray['element'],
  length: number,
  wanted: boolean,
): Promise<GgufArray['value']> {
  if (element === 'string') {
    if (wanted) return cursor.strings(length, MAX_STRING_BYTES);
    await cursor.skipStrings(length, MAX_STRING_BYTES);
    return undefined;
  }
  const byteLength = length * GGUF_VALUE_BYTES[element];
  if (!wanted) {
    cursor.skip(byteLength);
    return undefined;
  }
  const { buffer } = await cursor.bytes(byteLength);
  if (element === 'bool') new Uint8Array(buffer).forEach((byte) => boolOf(byte, key));
  return new ARRAY_OF[element](buffer);
}

const ARRAY_OF: Record<GgufNumberType | 'bool', new (buffer: ArrayBuffer) => GgufNumberArray> = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  bool: Uint8Array,
};

function alignmentOf(metadata: GgufMetadata): number {
  const entry = metadata.get('general.alignment');
  if (entry === undefined) return DEFAULT_ALIGNMENT;
  const { type, value } = entry;
  if (type !== 'uint32' || typeof value !== 'number' || value === 0 || (value & (value - 1)) !== 0) {
    throw new DamageError('has a general.alignment that is not a power of two.');
  }
  return value;
}

interface TensorEntry {
  name: string;
  shape: number[];
  type: GgmlType;
  relativeOffset: bigint;
}

async function readTensorTable(cursor: HeaderCursor, count: number): Promise<TensorEntry[]> {
  const entries: TensorEntry[] = [];
  const names = new Set<string>();
  for (let i = 0; i < count; i++) {
    const name = await cursor.string(MAX_TENSOR_NAME_BYTES);
    if (names.has(name)) throw new DamageError(`has the tensor ${quoted(name)} twice.`);
    names.add(name);
    const shape = await readShape(cursor, name);
    const typeId = await cursor.u32();
    const type = ggmlTypeOfId(typeId);
    if (type === undefined) throw new DamageError(`gives tensor ${quoted(name)} the unknown type ${typeId}.`);
    if ((shape[0] ?? 1) % type.blockSize !== 0) {
      throw new DamageError(
        `has rows of ${shape[0] ?? 1} in tensor ${quoted(name)}, not whole blocks of ${type.name}.`,
      );
    }
    entries.push({ name, shape, type, relativeOffset: await cursor.u64() });
  }
  return entries;
}

async function readShape(cursor: HeaderCursor, name: string): Promise<number[]> {
  const dimensions = await cursor.u32();
  if (dimensions > MAX_DIMENSIONS) {
    throw new DamageError(
      `gives tensor ${quoted(name)} ${dimensions} dimensions; at most ${MAX_DIMENSIONS} are possible.`,
    );
  }
  const shape: number[] = [];
  let elements = 1n;
  for (let d = 0; d < dimensions; d++) {
    const size = await cursor.u64();
    elements *= size;
    // Beyond 2^53 / 8 bytes neither a file nor a JavaScript number holds the extent exactly.
    if (size === 0n || elements > 1n << 50n)
      throw new DamageError(`has an impossible shape in tensor ${quoted(name)}.`);
    shape.push(Number(size));
  }
  return shape;
}

/** Turns offsets into places in the file. As in llama.cpp, each tensor must follow the one before it. */
function placeTensors(
  entries: readonly TensorEntry[],
  alignment: number,
  dataOffset: number,
  fileSize: number,
): GgufTensor[] {
  let expected = 0;
  return entries.map(({ name, shape, type, relativeOffset }) => {
    if (relativeOffset !== BigInt(expected)) {
      throw new DamageError(
        `places tensor ${quoted(name)} at ${relativeOffset.toString()} instead of ${expected}. Convert it again.`,
      );
    }
    const offset = dataOffset + expected;
    const byteLength = tensorByteLength(type, shape);
    if (offset + byteLength > fileSize) {
      throw new DamageError(
        `is truncated: tensor ${printable(name, 80)} ends at byte ${offset + byteLength}, the file has ${fileSize}. Download or convert it again.`,
      );
    }
    expected = alignUp(expected + byteLength, alignment);
    return { name, shape, type, offset, byteLength };
  });
}
