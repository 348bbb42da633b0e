import { InformError } from '../errors.js';
import { readRows } from '../input/rows.js';

/** The scores of a file, in its order. A row with several answers has several. */
export interface ScoreList {
  file: string;
  /** The row's id as JSON, as results have it. */
  ids: string[];
  /** Which of the row's answers: "chosen", "rejected", a number; '' where it has one. */
  answers: string[];
  scores: number[];
  lines: number[];
  /** Rows that have none: a run's `--join` keeps those that were rejected. */
  withoutScore: number;
}

/**
 * Reads the results of a run, or any file of rows with "id" and "score".
 *
 * @throws InformError INFORM_SCORES_DO_NOT_FIT for a row that has no score; INFORM_INPUT_UNREADABLE
 */
export async function readScores(file: string): Promise<ScoreList> {
  const list: ScoreList = { file, ids: [], answers: [], scores: [], lines: [], withoutScore: 0 };
  for await (const row of readRows([file])) {
    const found = row.ok ? scoresIn(row.value) : undefined;
    if (found === undefined) {
      throw new InformError(
        'INFORM_SCORES_DO_NOT_FIT',
        `${file}, line ${row.line} is no result {"id": …, "score": …}${row.ok ? '' : `: ${row.error.message}`}. ` +
          'Name files that inform-score has written with -o, or that have an id and a score in each row.',
      );
    }
    if (found.length === 0) list.withoutScore++;
    for (const [answer, score] of found) {
      list.ids.push(row.id?.json ?? String(row.row));
      list.answers.push(answer);
      list.scores.push(score);
      list.lines.push(row.line);
    }
  }
  return list;
}

/** Undefined where a row says nothing about scores. */
function scoresIn(value: unknown): [answer: string, score: number][] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('score' in value) {
    if (value.score === null) return [];
    return typeof value.score === 'number' && Number.isFinite(value.score) ? [['', value.score]] : undefined;
  }
  if (!('scores' in value) || typeof value.scores !== 'object' || value.scores === null) return undefined;
  const entries = Object.entries(value.scores) as [string, unknown][];
  return entries.every((entry): entry is [string, number] => Number.isFinite(entry[1])) ? entries : undefined;
}
