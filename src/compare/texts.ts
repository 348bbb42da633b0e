import { InformError } from '../errors.js';
import { readRows } from '../input/rows.js';
import { SampleReader } from '../input/sample-reader.js';
import type { ScoreList } from './read-scores.js';

/** What was asked and answered. */
export interface Text {
  asked: string;
  answered: string;
}

/**
 * Finds the texts of some scores in the data that was scored. Scores have the data's order, less rows without one.
 *
 * @param wanted places in the list
 * @throws InformError INFORM_SCORES_DO_NOT_FIT where the data is not what was scored
 */
export async function textsOf(list: ScoreList, data: string, wanted: ReadonlySet<number>): Promise<Map<number, Text>> {
  const reader = new SampleReader();
  const found = new Map<number, Text>();
  let place = 0;
  let rows = 0;
  for await (const row of readRows([data])) {
    rows++;
    const idJson = row.id?.json ?? String(row.row);
    // A row's answers stand together; an id that comes again at once is told by its answer, which begins anew.
    for (const first = place; list.ids[place] === idJson && (place === first || !isFirst(list, place)); place++) {
      if (!wanted.has(place) || !row.ok) continue;
      const text = textOf(reader, row.value, list.answers[place] ?? '');
      if (text !== undefined) found.set(place, text);
    }
  }
  if (place < list.ids.length) {
    throw new InformError(
      'INFORM_SCORES_DO_NOT_FIT',
      `${list.file}, line ${list.lines[place] ?? 0} has a score for id ${list.ids[place] ?? ''}, and none of the ${rows} rows of ` +
        `${data} has that id at that place: the scores are of other data, or in another order. Name the files that belong together.`,
    );
  }
  return found;
}

const FIRST_ANSWERS = ['', 'chosen', '0'];

function isFirst({ answers }: ScoreList, place: number): boolean {
  return FIRST_ANSWERS.includes(answers[place] ?? '');
}

function textOf(reader: SampleReader, value: unknown, answer: string): Text | undefined {
  try {
    const { conversations } = reader.read(value);
    const turns = conversations[answer === 'rejected' ? 1 : Number(answer) || 0] ?? [];
    return {
      asked: turns.findLast(({ role }) => role === 'user')?.content ?? '',
      answered: turns.at(-1)?.content ?? '',
    };
  } catch (error) {
    if (error instanceof InformError) return undefined;
    throw error;
  }
}
