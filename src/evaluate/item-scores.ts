import { InformError } from '../errors.js';
import { readRows } from '../input/rows.js';
import type { Item } from './items.js';

/**
 * Finds the scores of items: results of `score` for the rows, in their order; items without a line, or with null, have none.
 *
 * @throws InformError INFORM_SCORES_DO_NOT_FIT for scores of other data; INFORM_INPUT_UNREADABLE
 */
export async function readItemScores(items: readonly Item[], file: string): Promise<(readonly number[] | undefined)[]> {
  const found = new Array<readonly number[] | undefined>(items.length).fill(undefined);
  let place = 0;
  for await (const row of readRows([file])) {
    const scores = row.ok ? scoresIn(row.value) : undefined;
    if (row.id === undefined || scores === undefined) {
      throw misfit(
        `${file}, line ${row.line} is no result of several answers {"id": …, "scores": …}${row.ok ? '' : `: ${row.error.message}`}. ` +
          'Name the file of scores that belongs to the data.',
      );
    }
    const id = row.id.json;
    while (place < items.length && items[place]?.idJson !== id) place++;
    const item = items[place];
    if (item === undefined) {
      throw misfit(
        `${file}, line ${row.line} has the scores of id ${id}, and none of the ${items.length} rows of the data has that id at that ` +
          'place: the scores are of other data, or in another order. Name the files that belong together.',
      );
    }
    if (scores !== null && scores.length !== item.lengths.length) {
      throw misfit(
        `${file}, line ${row.line} has ${scores.length} scores for id ${id}, which has ${item.lengths.length} answers.`,
      );
    }
    found[place++] = scores ?? undefined;
  }
  return found;
}

/** The right answers' scores first; null where a row has none, undefined for what is no result. */
function scoresIn(value: unknown): readonly number[] | null | undefined {
  if (typeof value !== 'object' || value === null || !('scores' in value)) return undefined;
  const { scores } = value;
  if (scores === null || Array.isArray(scores)) return isNumbers(scores) ? scores : undefined;
  if (typeof scores !== 'object' || !('chosen' in scores) || !('rejected' in scores)) return undefined;
  const pair = [scores.chosen, scores.rejected];
  return isNumbers(pair) ? pair : undefined;
}

function isNumbers(values: readonly unknown[] | null): values is number[] | null {
  return values === null || values.every((value) => Number.isFinite(value));
}

function misfit(message: string): InformError {
  return new InformError('INFORM_SCORES_DO_NOT_FIT', message);
}
