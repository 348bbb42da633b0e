import { InformError } from '../errors.js';
import { checkNewFile } from '../util/files/new-file.js';
import { TextReader } from '../curate/text.js';
import { collect, measureOf, type ScoredSet } from './collect.js';
import { readExamples } from './examples.js';
import { writePage } from './page-frame.js';
import { reportPage } from './page.js';

export interface ReportOptions {
  /** Files of scores; the first one is shown in full. */
  scores: readonly string[];
  /** The rows that were scored, by each of them. */
  data: string | undefined;
  /** The field to group by; undefined: the first of the usual ones that the data has. */
  by: string | undefined;
  /** Where the fields of a sample stand in a row, as the run's `--map` had it. */
  map?: readonly string[] | undefined;
  /** The log of the run that wrote the first of the scores, for the rows that were cut. */
  log?: string | undefined;
  output: string;
  overwrite: boolean;
}

/**
 * Writes a page about scores: one file that loads nothing. The same files give the same page.
 *
 * @throws InformError INFORM_INVALID_ARGUMENT, INFORM_INPUT_UNREADABLE, INFORM_SCORES_DO_NOT_FIT, INFORM_OUTPUT_UNWRITABLE
 */
export async function report(options: ReportOptions): Promise<{ rows: number }> {
  const { scores, data, by, log, output, overwrite, map } = options;
  const reader = new TextReader(map);
  const read = [...scores, data, log].filter((file) => file !== undefined);
  await checkNewFile(output, read, overwrite);
  const sets: ScoredSet[] = [];
  for (const file of scores) {
    const set = await collect(file, { data, by, log: sets.length === 0 ? log : undefined, reader });
    if (set.scores.length === 0) {
      throw new InformError(
        'INFORM_INVALID_ARGUMENT',
        `${file} holds no scores, so there is nothing to report. Name the file that -o wrote.`,
      );
    }
    sets.push(set);
  }
  const [first, ...others] = sets;
  if (first === undefined) throw new InformError('INFORM_INVALID_ARGUMENT', 'Name a file of scores.');
  const other = others.find(({ answers }) => answers !== first.answers);
  if (other !== undefined) {
    throw new InformError(
      'INFORM_SCORES_DO_NOT_FIT',
      `${other.name} has as scores: ${measureOf(other.answers)}; and ${first.name}: ${measureOf(first.answers)}. They do not compare. Make a page of each.`,
    );
  }
  const examples = data === undefined ? undefined : await readExamples(first, data, reader);
  await writePage(output, reportPage({ sets: [first, ...others], data, examples }));
  return { rows: first.scores.length };
}
