import type { PairedScores } from './paired-scores.js';

/** The share of a's best rows that are among b's best, as many of each. Of equal scores the first row in the input is better. */
export function topOverlap({ a, b, length }: PairedScores, counts: Int32Array, rows: number): number {
  const inA = new Int32Array(length);
  take(a.best, counts, rows, (row, count) => {
    inA[row] = count;
  });
  let shared = 0;
  take(b.best, counts, rows, (row, count) => {
    shared += Math.min(count, inA[row] ?? 0);
  });
  return shared / rows;
}

/** A row that was drawn more than once may be in with a part of its draws. */
function take(best: Int32Array, counts: Int32Array, rows: number, each: (row: number, count: number) => void): void {
  let left = rows;
  for (let at = 0; at < best.length && left > 0; at++) {
    const row = best[at] ?? 0;
    const count = Math.min(counts[row] ?? 0, left);
    left -= count;
    if (count > 0) each(row, count);
  }
}

/** Rows that a threshold keeps in one list of scores and drops in the other. */
export interface Flips {
  dropped: number;
  added: number;
}

export function flipsAt({ a, b, length }: PairedScores, counts: Int32Array, threshold: number): Flips {
  let [dropped, added] = [0, 0];
  for (let row = 0; row < length; row++) {
    const keptByA = (a.values[row] ?? NaN) >= threshold;
    const keptByB = (b.values[row] ?? NaN) >= threshold;
    if (keptByA && !keptByB) dropped += counts[row] ?? 0;
    if (!keptByA && keptByB) added += counts[row] ?? 0;
  }
  return { dropped, added };
}
