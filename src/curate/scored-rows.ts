import { InformError } from '../errors.js';
import { readRows, type InputRow } from '../input/rows.js';

/** A row of data with the score that was given to it. */
export interface ScoredRow {
  row: InputRow;
  /** The row's id as JSON: its own, else its number, as results have it. */
  idJson: string;
  /** Undefined where the row has none. */
  score: number | undefined;
  /** Why a row has no score, where that is known. */
  missing: string | undefined;
}

/** Where scores stand: beside the data, in their order, or in the rows themselves. */
export interface ScoredFiles {
  data: readonly string[];
  /** Results of `score`, {"id", "score"} a line; undefined: each row has a member "score". */
  scores: string | undefined;
}

/**
 * Reads data and scores side by side. Rows that were rejected have no line among the scores, so the lines are told by their ids;
 * both have the same order, which is that of `score`'s results.
 *
 * @throws InformError INFORM_SCORES_DO_NOT_FIT for scores of other data; INFORM_INPUT_UNREADABLE
 */
export async function* readScoredRows({ data, scores }: ScoredFiles): AsyncGenerator<ScoredRow> {
  if (scores === undefined) {
    for await (const row of readRows(data)) yield { row, idJson: idOf(row), ...ownScore(row) };
    return;
  }
  const results = readResults(scores);
  try {
    let next = await nextOf(results);
    let rows = 0;
    for await (const row of readRows(data)) {
      rows++;
      const idJson = idOf(row);
      if (next?.idJson !== idJson) {
        yield { row, idJson, score: undefined, missing: 'it was rejected, or not scored' };
        continue;
      }
      yield { row, idJson, score: next.score, missing: undefined };
      next = await nextOf(results);
    }
    if (next !== undefined) throw strayScore(scores, next, data, rows);
  } finally {
    await results.return(undefined);
  }
}

interface Result {
  idJson: string;
  score: number;
  line: number;
}

async function* readResults(file: string): AsyncGenerator<Result, undefined> {
  for await (const row of readRows([file])) {
    const score = row.ok ? scoreOf(row.value) : undefined;
    if (row.id === undefined || score === undefined) {
      throw misfit(
        `${file}, line ${row.line} is no result {"id": …, "score": …}${row.ok ? '' : `: ${row.error.message}`}. ` +
          'Name the file that inform-score has written with -o.',
      );
    }
    yield { idJson: row.id.json, score, line: row.line };
  }
  return undefined;
}

async function nextOf(results: AsyncGenerator<Result, undefined>): Promise<Result | undefined> {
  return (await results.next()).value;
}

function idOf(row: InputRow): string {
  return row.id?.json ?? String(row.row);
}

/** The score that a joined row has. */
function ownScore(row: InputRow): Pick<ScoredRow, 'score' | 'missing'> {
  if (!row.ok) return { score: undefined, missing: row.error.message };
  const score = scoreOf(row.value);
  if (score !== undefined) return { score, missing: undefined };
  const value = row.value as Record<string, unknown> | null;
  const reason = typeof value === 'object' ? value?.['reject_reason'] : undefined;
  return { score: undefined, missing: typeof reason === 'string' ? reason : 'it has no number "score"' };
}

/** The number that stands in an object's "score"; undefined where there is none. */
function scoreOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('score' in value)) return undefined;
  return typeof value.score === 'number' && Number.isFinite(value.score) ? value.score : undefined;
}

function strayScore(file: string, { idJson, line, score }: Result, data: readonly string[], rows: number): InformError {
  const names = data.join(', ');
  return misfit(
    `${file}, line ${line} has the score ${score} for id ${idJson}, and none of the ${rows} rows of ${names} has that ` +
      'id at that place: the scores are of other data, or in another order. Name the files that belong together.',
  );
}

function misfit(message: string): InformError {
  return new InformError('INFORM_SCORES_DO_NOT_FIT', message);
}
