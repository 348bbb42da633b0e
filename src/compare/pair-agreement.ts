import { Random } from '../util/random.js';
import type { PairedScores } from './paired-scores.js';

/** Ends of the ranges of gaps, in standard deviations of the scores. */
const ENDS = [0.1, 0.25, 0.5, 1, 2, Infinity];
/** All pairs are looked at where there are no more than this, else so many that are drawn. */
const MOST_PAIRS = 50_000;
const SEED = 20261129;

/** A range of gaps between the scores that a gives to two rows. */
export interface GapRange {
  from: number;
  to: number;
}

/** @param deviation the standard deviation of a's scores */
export function gapRanges(deviation: number): GapRange[] {
  return ENDS.map((end, i) => ({ from: (ENDS[i - 1] ?? 0) * deviation, to: end * deviation }));
}

/** Pairs of rows whose scores in a differ, by their gap there. */
export class PairAgreement {
  /** How many pairs are in each range. */
  readonly pairs: number[];
  readonly #first: Int32Array;
  readonly #second: Int32Array;
  readonly #range: Uint8Array;
  /** 2 where b has the two in the same order, 1 where it has them equal. */
  readonly #agrees: Uint8Array;

  constructor(scores: PairedScores, ranges: readonly GapRange[]) {
    const drawn = drawPairs(scores);
    this.#first = Int32Array.from(drawn, ([i]) => i);
    this.#second = Int32Array.from(drawn, ([, j]) => j);
    const { a, b } = scores;
    const gap = (values: Float64Array, [i, j]: readonly [number, number]): number =>
      (values[i] ?? NaN) - (values[j] ?? NaN);
    this.#range = Uint8Array.from(drawn, (pair) => {
      const size = Math.abs(gap(a.values, pair));
      return ranges.findIndex(({ to }) => size < to);
    });
    this.#agrees = Uint8Array.from(
      drawn,
      (pair) => 1 + Math.sign(gap(a.values, pair)) * Math.sign(gap(b.values, pair)),
    );
    this.pairs = ranges.map(() => 0);
    for (const range of this.#range) this.pairs[range] = (this.pairs[range] ?? 0) + 1;
  }

  /** The share of each range's pairs that b has in a's order; NaN for a range without pairs. */
  shares(counts: Int32Array): number[] {
    const agreeing = new Float64Array(this.pairs.length);
    const all = new Float64Array(this.pairs.length);
    for (let at = 0; at < this.#range.length; at++) {
      const weight = (counts[this.#first[at] ?? 0] ?? 0) * (counts[this.#second[at] ?? 0] ?? 0);
      const range = this.#range[at] ?? 0;
      all[range] = (all[range] ?? 0) + weight;
      agreeing[range] = (agreeing[range] ?? 0) + weight * (this.#agrees[at] ?? 0);
    }
    return Array.from(all, (weight, range) => (agreeing[range] ?? 0) / (2 * weight));
  }
}

function drawPairs({ a: { ranks }, length }: PairedScores): [number, number][] {
  const pairs: [number, number][] = [];
  const add = (i: number, j: number): void => {
    if (ranks[i] !== ranks[j]) pairs.push([i, j]);
  };
  if ((length * (length - 1)) / 2 <= MOST_PAIRS) {
    for (let i = 0; i < length; i++) for (let j = 0; j < i; j++) add(i, j);
    return pairs;
  }
  const random = new Random(SEED);
  for (let draw = 0; draw < MOST_PAIRS; draw++) add(random.below(length), random.below(length));
  return pairs;
}
