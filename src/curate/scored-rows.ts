import { InformError } from '../errors.js';
import { readRows, type InputRow } from '../input/rows.js';
import type { FileHashes } from './file-hashes.js';
import { answerScoresOf, rowScoreOf, type AnswerScores } from './answer-scores.js';

/** A row of data with the score that was given to it. */
export interface ScoredRow {
  row: InputRow;
  /** The row's id as JSON: its own, else its number, as results have it. */
  idJson: string;
  /** Those of its answers; undefined where the row has none. */
  scores: AnswerScores | undefined;
  /** The one number that it counts by; undefined where the row has none. */
  score: number | undefined;
  /** Why a row has no score, where that is known. */
  missing: string | undefined;
}

/** Where scores stand: beside the data, in their order, or in the rows themselves. */
export interface ScoredFiles {
  data: readonly string[];
  /** Results of `score`, {"id", "score"} or {"id", "scores"} a line; undefined: each row has one of these members. */
  scores: string | undefined;
}

/**
 * Reads data and scores side by side. Rows that were rejected have no line among the scores, so the lines are told by their ids;
 * both have the same order, which is that of `score`'s results.
 *
 * @param hashes takes the files' hashes while they are read
 * @throws InformError INFORM_SCORES_DO_NOT_FIT for scores of other data; INFORM_INPUT_UNREADABLE
 */
export async function* readScoredRows(files: ScoredFiles, hashes?: FileHashes): AsyncGenerator<ScoredRow> {
  let first: { answers: AnswerScores['answers']; row: InputRow } | undefined;
  for await (const scored of scoredRows(files, hashes)) {
    const { row, scores } = scored;
    if (scores !== undefined) {
      first ??= { answers: scores.answers, row };
      if (scores.answers !== first.answers) throw mixedScores(first, { answers: scores.answers, row });
    }
    yield scored;
  }
}

async function* scoredRows({ data, scores }: ScoredFiles, hashes?: FileHashes): AsyncGenerator<ScoredRow> {
  const rows = readRows(data, hashes?.whileReading(data));
  if (scores === undefined) {
    for await (const row of rows) yield { row, idJson: idOf(row), ...ownScores(row) };
    return;
  }
  const results = readResults(scores, hashes);
  try {
    let next = await nextOf(results);
    let count = 0;
    for await (const row of rows) {
      count++;
      const idJson = idOf(row);
      if (next?.idJson !== idJson) {
        yield { row, idJson, ...without('it was rejected, or not scored') };
        continue;
      }
      yield { row, idJson, ...withScores(next.scores) };
      next = await nextOf(results);
    }
    if (next !== undefined) throw strayScore(scores, next, data, count);
  } finally {
    await results.return(undefined);
  }
}

interface Result {
  idJson: string;
  scores: AnswerScores;
  line: number;
}

async function* readResults(file: string, hashes?: FileHashes): AsyncGenerator<Result, undefined> {
  for await (const row of readRows([file], hashes?.whileReading([file]))) {
    const scores = row.ok ? answerScoresOf(row.value) : undefined;
    if (row.id === undefined || scores === undefined) {
      throw misfit(
        `${file}, line ${row.line} is no result {"id": …, "score": …}${row.ok ? '' : `: ${row.error.message}`}. ` +
          'Name the file that inform-score has written with -o.',
      );
    }
    yield { idJson: row.id.json, scores, line: row.line };
  }
  return undefined;
}

async function nextOf(results: AsyncGenerator<Result, undefined>): Promise<Result | undefined> {
  return (await results.next()).value;
}

function idOf(row: InputRow): string {
  return row.id?.json ?? String(row.row);
}

type Scores = Pick<ScoredRow, 'scores' | 'score' | 'missing'>;

function withScores(scores: AnswerScores): Scores {
  return { scores, score: rowScoreOf(scores), missing: undefined };
}

function without(missing: string): Scores {
  return { scores: undefined, score: undefined, missing };
}

/** The scores that a joined row has. */
function ownScores(row: InputRow): Scores {
  if (!row.ok) return without(row.error.message);
  const scores = answerScoresOf(row.value);
  if (scores !== undefined) return withScores(scores);
  const value = row.value as Record<string, unknown> | null;
  const reason = typeof value === 'object' ? value?.['reject_reason'] : undefined;
  return without(typeof reason === 'string' ? reason : 'it has no number "score"');
}

const COUNTED_BY = { one: 'one score', pair: 'the scores of a pair', list: 'the scores of several answers' };

function mixedScores(...[first, other]: { answers: AnswerScores['answers']; row: InputRow }[]): InformError {
  const place = (at: typeof first): string => `${at?.row.file ?? ''}, line ${at?.row.line ?? 0}`;
  return misfit(
    `${place(other)} has ${COUNTED_BY[other?.answers ?? 'one']} and ${place(first)} ${COUNTED_BY[first?.answers ?? 'one']}: ` +
      'a score, a margin and the best of several do not compare. Keep such rows in files of their own.',
  );
}

function strayScore(
  file: string,
  { idJson, line, scores }: Result,
  data: readonly string[],
  rows: number,
): InformError {
  const names = data.join(', ');
  return misfit(
    `${file}, line ${line} has the score ${scores.values.join(', ')} for id ${idJson}, and none of the ${rows} rows of ${names} has that ` +
      'id at that place: the scores are of other data, or in another order. Name the files that belong together.',
  );
}

function misfit(message: string): InformError {
  return new InformError('INFORM_SCORES_DO_NOT_FIT', message);
}
