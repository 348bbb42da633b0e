import { quantile } from '../report/statistics.js';
import { Random } from '../util/random.js';

export const RESAMPLES = 1000;
/** Intervals have a fixed seed: the same files give the same ones. */
const SEED = 20261128;

/** A value, and the interval that holds 95 % of what resamples of the rows give; null where a value is not defined. */
export interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** What is measured: names with their values, from how often each row counts. */
export type Measure = (counts: Int32Array) => number[];

export interface BootstrapOptions {
  resamples?: number | undefined;
  /** What the distances are multiplied by: where fewer rows are resampled than there are. */
  shrink?: number | undefined;
  /** Rows of which each resample has as many as there are, such as those of one benchmark's subset; undefined: all are one. */
  strata?: readonly (readonly number[])[] | undefined;
}

/**
 * The spread of measures over resamples of the rows with replacement (Efron's percentile bootstrap), as distances from the values of the
 * rows themselves.
 */
export function bootstrap(
  rows: number,
  measure: Measure,
  { resamples = RESAMPLES, shrink = 1, strata = [Array.from({ length: rows }, (_, i) => i)] }: BootstrapOptions = {},
): { low: number; high: number }[] {
  const random = new Random(SEED);
  const counts = new Int32Array(rows).fill(1);
  const center = measure(counts);
  const found = center.map(() => [] as number[]);
  for (let resample = 0; resample < resamples; resample++) {
    counts.fill(0);
    for (const stratum of strata) {
      for (let draw = 0; draw < stratum.length; draw++) {
        const row = stratum[random.below(stratum.length)] ?? 0;
        counts[row] = (counts[row] ?? 0) + 1;
      }
    }
    // A resample may have nothing that a measure is about.
    for (const [at, value] of measure(counts).entries()) if (!Number.isNaN(value)) found[at]?.push(value);
  }
  return found.map((values, at) => {
    const sorted = Float64Array.from(values).sort();
    const from = (share: number): number => shrink * (quantile(sorted, share) - (center[at] ?? NaN));
    return { low: from(0.025), high: from(0.975) };
  });
}

/** A value with the distances that `bootstrap` found. */
export function estimateOf(value: number, distances: { low: number; high: number } | undefined): Estimate {
  return {
    value: orNull(value),
    low: orNull(value + (distances?.low ?? NaN)),
    high: orNull(value + (distances?.high ?? NaN)),
  };
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
