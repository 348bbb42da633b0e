import type { GgmlTypeName } from './types.js';

/** `general.file_type` of a model (enum llama_ftype in llama.h): the mix of types that its matrices have. */
const FILE_TYPE_IDS = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q2_K: 10,
  Q3_K_S: 11,
  Q3_K_M: 12,
  Q3_K_L: 13,
  Q4_K_S: 14,
  Q4_K_M: 15,
  Q5_K_S: 16,
  Q5_K_M: 17,
  Q6_K: 18,
  IQ2_XXS: 19,
  IQ2_XS: 20,
  Q2_K_S: 21,
  IQ3_XS: 22,
  IQ3_XXS: 23,
  IQ1_S: 24,
  IQ4_NL: 25,
  IQ3_S: 26,
  IQ3_M: 27,
  IQ2_S: 28,
  IQ2_M: 29,
  IQ4_XS: 30,
  IQ1_M: 31,
  BF16: 32,
  TQ1_0: 36,
  TQ2_0: 37,
  MXFP4_MOE: 38,
  NVFP4: 39,
  Q1_0: 40,
  Q2_0: 41,
} as const;

const FILE_TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FILE_TYPE_IDS).map(([name, id]) => [id, name]),
);

/** llama.cpp's name of a mix of types, such as Q4_K_M; undefined for an id that it does not have. */
export function fileTypeName(id: number): string | undefined {
  return FILE_TYPE_NAMES.get(id);
}

/** The types that a model can be converted to, and what each gives to the matrices that its mix makes no exception for. */
const BASE_TYPES = {
  f32: 'F32',
  f16: 'F16',
  bf16: 'BF16',
  q8_0: 'Q8_0',
  q6_k: 'Q6_K',
  q5_k_m: 'Q5_K',
  q5_k_s: 'Q5_K',
  q4_k_m: 'Q4_K',
  q4_k_s: 'Q4_K',
  q3_k_m: 'Q3_K',
  q2_k: 'Q2_K',
  iq4_xs: 'IQ4_XS',
  iq4_nl: 'IQ4_NL',
} as const satisfies Partial<Record<Lowercase<keyof typeof FILE_TYPE_IDS>, GgmlTypeName>>;

export type ConversionType = keyof typeof BASE_TYPES;

/** A type, or `auto` for the one that suits the model's size. */
export type WantedType = ConversionType | 'auto';

export const CONVERSION_TYPES = Object.keys(BASE_TYPES) as readonly ConversionType[];

export const WANTED_TYPES: readonly WantedType[] = ['auto', ...CONVERSION_TYPES];

/** The type of the matrices that a conversion's mix makes no exception for. */
export function baseTypeOf(type: ConversionType): (typeof BASE_TYPES)[ConversionType] {
  return BASE_TYPES[type];
}

/** `general.file_type` of a conversion. */
export function fileTypeOf(type: ConversionType): number {
  return FILE_TYPE_IDS[type.toUpperCase() as Uppercase<ConversionType>];
}

const FLOAT_TYPES = ['f32', 'f16', 'bf16'] as const;

/** llama.cpp's mixes of quantized types. */
export type QuantizedType = Exclude<ConversionType, (typeof FLOAT_TYPES)[number]>;

/** A quantized type, or `auto` for the one that suits the model's size. */
export type WantedQuantizedType = QuantizedType | 'auto';

export const QUANTIZED_TYPES = CONVERSION_TYPES.filter(
  (type): type is QuantizedType => !(FLOAT_TYPES as readonly string[]).includes(type),
);
