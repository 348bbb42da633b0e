import type { Llama3RopeScaling } from './checkpoint-config.js';

/**
 * The factors by which llama.cpp divides each rope frequency, one per pair of dimensions (`rope_freqs.weight`).
 *
 * Llama 3.1 keeps wave lengths below `original / high` as they are, stretches those above `original / low` by `factor`
 * and interpolates between (`_compute_llama3_parameters` in transformers' modeling_rope_utils.py). Every operation is
 * rounded to F32 there, and so here.
 */
export function llama3RopeFactors(headDim: number, theta: number, scaling: Llama3RopeScaling): Float32Array {
  const f = Math.fround;
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength: original } = scaling;
  return Float32Array.from({ length: headDim / 2 }, (_, pair) => {
    const frequency = f(1 / f(theta ** f((2 * pair) / headDim)));
    const waveLength = f((2 * Math.PI) / frequency);
    if (waveLength < original / high) return 1;
    if (waveLength > original / low) return factor;
    const smooth = f(f(f(original / waveLength) - low) / (high - low));
    return f(1 / f(f(f(1 - smooth) / factor) + smooth));
  });
}
