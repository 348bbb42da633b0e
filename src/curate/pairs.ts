import type { Candidate } from './candidates.js';
import { byValue, inGroups } from './decide.js';
import { counted } from '../util/format.js';

/** Two rows by their numbers. */
export interface Pair {
  chosen: number;
  rejected: number;
}

/**
 * The best and the worst answer of each prompt where their scores are at least `margin` apart, by the chosen row's number. Every other
 * row is dropped with the reason.
 */
export function choosePairs(rows: readonly Candidate[], margin: number): Map<number, Pair> {
  const pairs = new Map<number, Pair>();
  const numbers = new Map(rows.map((row, number) => [row, number]));
  for (const group of inGroups(rows.filter(({ dropped }) => dropped === undefined))) {
    const ranked = byValue(group);
    const [best] = ranked;
    const worst = ranked.at(-1);
    if (best === undefined || worst === undefined) continue;
    for (const [place, row] of ranked.entries()) Object.assign(row, { rank: place + 1, of: ranked.length });
    const gap = best.value - worst.value;
    if (best === worst || gap < margin) {
      const reason =
        best === worst ? 'the only answer to its prompt' : `its prompt's answers are ${gap} apart, less than ${margin}`;
      for (const row of group) row.dropped = { kind: 'without a pair', reason };
      continue;
    }
    const reason = `neither best nor worst of ${counted(ranked.length, 'answer')} to its prompt`;
    for (const row of ranked.slice(1, -1)) row.dropped = { kind: 'without a pair', reason };
    pairs.set(numbers.get(best) ?? -1, { chosen: numbers.get(best) ?? -1, rejected: numbers.get(worst) ?? -1 });
  }
  return pairs;
}
