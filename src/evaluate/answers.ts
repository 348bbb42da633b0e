import { bootstrap, estimateOf, type Estimate } from '../compare/bootstrap.js';
import type { Item } from './items.js';

/** An item whose answers have scores. */
export interface Answered {
  item: Item;
  scores: readonly number[];
}

/** What is said about some items. */
export interface Part {
  name: string;
  items: number;
  accuracy: Estimate;
  /** Items whose best right and best wrong answer have the same score. */
  ties: number;
  /** The worst right answer's score less the best wrong one's, on average. */
  margin: number;
}

/** 1 where the right answer is best. Of a tie between two answers neither is better: it is a loss. */
export function strictCredit({ item, scores }: Answered): number {
  return bestOf(scores, 0, item.correct) > bestOf(scores, item.correct) ? 1 : 0;
}

/** As allenai's best of n: the first answer is the right one, and where several are best it has its share. */
export function sharedCredit({ scores }: Answered): number {
  const best = bestOf(scores, 0);
  return scores[0] === best ? 1 / scores.filter((score) => score === best).length : 0;
}

export function isTie({ item, scores }: Answered): boolean {
  return bestOf(scores, 0, item.correct) === bestOf(scores, item.correct);
}

export function marginOf({ item, scores }: Answered): number {
  const worst = scores.slice(0, item.correct).reduce((a, b) => Math.min(a, b), Infinity);
  return worst - bestOf(scores, item.correct);
}

function bestOf(scores: readonly number[], from: number, to?: number): number {
  return scores.slice(from, to).reduce((a, b) => Math.max(a, b), -Infinity);
}

/** The items of each group, groups as they first come. */
export function inGroups(answered: readonly Answered[]): Map<string, Answered[]> {
  const groups = new Map<string, Answered[]>();
  for (const one of answered) {
    const members = groups.get(one.item.group);
    if (members === undefined) groups.set(one.item.group, [one]);
    else members.push(one);
  }
  return groups;
}

export function partOf(name: string, answered: readonly Answered[], accuracy: Estimate): Part {
  return {
    name,
    items: answered.length,
    accuracy,
    ties: answered.filter(isTie).length,
    margin: answered.reduce((sum, one) => sum + marginOf(one), 0) / answered.length,
  };
}

/** The mean of a credit over items, with its interval. */
export function accuracyOf(answered: readonly Answered[], credit: (one: Answered) => number): Estimate {
  const credits = Float64Array.from(answered, credit);
  const mean = (counts: Int32Array): number[] => [weightedMean(credits, counts)];
  const [value = NaN] = mean(new Int32Array(credits.length).fill(1));
  return estimateOf(value, bootstrap(credits.length, mean)[0]);
}

function weightedMean(values: Float64Array, counts: Int32Array): number {
  let [sum, total] = [0, 0];
  for (let i = 0; i < counts.length; i++) {
    sum += (values[i] ?? 0) * (counts[i] ?? 0);
    total += counts[i] ?? 0;
  }
  return sum / total;
}
