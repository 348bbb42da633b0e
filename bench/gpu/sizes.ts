import type { Geometry } from '../../tools/random-checkpoint/geometry.js';

/** What a run measures with. */
export interface Sizes {
  /** The reward model's own. */
  large: Geometry;
  /** Small enough for transformers in bf16 on one card. */
  medium: Geometry;
  /** Of which scores are compared; its generated weights make scores that differ. */
  parity: Geometry;
  microBatches: readonly number[];
  /** For partial offload. */
  streamedMicroBatch: number;
  /** Unshared samples of 512 tokens in a trial. */
  uniformSamples: number;
  /** Rows of sft-805, and prompts of best-of-8 with eight answers each. */
  sftRows: number;
  prompts: number;
  parityRows: number;
}

export const FULL: Sizes = {
  large: { hiddenSize: 8192, feedForwardSize: 28672, layerCount: 80, headCount: 64, kvHeadCount: 8 },
  medium: { hiddenSize: 4096, feedForwardSize: 14336, layerCount: 32, headCount: 32, kvHeadCount: 8 },
  parity: { hiddenSize: 1024, feedForwardSize: 2816, layerCount: 4, headCount: 16, kvHeadCount: 4 },
  microBatches: [512, 1024, 2048, 4096, 8192],
  streamedMicroBatch: 4096,
  uniformSamples: 32,
  sftRows: 805,
  prompts: 8,
  parityRows: 64,
};

/** Minutes on two cores without a card: proves that the whole script runs, measures nothing. */
export const TINY: Sizes = {
  large: { hiddenSize: 256, feedForwardSize: 512, layerCount: 4, headCount: 4, kvHeadCount: 1 },
  medium: { hiddenSize: 256, feedForwardSize: 512, layerCount: 2, headCount: 4, kvHeadCount: 1 },
  parity: { hiddenSize: 256, feedForwardSize: 704, layerCount: 4, headCount: 4, kvHeadCount: 2 },
  microBatches: [512, 1024],
  streamedMicroBatch: 1024,
  uniformSamples: 4,
  sftRows: 16,
  prompts: 1,
  parityRows: 8,
};

/** Floating-point operations of one token in the layers' matrices: two for each weight. Attention comes on top. */
export function flopsPerToken({
  hiddenSize: h,
  feedForwardSize: ffn,
  layerCount,
  headCount,
  kvHeadCount,
}: Geometry): number {
  const kv = (h / headCount) * kvHeadCount;
  return 2 * layerCount * (2 * h * h + 2 * h * kv + 3 * h * ffn);
}
