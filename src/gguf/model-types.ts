import { CONVERSION_TYPES, type ConversionType } from '../convert/tensor-types.js';

const FLOAT_TYPES = ['f32', 'f16', 'bf16'] as const;

/** llama.cpp's mixes of types. */
export type QuantizedType = Exclude<ConversionType, (typeof FLOAT_TYPES)[number]>;

export const QUANTIZED_TYPES = CONVERSION_TYPES.filter(
  (type): type is QuantizedType => !(FLOAT_TYPES as readonly string[]).includes(type),
);
