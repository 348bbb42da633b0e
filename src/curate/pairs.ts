import type { Candidate, Drop } from './candidates.js';
import { byValue, inGroups } from './decide.js';
import { counted } from '../util/format.js';

/** Two rows by their numbers: the same one twice for the best and the worst answer of one row. */
export interface Pair {
  chosen: number;
  rejected: number;
}

const ALONE: Drop = { kind: 'without a pair', reasonOf: () => 'the only answer to its prompt' };
const BETWEEN: Drop = {
  kind: 'without a pair',
  reasonOf: ({ of }) => `neither best nor worst of ${counted(of, 'answer')} to its prompt`,
};

/**
 * The best and the worst answer of each prompt where their scores are at least `margin` apart, by the chosen row's number. A row with
 * several answers is a prompt of its own. Every other row is dropped with the reason.
 */
export function choosePairs(rows: readonly Candidate[], margin: number): Map<number, Pair> {
  const pairs = new Map<number, Pair>();
  const left = rows.filter(({ dropped }) => dropped === undefined);
  if (left.some(({ gap }) => !Number.isNaN(gap))) {
    for (const [number, row] of rows.entries()) {
      if (row.dropped !== undefined) continue;
      row.dropped = withoutPair('its', row.gap, margin);
      if (row.dropped === undefined) pairs.set(number, { chosen: number, rejected: number });
    }
    return pairs;
  }
  const numbers = new Map(rows.map((row, number) => [row, number]));
  for (const group of inGroups(left)) {
    const ranked = byValue(group);
    const [best] = ranked;
    const worst = ranked.at(-1);
    if (best === undefined || worst === undefined) continue;
    for (const [place, row] of ranked.entries()) {
      row.rank = place + 1;
      row.of = ranked.length;
    }
    const drop = best === worst ? ALONE : withoutPair("its prompt's", best.value - worst.value, margin);
    for (const row of drop === undefined ? ranked.slice(1, -1) : group) row.dropped = drop ?? BETWEEN;
    if (drop !== undefined) continue;
    pairs.set(numbers.get(best) ?? -1, { chosen: numbers.get(best) ?? -1, rejected: numbers.get(worst) ?? -1 });
  }
  return pairs;
}

/** Why two answers make no pair; undefined where they do. */
function withoutPair(whose: string, gap: number, margin: number): Drop | undefined {
  if (gap > 0 && gap >= margin) return undefined;
  const why = gap > 0 ? `are ${gap} apart, less than ${margin}` : 'do not differ in score';
  return { kind: 'without a pair', reasonOf: () => `${whose} answers ${why}` };
}
