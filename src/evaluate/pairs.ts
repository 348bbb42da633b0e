import { quantile } from '../report/statistics.js';
import { accuracyOf, inGroups, isTie, marginOf, partOf, strictCredit, type Answered, type Part } from './answers.js';

/** Answers whose lengths differ by no more than this factor are of one length. */
export const SAME_LENGTH = 1.2;
const FIFTHS = [0, 0.2, 0.4, 0.6, 0.8, 1];
/** A field with more values than this is no grouping. */
const MOST_GROUPS = 200;

/** A range of margins, without their sign. */
interface MarginRange extends Part {
  from: number;
  to: number;
}

export interface PairsResult {
  all: Part;
  /** With a tie as half a win, so that guessing gives 0.5. */
  tiesHalf: number;
  /** Fifths of the items by how far the best right and the best wrong answer are apart. */
  margins: MarginRange[];
  /** By the lengths in characters of the first right answer and of the wrong ones, on average. */
  lengths: {
    matched: Part;
    longer: Part;
    shorter: Part;
    /** What who always takes the longer answer would get. */
    byLengthAlone: number;
  };
  groups: Part[];
}

/** How often the right answer is best, and where. */
export function scorePairs(answered: readonly Answered[]): PairsResult {
  const part = (name: string, some: readonly Answered[]): Part => partOf(name, some, accuracyOf(some, strictCredit));
  const ratioOf = ({ item: { lengths, correct } }: Answered): number => {
    const wrong = lengths.slice(correct);
    return (lengths[0] ?? NaN) / (wrong.reduce((sum, length) => sum + length, 0) / wrong.length);
  };
  const ratios = new Map(answered.map((one) => [one, ratioOf(one)]));
  const where = (fits: (ratio: number) => boolean): Answered[] =>
    answered.filter((one) => fits(ratios.get(one) ?? NaN));
  const groups = [...inGroups(answered)];
  return {
    all: part('all', answered),
    tiesHalf: answered.reduce((sum, one) => sum + (isTie(one) ? 0.5 : strictCredit(one)), 0) / answered.length,
    margins: marginRanges(answered).map(({ from, to, some }) => ({ from, to, ...part('', some) })),
    lengths: {
      matched: part(
        'of about one length',
        where((ratio) => ratio <= SAME_LENGTH && ratio >= 1 / SAME_LENGTH),
      ),
      longer: part(
        'right answer longer',
        where((ratio) => ratio > SAME_LENGTH),
      ),
      shorter: part(
        'right answer shorter',
        where((ratio) => ratio < 1 / SAME_LENGTH),
      ),
      byLengthAlone: (where((ratio) => ratio > 1).length + where((ratio) => ratio === 1).length / 2) / answered.length,
    },
    groups: groups.length < 2 || groups.length > MOST_GROUPS ? [] : groups.map(([name, some]) => part(name, some)),
  };
}

function marginRanges(answered: readonly Answered[]): { from: number; to: number; some: Answered[] }[] {
  const sizes = new Map(answered.map((one) => [one, Math.abs(marginOf(one))]));
  const sorted = Float64Array.from(sizes.values()).sort();
  return FIFTHS.slice(1).map((share, i) => {
    const [from, to] = [quantile(sorted, FIFTHS[i] ?? 0), quantile(sorted, share)];
    const fits = (size: number): boolean => (size > from || (i === 0 && size === from)) && size <= to;
    return { from, to, some: answered.filter((one) => fits(sizes.get(one) ?? NaN)) };
  });
}
