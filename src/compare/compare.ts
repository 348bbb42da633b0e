import { match } from './match.js';
import { measure, type Measures } from './measure.js';
import { readScores } from './read-scores.js';
import { textsOf, type Text } from './texts.js';

const WORST = 10;

export interface CompareOptions {
  a: string;
  b: string;
  /** The rows that a's scores are of, for texts. */
  data?: string | undefined;
  /** From which score on rows are kept; undefined: the scores that keep 5, 10, 20 and 50 % of a's rows. */
  threshold?: number | undefined;
}

/** A row whose scores differ much. */
export interface WorstRow {
  /** Its id as JSON. */
  id: string;
  /** Which of its answers, where it has several. */
  answer?: string;
  a: number;
  b: number;
  text?: Text;
}

export interface Comparison extends Measures {
  files: { a: string; b: string };
  rows: { matched: number; onlyInA: number; onlyInB: number; withoutScoreInA: number; withoutScoreInB: number };
  worst: WorstRow[];
  /** The scores that were compared, in a's order. */
  scores: { a: Float64Array; b: Float64Array };
}

/**
 * Compares two files of scores of the same rows.
 *
 * @throws InformError INFORM_SCORES_DO_NOT_FIT, INFORM_INPUT_UNREADABLE
 */
export async function compare({ a: fileA, b: fileB, data, threshold }: CompareOptions): Promise<Comparison> {
  const [a, b] = [await readScores(fileA), await readScores(fileB)];
  const { inA, inB, onlyInA, onlyInB } = match(a, b);
  const scores = {
    a: Float64Array.from(inA, (place) => a.scores[place] ?? NaN),
    b: Float64Array.from(inB, (place) => b.scores[place] ?? NaN),
  };
  const size = (row: number): number => Math.abs((scores.b[row] ?? NaN) - (scores.a[row] ?? NaN));
  const worst = [...inA.keys()].sort((i, j) => size(j) - size(i)).slice(0, WORST);
  const places = worst.map((row) => inA[row] ?? 0);
  const texts = data === undefined ? new Map<number, Text>() : await textsOf(a, data, new Set(places));
  return {
    files: { a: fileA, b: fileB },
    rows: {
      matched: inA.length,
      onlyInA,
      onlyInB,
      withoutScoreInA: a.withoutScore,
      withoutScoreInB: b.withoutScore,
    },
    ...measure(scores.a, scores.b, { threshold }),
    worst: worst.map((row, i) => {
      const place = places[i] ?? 0;
      const text = texts.get(place);
      return {
        id: a.ids[place] ?? '',
        ...(a.answers[place] === '' ? {} : { answer: a.answers[place] ?? '' }),
        a: scores.a[row] ?? NaN,
        b: scores.b[row] ?? NaN,
        ...(text === undefined ? {} : { text }),
      };
    }),
    scores,
  };
}
