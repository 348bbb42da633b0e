import { InformError } from '../errors.js';
import { kindOf } from './checks.js';
import { fieldsOf, otherFormatOf } from './other-formats.js';
import type { InputRow } from './rows.js';

/** So many first rows are looked at, or the first ones with so much text. */
const MOST_ROWS = 100;
const MOST_CHARACTERS = 8 * 2 ** 20;

/** So many characters of a line are shown. */
const MOST_SHOWN = 100;

const A_SAMPLE = 'A sample is a JSON object with "instruction" and "output", or with "messages".';

/**
 * The same rows, unless the first ones are all in a form that is not read: then the input is the wrong one, and rejecting
 * its rows one by one would help nobody.
 *
 * @param areAll whether these are all rows of the inputs: then even fewer rows are enough
 * @throws InformError INFORM_INPUT_UNREADABLE, and what `rows` throws
 */
export async function* refuseWrongInput(rows: AsyncIterable<InputRow>, areAll: boolean): AsyncGenerator<InputRow> {
  let held: InputRow[] | undefined = [];
  let problem: string | undefined;
  let characters = 0;
  for await (const row of rows) {
    if (held !== undefined) {
      const found = problemOf(row);
      problem ??= found;
      held.push(row);
      characters += row.text?.length ?? 0;
      if (found !== undefined) {
        if (held.length >= MOST_ROWS || characters >= MOST_CHARACTERS) throw wrongInput(problem);
        continue;
      }
      yield* held;
      held = undefined;
    } else yield row;
  }
  if (held === undefined || held.length === 0) return;
  if (areAll) throw wrongInput(problem);
  yield* held;
}

function wrongInput(problem = ''): InformError {
  return new InformError('INFORM_INPUT_UNREADABLE', problem);
}

/** Why a row is nothing that could be a sample, said of its file; undefined where it could, or is a damaged one. */
function problemOf(row: InputRow): string | undefined {
  const { file } = row;
  if (!row.ok) {
    const text = row.text?.trimStart() ?? '';
    if (text === '' || '{[]}'.includes(text.charAt(0))) return undefined;
    const line = text.slice(0, MOST_SHOWN).split(/[\r\n]/, 1)[0] ?? '';
    const csv = /[,;\t]/.test(line);
    const remedy = csv
      ? `Make JSON Lines of it; if it is CSV, with pandas: read_csv("${file}").to_json(FILE, orient="records", lines=True).`
      : A_SAMPLE;
    return `${file} is not JSON: its line ${row.line} is ${JSON.stringify(line)}. ${remedy}`;
  }
  const { value } = row;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `The rows of ${file} are no objects: the first, on line ${row.line}, is ${kindOf(value)}. ${A_SAMPLE}`;
  }
  const fields = value as Record<string, unknown>;
  const format = otherFormatOf(fields);
  if (format !== undefined) {
    return `The rows of ${file} are in a form that is not read: the first, on line ${row.line}, is ${format.what}. ${format.remedy}`;
  }
  if (fields['instruction'] !== undefined || fields['messages'] !== undefined) return undefined;
  const names = Object.keys(fields).length === 0 ? 'has no fields' : `has the fields ${fieldsOf(fields)}`;
  return `The rows of ${file} are no samples: the first, on line ${row.line}, ${names}. ${A_SAMPLE}`;
}
