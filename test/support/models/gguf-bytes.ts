import { GGUF_VALUE_TYPES, type GgufValueType } from '#src/gguf/types.js';

/** Little-endian bytes put together by hand, for files that no writer of ours would make. */
export function u8(...values: number[]): Buffer {
  return Buffer.from(values);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

export function entry(key: string, type: GgufValueType, ...value: Buffer[]): Buffer {
  return Buffer.concat([text(key), u32(GGUF_VALUE_TYPES.indexOf(type)), ...value]);
}

export function tensorInfo(name: string, shape: readonly (number | bigint)[], typeId: number, offset: number): Buffer {
  return Buffer.concat([text(name), u32(shape.length), ...shape.map(u64), u32(typeId), u64(offset)]);
}

export interface GgufParts {
  magic?: string;
  version?: number;
  entries?: readonly Buffer[];
  tensors?: readonly Buffer[];
  tensorCount?: number | bigint;
  entryCount?: number | bigint;
  alignment?: number;
  data?: Uint8Array;
}

/** A GGUF file: header, padding to the alignment, data. */
export function ggufBytes({
  magic = 'GGUF',
  version = 3,
  entries = [],
  tensors = [],
  tensorCount = tensors.length,
  entryCount = entries.length,
  alignment = 32,
  data = Buffer.alloc(0),
}: GgufParts): Buffer {
  const header = Buffer.concat([
    Buffer.from(magic, 'latin1'),
    u32(version),
    u64(tensorCount),
    u64(entryCount),
    ...entries,
    ...tensors,
  ]);
  const padding = (alignment - (header.length % alignment)) % alignment;
  return Buffer.concat([header, Buffer.alloc(tensors.length === 0 ? 0 : padding), data]);
}
