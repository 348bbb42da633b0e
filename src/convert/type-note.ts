import { baseTypeOf, type ConversionType } from '../gguf/model-types.js';
import { elementCount } from '../gguf/types.js';
import type { SafetensorsTensor } from './safetensors.js';

/** Weights of a model that is small. The largest for which no measurement says that fewer bits are enough. */
const SMALL = 3e9;

const FEW_BITS = /^(?:I?Q[2-5]_)/;

/** What a small model loses in a type of few bits, a sentence; undefined for others. docs/quantization.md has the measurement. */
export function typeNote(tensors: Iterable<SafetensorsTensor>, type: ConversionType): string | undefined {
  if (!FEW_BITS.test(baseTypeOf(type))) return undefined;
  let weights = 0;
  for (const { shape } of tensors) weights += elementCount(shape);
  if (weights >= SMALL) return undefined;
  return `Small models lose much in ${type}: with 0.13 billion real weights q4_k_m kept a rank correlation of 0.82 with the scores of float32, and q8_0 0.99. This one has ${(weights / 1e9).toFixed(2)} billion; --type q8_0 or bf16 keeps more.`;
}
