import { bootstrap, estimateOf, type Estimate } from '../compare/bootstrap.js';
import { InformError } from '../errors.js';
import { inGroups, partOf, sharedCredit, type Answered, type Part } from './answers.js';
import { tiesRow, tiesScore, type TiesPrompt } from './ties.js';

/** The subsets of RewardBench 2, whose plain mean is its score. */
const SUBSETS = ['Factuality', 'Precise IF', 'Math', 'Safety', 'Focus', 'Ties'];

export interface Rewardbench2Result {
  /** Null where a subset has no rows. */
  score: Estimate;
  /** "accuracy" of Ties is its score. */
  subsets: Part[];
}

/** RewardBench 2's table. Intervals are of resamples within each subset; in Ties of its prompts, whose two rows stay together. */
export function scoreRewardbench2(answered: readonly Answered[]): Rewardbench2Result {
  const groups = [...inGroups(answered)];
  const subsets = groups.map(([name, members]) => (isTies(name) ? tiesOf(members) : meanOf(members)));
  let units = 0;
  const strata = subsets.map(({ units: own }) => Array.from({ length: own }, () => units++));
  const places = SUBSETS.map((subset) => groups.findIndex(([name]) => name.toLowerCase() === subset.toLowerCase()));
  const measure = (counts: Int32Array): number[] => {
    const values = subsets.map(({ value }, i) =>
      value(counts.subarray(strata[i]?.[0] ?? 0, (strata[i]?.at(-1) ?? -1) + 1)),
    );
    return [places.reduce((sum, place) => sum + (values[place] ?? NaN), 0) / places.length, ...values];
  };
  const values = measure(new Int32Array(units).fill(1));
  const spread = bootstrap(units, measure, { strata });
  const [score, ...estimates] = values.map((value, i) => estimateOf(value, spread[i]));
  const none: Estimate = { value: null, low: null, high: null };
  return {
    score: score ?? none,
    subsets: groups.map(([name, members], i) => partOf(name, members, estimates[i] ?? none)),
  };
}

/** What a subset comes to when each of its units counts so often. */
interface Subset {
  units: number;
  value: (counts: Int32Array) => number;
}

function isTies(name: string): boolean {
  return name.toLowerCase() === 'ties';
}

function meanOf(members: readonly Answered[]): Subset {
  const credits = Float64Array.from(members, sharedCredit);
  const value = (counts: Int32Array): number =>
    credits.reduce((sum, credit, i) => sum + credit * (counts[i] ?? 0), 0) / credits.length;
  return { units: credits.length, value };
}

/** @throws InformError INFORM_INVALID_SAMPLE for an id that does not say which row of which prompt it is */
function tiesOf(members: readonly Answered[]): Subset {
  const prompts = new Map<number, TiesPrompt>();
  for (const { item, scores } of members) {
    const [, kind, prompt] = /^"(ref|tied):(\d+)"$/.exec(item.idJson) ?? [];
    if (kind === undefined) {
      throw new InformError(
        'INFORM_INVALID_SAMPLE',
        `A row of the subset Ties has the id ${item.idJson}; "ref:NUMBER" or "tied:NUMBER" says which rows belong together. ` +
          'Name the file of allenai/reward-bench-2 as it is.',
      );
    }
    const of = prompts.get(Number(prompt)) ?? {};
    prompts.set(Number(prompt), { ...of, [kind]: tiesRow(scores, item.correct) });
  }
  const all = [...prompts.values()];
  return { units: all.length, value: (counts) => tiesScore(all, counts) };
}
