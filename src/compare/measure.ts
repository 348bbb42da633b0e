import { rowsOf } from '../curate/criteria.js';
import { spreadOf, quantile } from '../report/statistics.js';
import { Random } from '../util/random.js';
import { bootstrap, estimateOf, RESAMPLES, type Estimate } from './bootstrap.js';
import { kendall, meanOf, pearson, spearman } from './correlation.js';
import { gapRanges, PairAgreement, type GapRange } from './pair-agreement.js';
import { onceEach, PairedScores } from './paired-scores.js';
import { flipsAt, topOverlap, type Flips } from './top-rows.js';

const TOP_SHARES = [0.01, 0.05, 0.1, 0.2, 0.5];
const KEPT_SHARES = [0.05, 0.1, 0.2, 0.5];
/** Of more rows, so many are resampled. */
const MOST_RESAMPLED = 5000;
const SEED = 20261130;

export interface Measures {
  /** Of b's score less a's. */
  deviation: {
    mean: Estimate;
    bias: Estimate;
    /** No interval: resamples hold no larger one. */
    largest: number;
    percentile99: number;
  };
  pearson: Estimate;
  spearman: Estimate;
  kendall: Estimate;
  /** By the gap between two rows' scores in a: how many b has in the same order, equal ones counting half. */
  pairs: (GapRange & { pairs: number; agreement: Estimate })[];
  /** Of a's best rows those that are among as many of b's. */
  top: { share: number; rows: number; overlap: Estimate }[];
  /** Rows that are kept from the threshold on in one and not in the other. `keeps` is the share that a keeps. */
  flips: (Flips & { threshold: number; keeps: number; share: Estimate })[];
  intervals: { resamples: number; rows: number };
}

export interface MeasureOptions {
  /** From which score on rows are kept; undefined: the scores that keep 5, 10, 20 and 50 % of a's rows. */
  threshold?: number | undefined;
  resamples?: number | undefined;
}

/** All that is said about two lists of scores. */
export function measure(a: Float64Array, b: Float64Array, { threshold, resamples }: MeasureOptions = {}): Measures {
  const scores = new PairedScores(a, b);
  const thresholds = threshold === undefined ? thresholdsOf(scores) : [threshold];
  const ranges = gapRanges(spreadOf(Array.from(a)).deviation);
  const plan = { thresholds, ranges };
  const all = prepare(scores, plan);
  const resampled = scores.length <= MOST_RESAMPLED ? scores : scores.pick(someOf(scores.length));
  const some = resampled === scores ? all : prepare(resampled, plan);
  const spread = bootstrap(resampled.length, some.values, {
    resamples,
    shrink: Math.sqrt(resampled.length / scores.length),
  });
  const values = all.values(onceEach(scores.length));
  let next = 0;
  const estimate = (): Estimate => {
    const at = next++;
    return estimateOf(values[at] ?? NaN, spread[at]);
  };

  const sizes = Float64Array.from(a, (value, i) => Math.abs((b[i] ?? NaN) - value)).sort();
  // Members are evaluated in this order, which is that of the values.
  return {
    deviation: {
      mean: estimate(),
      bias: estimate(),
      largest: sizes.at(-1) ?? NaN,
      percentile99: quantile(sizes, 0.99),
    },
    pearson: estimate(),
    spearman: estimate(),
    kendall: estimate(),
    pairs: ranges.map((range, i) => ({ ...range, pairs: all.agreement.pairs[i] ?? 0, agreement: estimate() })),
    top: TOP_SHARES.map((share) => ({ share, rows: rowsOf({ share }, scores.length), overlap: estimate() })),
    flips: thresholds.map((at) => ({
      threshold: at,
      keeps: a.filter((value) => value >= at).length / a.length,
      ...flipsAt(scores, onceEach(scores.length), at),
      share: estimate(),
    })),
    intervals: { resamples: resamples ?? RESAMPLES, rows: resampled.length },
  };
}

interface Plan {
  thresholds: readonly number[];
  ranges: readonly GapRange[];
}

/** The measures that have intervals, in the order in which `measure` takes them. */
function prepare(
  scores: PairedScores,
  { thresholds, ranges }: Plan,
): { agreement: PairAgreement; values: (counts: Int32Array) => number[] } {
  const { a, b, length } = scores;
  const differences = Float64Array.from(a.values, (value, i) => (b.values[i] ?? NaN) - value);
  const sizes = differences.map(Math.abs);
  const agreement = new PairAgreement(scores, ranges);
  const values = (counts: Int32Array): number[] => [
    meanOf(sizes, counts),
    meanOf(differences, counts),
    pearson(scores, counts),
    spearman(scores, counts),
    kendall(scores, counts),
    ...agreement.shares(counts),
    ...TOP_SHARES.map((share) => topOverlap(scores, counts, rowsOf({ share }, length))),
    ...thresholds.map((threshold) => {
      const { dropped, added } = flipsAt(scores, counts, threshold);
      return (dropped + added) / length;
    }),
  ];
  return { agreement, values };
}

function thresholdsOf({ a, length }: PairedScores): number[] {
  return KEPT_SHARES.map((share) => a.values[a.best[rowsOf({ share }, length) - 1] ?? 0] ?? NaN);
}

/** Rows at random, each once. */
function someOf(length: number): Int32Array {
  const random = new Random(SEED);
  const rows = Int32Array.from({ length }, (_, i) => i);
  for (let at = 0; at < MOST_RESAMPLED; at++) {
    const other = at + random.below(length - at);
    [rows[at], rows[other]] = [rows[other] ?? 0, rows[at] ?? 0];
  }
  return rows.slice(0, MOST_RESAMPLED);
}
