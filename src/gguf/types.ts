/** One of ggml's tensor types: `blockSize` neighbouring elements of a row are stored in `bytesPerBlock` bytes. */
export interface GgmlType {
  readonly id: number;
  readonly name: string;
  readonly blockSize: number;
  readonly bytesPerBlock: number;
}

/**
 * Every tensor type of llama.cpp v0.5.0 (enum ggml_type in ggml.h, block structs in ggml-common.h).
 * The ids that are missing belonged to types that were removed.
 */
const TYPES = {
  F32: { id: 0, name: 'F32', blockSize: 1, bytesPerBlock: 4 },
  F16: { id: 1, name: 'F16', blockSize: 1, bytesPerBlock: 2 },
  Q4_0: { id: 2, name: 'Q4_0', blockSize: 32, bytesPerBlock: 18 },
  Q4_1: { id: 3, name: 'Q4_1', blockSize: 32, bytesPerBlock: 20 },
  Q5_0: { id: 6, name: 'Q5_0', blockSize: 32, bytesPerBlock: 22 },
  Q5_1: { id: 7, name: 'Q5_1', blockSize: 32, bytesPerBlock: 24 },
  Q8_0: { id: 8, name: 'Q8_0', blockSize: 32, bytesPerBlock: 34 },
  Q8_1: { id: 9, name: 'Q8_1', blockSize: 32, bytesPerBlock: 36 },
  Q2_K: { id: 10, name: 'Q2_K', blockSize: 256, bytesPerBlock: 84 },
  Q3_K: { id: 11, name: 'Q3_K', blockSize: 256, bytesPerBlock: 110 },
  Q4_K: { id: 12, name: 'Q4_K', blockSize: 256, bytesPerBlock: 144 },
  Q5_K: { id: 13, name: 'Q5_K', blockSize: 256, bytesPerBlock: 176 },
  Q6_K: { id: 14, name: 'Q6_K', blockSize: 256, bytesPerBlock: 210 },
  Q8_K: { id: 15, name: 'Q8_K', blockSize: 256, bytesPerBlock: 292 },
  IQ2_XXS: { id: 16, name: 'IQ2_XXS', blockSize: 256, bytesPerBlock: 66 },
  IQ2_XS: { id: 17, name: 'IQ2_XS', blockSize: 256, bytesPerBlock: 74 },
  IQ3_XXS: { id: 18, name: 'IQ3_XXS', blockSize: 256, bytesPerBlock: 98 },
  IQ1_S: { id: 19, name: 'IQ1_S', blockSize: 256, bytesPerBlock: 50 },
  IQ4_NL: { id: 20, name: 'IQ4_NL', blockSize: 32, bytesPerBlock: 18 },
  IQ3_S: { id: 21, name: 'IQ3_S', blockSize: 256, bytesPerBlock: 110 },
  IQ2_S: { id: 22, name: 'IQ2_S', blockSize: 256, bytesPerBlock: 82 },
  IQ4_XS: { id: 23, name: 'IQ4_XS', blockSize: 256, bytesPerBlock: 136 },
  I8: { id: 24, name: 'I8', blockSize: 1, bytesPerBlock: 1 },
  I16: { id: 25, name: 'I16', blockSize: 1, bytesPerBlock: 2 },
  I32: { id: 26, name: 'I32', blockSize: 1, bytesPerBlock: 4 },
  I64: { id: 27, name: 'I64', blockSize: 1, bytesPerBlock: 8 },
  F64: { id: 28, name: 'F64', blockSize: 1, bytesPerBlock: 8 },
  IQ1_M: { id: 29, name: 'IQ1_M', blockSize: 256, bytesPerBlock: 56 },
  BF16: { id: 30, name: 'BF16', blockSize: 1, bytesPerBlock: 2 },
  TQ1_0: { id: 34, name: 'TQ1_0', blockSize: 256, bytesPerBlock: 54 },
  TQ2_0: { id: 35, name: 'TQ2_0', blockSize: 256, bytesPerBlock: 66 },
  MXFP4: { id: 39, name: 'MXFP4', blockSize: 32, bytesPerBlock: 17 },
  NVFP4: { id: 40, name: 'NVFP4', blockSize: 64, bytesPerBlock: 36 },
  Q1_0: { id: 41, name: 'Q1_0', blockSize: 128, bytesPerBlock: 18 },
  Q2_0: { id: 42, name: 'Q2_0', blockSize: 64, bytesPerBlock: 18 },
} as const satisfies Record<string, GgmlType>;

export type GgmlTypeName = keyof typeof TYPES;

export const GGML_TYPES: Readonly<Record<GgmlTypeName, GgmlType>> = TYPES;

const TYPE_BY_ID = new Map<number, GgmlType>(Object.values(GGML_TYPES).map((type) => [type.id, type]));

/** The tensor type with this id in a file, or undefined where llama.cpp v0.5.0 knows none. */
export function ggmlTypeOfId(id: number): GgmlType | undefined {
  return TYPE_BY_ID.get(id);
}

/** Elements of a tensor of this shape; a shape without dimensions is a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Bytes of a tensor's data. The row length, `shape[0]`, must be a multiple of the type's block size. */
export function tensorByteLength(type: GgmlType, shape: readonly number[]): number {
  return (elementCount(shape) / type.blockSize) * type.bytesPerBlock;
}

/** The types of a metadata value, at the index that is their id in a file (enum gguf_type in gguf.h). */
export const GGUF_VALUE_TYPES = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;

export type GgufValueType = (typeof GGUF_VALUE_TYPES)[number];

export type GgufNumberType = Exclude<GgufValueType, 'bool' | 'string' | 'array'>;

/** Bytes of one value of a type of fixed size. */
export const GGUF_VALUE_BYTES: Readonly<Record<GgufNumberType | 'bool', number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  uint64: 8,
  int64: 8,
  float64: 8,
};

export type GgufNumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array;

export interface GgufArray {
  readonly type: 'array';
  readonly element: Exclude<GgufValueType, 'array'>;
  readonly length: number;
  /** Strings, or the typed array of the element type (Uint8Array of 0 and 1 for bool); undefined where it was skipped. */
  readonly value: readonly string[] | GgufNumberArray | undefined;
}

/** A metadata value with the type it has in the file. Integers beyond 2^53 are bigints. */
export type GgufValue =
  | { readonly type: GgufNumberType; readonly value: number | bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | GgufArray;

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** A tensor's data starts at a multiple of this unless the file says otherwise (GGUF_DEFAULT_ALIGNMENT). */
export const DEFAULT_ALIGNMENT = 32;

/** The longest name a tensor can have in llama.cpp, in bytes (GGML_MAX_NAME less its terminating zero). */
export const MAX_TENSOR_NAME_BYTES = 63;

export const MAX_DIMENSIONS = 4;

export function alignUp(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}
