import {
  baseTypeOf,
  type ConversionType,
  type QuantizedType,
  type WantedQuantizedType,
  type WantedType,
} from '../gguf/model-types.js';
import { elementCount } from '../gguf/types.js';

// docs/quantization.md has the measurements.

/** Weights of a model that is small: above the largest for which 8 bits were measured to cost more than BF16's own rounding. */
const SMALL = 3e9;

/** Weights of a model that only fits one 24 GB card, streaming the rest, in few bits: between the classes of 32B and 70B. */
const LARGE = 40e9;

const FEW_BITS = /^(?:I?Q[2-5]_)/;

/** What a model is converted to, with what a user should know of it, a sentence; `note` is undefined where that is nothing. */
export interface ChosenType<T extends ConversionType = ConversionType> {
  readonly type: T;
  readonly note: string | undefined;
}

/** Decides a type that was left to the model's size, and says why; says what a small model loses in one of few bits. */
export function chooseType(wanted: WantedType, weights: number): ChosenType {
  if (wanted !== 'auto') return { type: wanted, note: lossNote(wanted, weights) };
  if (weights < SMALL)
    return auto('bf16', weights, 'it keeps the order of scores that 8 bits begin to change in a small model');
  if (weights < LARGE) return auto('q8_0', weights, 'half the size of bf16; fewer bits were not measured at this size');
  return auto(
    'q4_k_m',
    weights,
    'what a 24 GB card and its host can hold; what it costs was not measured at this size',
  );
}

/** The same for a model that is to be quantized whatever its size: BF16 is no choice. */
export function chooseQuantizedType(wanted: WantedQuantizedType, weights: number): ChosenType<QuantizedType> {
  if (wanted !== 'auto') return { type: wanted, note: lossNote(wanted, weights) };
  return weights < LARGE
    ? auto('q8_0', weights, 'fewer bits change the order of scores of smaller models')
    : auto('q4_k_m', weights, 'what a 24 GB card and its host can hold');
}

function auto<T extends ConversionType>(type: T, weights: number, why: string): ChosenType<T> {
  return { type, note: `Type auto is ${type} for ${billions(weights)} billion weights: ${why}. --type takes another.` };
}

/** The number of a model's weights, its head and all. */
export function weightsOf(tensors: Iterable<{ readonly shape: readonly number[] }>): number {
  let weights = 0;
  for (const { shape } of tensors) weights += elementCount(shape);
  return weights;
}

function lossNote(type: ConversionType, weights: number): string | undefined {
  if (!FEW_BITS.test(baseTypeOf(type)) || weights >= SMALL) return undefined;
  return `Small models lose much in ${type}: with 0.13 billion real weights q4_k_m kept a rank correlation of 0.82 to 0.91 with the scores of float32, and q8_0 0.99. This one has ${billions(weights)} billion; --type q8_0 or bf16 keeps more.`;
}

function billions(weights: number): string {
  return (weights / 1e9).toFixed(2);
}
