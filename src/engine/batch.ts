import type { NativeBatch } from '../addon/load-addon.js';

/**
 * Sequences to evaluate together, front-coded: sequence i is the first `shared[i]` tokens of sequence i - 1, followed by
 * `tails[i]` of `tokens`. What they share is computed once.
 */
export type Batch = NativeBatch;

/** What an engine takes at a time. */
export interface BatchLimits {
  /** KV cells: the most tokens of a batch, those that stayed in the cache included. */
  readonly contextTokens: number;
  /** The most tokens of a batch that are computed; a single sequence may have more. */
  readonly batchTokens: number;
  /** The most sequences of a batch. */
  readonly maxSequences: number;
  /** Whether a prefix that sequences share is computed once. */
  readonly share: boolean;
}
