import { InformError } from '../errors.js';
import {
  alignUp,
  DEFAULT_ALIGNMENT,
  GGUF_VALUE_TYPES,
  MAX_DIMENSIONS,
  MAX_TENSOR_NAME_BYTES,
  tensorByteLength,
  type GgmlType,
  type GgufArray,
  type GgufMetadata,
  type GgufNumberType,
  type GgufValue,
} from './types.js';

/** A tensor as a file's header describes it. */
export interface GgufTensorInfo {
  readonly name: string;
  /** In ggml's order: `shape[0]` is the length of a row. */
  readonly shape: readonly number[];
  readonly type: GgmlType;
}

/** Where everything lies in a GGUF file (version 3, little-endian, alignment 32). */
export interface GgufLayout {
  /** Everything before the tensors' data, padded to where the data starts. */
  readonly header: Buffer;
  /** Where each tensor's data starts, in bytes from the start of the file. */
  readonly offsets: readonly number[];
  /** The size of the file. What lies between tensors is zero. */
  readonly totalBytes: number;
}

/** @throws InformError INFORM_INTERNAL (something that the format cannot hold) */
export function layoutGguf(metadata: GgufMetadata, tensors: readonly GgufTensorInfo[]): GgufLayout {
  const parts: Buffer[] = [Buffer.from('GGUF', 'latin1'), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) {
    parts.push(string(key), u32(GGUF_VALUE_TYPES.indexOf(value.type)), encodeValue(key, value));
  }
  const offsets: number[] = [];
  let end = 0;
  for (const tensor of tensors) {
    checkTensor(tensor);
    parts.push(string(tensor.name), u32(tensor.shape.length), ...tensor.shape.map(u64), u32(tensor.type.id), u64(end));
    offsets.push(end);
    end = alignUp(end + byteLengthOf(tensor), DEFAULT_ALIGNMENT);
  }
  const length = alignUp(
    parts.reduce((sum, part) => sum + part.length, 0),
    DEFAULT_ALIGNMENT,
  );
  return {
    header: Buffer.concat(parts, length), // concat fills the rest with zeros
    offsets: offsets.map((offset) => length + offset),
    totalBytes: length + end,
  };
}

function byteLengthOf(tensor: GgufTensorInfo): number {
  return tensorByteLength(tensor.type, tensor.shape);
}

function checkTensor({ name, shape, type }: GgufTensorInfo): void {
  const fits =
    Buffer.byteLength(name) <= MAX_TENSOR_NAME_BYTES &&
    shape.length <= MAX_DIMENSIONS &&
    shape.every((size) => Number.isSafeInteger(size) && size > 0) &&
    (shape[0] ?? 1) % type.blockSize === 0;
  if (!fits)
    throw new InformError('INFORM_INTERNAL', `A GGUF file cannot hold ${name} [${shape.join(', ')}] as ${type.name}.`);
}

function encodeValue(key: string, entry: GgufValue): Buffer {
  switch (entry.type) {
    case 'string':
      return string(entry.value);
    case 'bool':
      return Buffer.of(entry.value ? 1 : 0);
    case 'array':
      return encodeArray(key, entry);
    default:
      return encodeNumber(entry.type, entry.value);
  }
}

function encodeArray(key: string, { element, length, value }: GgufArray): Buffer {
  if (value?.length !== length) {
    throw new InformError('INFORM_INTERNAL', `The metadata array ${key} does not have its ${length} values.`);
  }
  const data = ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : encodeStrings(value);
  return Buffer.concat([u32(GGUF_VALUE_TYPES.indexOf(element)), u64(length), data]);
}

/** One allocation for a whole vocabulary: a Buffer for each of 400,000 strings takes half a second. */
function encodeStrings(strings: readonly string[]): Buffer {
  const data = Buffer.allocUnsafe(strings.reduce((sum, text) => sum + 8 + Buffer.byteLength(text), 0));
  let position = 0;
  for (const text of strings) {
    const bytes = data.write(text, position + 8, 'utf8');
    data.writeBigUInt64LE(BigInt(bytes), position);
    position += 8 + bytes;
  }
  return data;
}

function encodeNumber(type: GgufNumberType, value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  const number = Number(value);
  switch (type) {
    case 'uint8':
      return bytes.subarray(0, bytes.writeUInt8(number));
    case 'int8':
      return bytes.subarray(0, bytes.writeInt8(number));
    case 'uint16':
      return bytes.subarray(0, bytes.writeUInt16LE(number));
    case 'int16':
      return bytes.subarray(0, bytes.writeInt16LE(number));
    case 'uint32':
      return bytes.subarray(0, bytes.writeUInt32LE(number));
    case 'int32':
      return bytes.subarray(0, bytes.writeInt32LE(number));
    case 'float32':
      return bytes.subarray(0, bytes.writeFloatLE(number));
    case 'float64':
      return bytes.subarray(0, bytes.writeDoubleLE(number));
    case 'uint64':
      return bytes.subarray(0, bytes.writeBigUInt64LE(BigInt(value)));
    case 'int64':
      return bytes.subarray(0, bytes.writeBigInt64LE(BigInt(value)));
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function string(text: string): Buffer {
  return encodeStrings([text]);
}
