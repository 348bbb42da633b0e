import { bootstrap, estimateOf, type Estimate } from '../compare/bootstrap.js';
import { compare, type Comparison } from '../compare/compare.js';
import { meanOf, spearman } from '../compare/correlation.js';
import { match } from '../compare/match.js';
import { onceEach, PairedScores } from '../compare/paired-scores.js';
import { readScores } from '../compare/read-scores.js';
import { textsOf, type Text } from '../compare/texts.js';
import { topOverlap } from '../compare/top-rows.js';
import { rowsOf } from '../curate/criteria.js';
import { fitLength, withoutLength, type LengthModel } from '../curate/length-bias.js';
import { InformError } from '../errors.js';
import { readItemScores } from './item-scores.js';
import { readItems, type Item } from './items.js';
import { partOf, accuracyOf, strictCredit, type Answered, type Part } from './answers.js';

/** The share of the rows that is kept where nobody names a threshold. */
const KEPT = 0.2;
const MOST_LISTED = 20;

/** What is said of one of the two models' scores. */
interface OfEach<T> {
  original: T;
  model: T;
}

/** How often each finds the right answer, and how much less often the model does. */
export interface Accuracy extends OfEach<Part> {
  difference: Estimate;
}

/** A row that one keeps and the other does not. */
export interface ChangedRow {
  /** Its id as JSON. */
  id: string;
  answer?: string;
  change: 'dropped' | 'added';
  original: number;
  model: number;
  text?: Text;
}

interface Changes {
  /** From which score on the original keeps rows. */
  threshold: number;
  /** Whether it was named: then both keep rows from it on, else each as many of its best. */
  isNamed: boolean;
  keeps: OfEach<number>;
  dropped: number;
  added: number;
  /** Those that are furthest from where they were. */
  rows: ChangedRow[];
}

interface LengthBias extends OfEach<LengthModel> {
  /** Of what length does not explain of the scores. */
  remaining: { spearman: Estimate; overlap: Estimate };
}

/** What a smaller model is against the one that it was made of, on somebody's own rows. */
export interface Card {
  models: OfEach<string>;
  data: string;
  /** Undefined where the rows have no right and wrong answers. */
  accuracy: Accuracy | undefined;
  comparison: Omit<Comparison, 'scores'>;
  /** The standard deviation of the original's scores, to see deviations against. */
  spread: number;
  changes: Changes;
  /** Undefined where the rows' texts are not found. */
  length: LengthBias | undefined;
  scores: Comparison['scores'];
}

export interface CardOptions {
  models: OfEach<string>;
  data: string;
  /** The rows that were scored, and the scores. */
  rows: string;
  original: string;
  model: string;
  threshold: number | undefined;
}

/** @throws InformError INFORM_SCORES_DO_NOT_FIT, INFORM_INPUT_UNREADABLE */
export async function cardOf({ models, data, rows, original, model, threshold }: CardOptions): Promise<Card> {
  const { scores, ...comparison } = await compare({ a: original, b: model, data: rows, threshold });
  const list = await readScores(original);
  const { inA } = match(list, await readScores(model));
  const texts = await textsOf(list, rows, new Set(inA));
  const textAt = (row: number): Text | undefined => texts.get(inA[row] ?? -1);
  const paired = new PairedScores(scores.a, scores.b);
  const changes = changesOf(paired, threshold);
  return {
    models,
    data,
    accuracy: await accuracyIn(rows, { original, model }),
    comparison,
    spread: Math.sqrt(varianceOf(scores.a)),
    changes: {
      ...changes,
      rows: changes.rows.slice(0, MOST_LISTED).map(({ row, change }) => {
        const place = inA[row] ?? 0;
        const [answer, text] = [list.answers[place] ?? '', textAt(row)];
        return {
          id: list.ids[place] ?? '',
          ...(answer === '' ? {} : { answer }),
          change,
          original: scores.a[row] ?? NaN,
          model: scores.b[row] ?? NaN,
          ...(text === undefined ? {} : { text }),
        };
      }),
    },
    length:
      texts.size < inA.length
        ? undefined
        : lengthBias(
            scores,
            inA.map((_, row) => textAt(row)?.answered.length ?? 0),
          ),
    scores,
  };
}

async function accuracyIn(rows: string, files: OfEach<string>): Promise<Accuracy | undefined> {
  const items: Item[] = [];
  try {
    for await (const { item } of readItems([rows])) items.push(item);
  } catch (error) {
    // Rows of one answer each: which is right, nobody has said.
    if (error instanceof InformError && error.code === 'INFORM_INVALID_SAMPLE') return undefined;
    throw error;
  }
  const [first, second] = [await readItemScores(items, files.original), await readItemScores(items, files.model)];
  const both: OfEach<Answered[]> = { original: [], model: [] };
  for (const [i, item] of items.entries()) {
    const [a, b] = [first[i], second[i]];
    if (a === undefined || b === undefined) continue;
    both.original.push({ item, scores: a });
    both.model.push({ item, scores: b });
  }
  const part = (some: readonly Answered[]): Part => partOf('all', some, accuracyOf(some, strictCredit));
  const lost = Float64Array.from(both.model, (one, i) => {
    const other = both.original[i];
    return strictCredit(one) - (other === undefined ? 0 : strictCredit(other));
  });
  const mean = (counts: Int32Array): number[] => [meanOf(lost, counts)];
  return {
    original: part(both.original),
    model: part(both.model),
    difference: estimateOf(mean(onceEach(lost.length))[0] ?? NaN, bootstrap(lost.length, mean)[0]),
  };
}

function changesOf(
  { a, b, length }: PairedScores,
  threshold: number | undefined,
): Omit<Changes, 'rows'> & { rows: { row: number; change: ChangedRow['change'] }[] } {
  const rows = rowsOf({ share: KEPT }, length);
  const keptBy = (scores: typeof a): Set<number> =>
    threshold === undefined
      ? new Set(scores.best.subarray(0, rows))
      : new Set([...scores.values.keys()].filter((row) => (scores.values[row] ?? NaN) >= threshold));
  const [inA, inB] = [keptBy(a), keptBy(b)];
  const dropped = [...inA].filter((row) => !inB.has(row));
  const added = [...inB].filter((row) => !inA.has(row));
  const moved = placesMoved(a.best, b.best);
  return {
    threshold: threshold ?? a.values[a.best[rows - 1] ?? 0] ?? NaN,
    isNamed: threshold !== undefined,
    keeps: { original: inA.size, model: inB.size },
    dropped: dropped.length,
    added: added.length,
    rows: [
      ...dropped.map((row) => ({ row, change: 'dropped' as const })),
      ...added.map((row) => ({ row, change: 'added' as const })),
    ].sort((x, y) => (moved[y.row] ?? 0) - (moved[x.row] ?? 0) || x.row - y.row),
  };
}

/** How many places each row is from where it was. */
function placesMoved(before: Int32Array, after: Int32Array): Int32Array {
  const moved = new Int32Array(before.length);
  for (const [place, row] of before.entries()) moved[row] = place;
  for (const [place, row] of after.entries()) moved[row] = Math.abs((moved[row] ?? 0) - place);
  return moved;
}

function lengthBias({ a, b }: Comparison['scores'], lengths: readonly number[]): LengthBias {
  const of = (scores: Float64Array): { model: LengthModel; rest: Float64Array } => {
    const model = fitLength(lengths, Array.from(scores));
    return { model, rest: scores.map((score, i) => withoutLength(model, lengths[i] ?? 0, score)) };
  };
  const [original, model] = [of(a), of(b)];
  const paired = new PairedScores(original.rest, model.rest);
  const rows = rowsOf({ share: KEPT }, paired.length);
  const values = (counts: Int32Array): number[] => [spearman(paired, counts), topOverlap(paired, counts, rows)];
  const [order = NaN, overlap = NaN] = values(onceEach(paired.length));
  const distances = bootstrap(paired.length, values, { resamples: RESAMPLES_OF_RANKS });
  return {
    original: original.model,
    model: model.model,
    remaining: { spearman: estimateOf(order, distances[0]), overlap: estimateOf(overlap, distances[1]) },
  };
}

/** Ranks are made anew for each resample, of all rows. */
const RESAMPLES_OF_RANKS = 300;

function varianceOf(values: Float64Array): number {
  const counts = onceEach(values.length);
  const mean = meanOf(values, counts);
  return meanOf(
    values.map((value) => (value - mean) ** 2),
    counts,
  );
}
