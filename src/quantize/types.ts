import { LLAMA_FILE_TYPES } from '../gguf/types.js';

/** The mixes of types that llama.cpp's quantizer makes without an importance matrix, the largest first. */
export const QUANTIZED_TYPES = [
  'q8_0',
  'q6_k',
  'q5_k_m',
  'q5_k_s',
  'q4_k_m',
  'q4_k_s',
  'iq4_nl',
  'iq4_xs',
  'q3_k_m',
  'q2_k',
] as const;

export type QuantizedType = (typeof QUANTIZED_TYPES)[number];

const ID_OF_NAME = new Map([...LLAMA_FILE_TYPES].map(([id, name]) => [name, id]));

/** The type's number in `general.file_type` (enum llama_ftype in llama.h). */
export function fileTypeId(type: QuantizedType): number {
  const id = ID_OF_NAME.get(type.toUpperCase());
  if (id === undefined) throw new TypeError(`llama.cpp has no file type ${type}.`);
  return id;
}
