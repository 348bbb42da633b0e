import { InformError } from '../errors.js';
import { isNone, kindOf } from './checks.js';
import { suggestMap } from './field-map.js';
import { fieldsOf, otherFormatOf } from './other-formats.js';
import type { InputRow } from './rows.js';
import { hasFieldOfShape, type SampleReader } from './sample-reader.js';
import type { Shape } from './shapes.js';

/** So many first rows are looked at, or the first ones with so much text. */
const MOST_ROWS = 100;
const MOST_CHARACTERS = 8 * 2 ** 20;

/** So many characters of a line are shown. */
const MOST_SHOWN = 100;

const A_SAMPLE =
  'A sample is an object with "instruction" and "output", with "messages", or in a shape of docs/formats.md.';

/** Looks at the first rows of an input: whether they are samples, and of what shape. */
export class FirstRows {
  /** That of the first row that is a sample. */
  shape: Shape | undefined;
  /** The fields of that row. */
  fields: readonly string[] = [];
  #count = 0;
  #characters = 0;
  /** Why no row so far could be one; undefined where one could. */
  #problem: string | undefined;
  /** Whether every row so far is nothing that could be a sample. */
  #areWrong = true;
  /** Whether every row so far is rejected. */
  #areRejected = true;

  constructor(private readonly reader: SampleReader) {}

  /** Whether so much was seen that no more rows need to be looked at. */
  get isEnough(): boolean {
    return this.shape !== undefined || this.#count >= MOST_ROWS || this.#characters >= MOST_CHARACTERS;
  }

  /** Whether nothing so far could be a sample: such rows are held back. */
  get areWrong(): boolean {
    return this.#areWrong;
  }

  /** @throws InformError INFORM_INPUT_UNREADABLE where the first rows are none that are read, each for itself */
  add(row: InputRow): void {
    this.#count++;
    this.#characters += row.text?.length ?? 0;
    const wrong = problemOf(row, this.reader);
    const reason = wrong ?? this.#reject(row);
    this.#problem ??= reason;
    this.#areWrong &&= wrong !== undefined;
    this.#areRejected &&= reason !== undefined;
    if (this.isEnough && this.#areRejected) throw wrongInput(this.#problem);
  }

  /** All rows of the inputs are seen: then even fewer are enough. Throws INFORM_INPUT_UNREADABLE. */
  end(): void {
    if (this.#areWrong && this.#count > 0) throw wrongInput(this.#problem);
  }

  /** Why a row of a known shape is no sample; undefined where it is one, or is damaged. */
  #reject(row: InputRow): string | undefined {
    if (!row.ok) return undefined;
    try {
      if (this.shape === undefined) {
        this.shape = this.reader.read(row.value).shape;
        this.fields = Object.keys(row.value as object);
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof InformError)) throw error;
      return `The first rows of ${row.file} cannot be scored, line ${row.line} because ${error.message}.`;
    }
  }
}

/**
 * The same rows, unless the first ones are all in a form that is not read: then the input is the wrong one, and rejecting
 * its rows one by one would help nobody.
 *
 * @param areAll whether these are all rows of the inputs: then even fewer rows are enough
 * @throws InformError INFORM_INPUT_UNREADABLE, and what `rows` throws
 */
export async function* refuseWrongInput(
  rows: AsyncIterable<InputRow>,
  reader: SampleReader,
  areAll: boolean,
): AsyncGenerator<InputRow> {
  const first = new FirstRows(reader);
  let held: InputRow[] | undefined = [];
  for await (const row of rows) {
    if (held === undefined) {
      yield row;
      continue;
    }
    held.push(row);
    first.add(row);
    if (first.areWrong) continue;
    yield* held;
    held = undefined;
  }
  if (held === undefined) return;
  if (areAll) first.end();
  yield* held;
}

function wrongInput(problem = ''): InformError {
  return new InformError('INFORM_INPUT_UNREADABLE', problem);
}

/** Why a row is nothing that could be a sample, said of its file; undefined where it could, or is a damaged one. */
function problemOf(row: InputRow, reader: SampleReader): string | undefined {
  const { file } = row;
  if (!row.ok) {
    const text = row.text?.trimStart() ?? '';
    if (text === '' || '{[]}'.includes(text.charAt(0))) return undefined;
    const line = text.slice(0, MOST_SHOWN).split(/[\r\n]/, 1)[0] ?? '';
    return `${file} is not JSON: its line ${row.line} is ${JSON.stringify(line)}. ${A_SAMPLE}`;
  }
  const { value } = row;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `The rows of ${file} are no objects: the first, on line ${row.line}, is ${kindOf(value)}. ${A_SAMPLE}`;
  }
  const fields = value as Record<string, unknown>;
  const missing = reader.map?.missingIn(fields);
  if (missing !== undefined) {
    return `The rows of ${file} have no ${JSON.stringify(missing)}, which the map names: the first, on line ${row.line}, has ${namesOf(fields)}.`;
  }
  if (reader.map !== undefined) return undefined;
  const format = otherFormatOf(fields);
  if (format !== undefined) {
    return `The rows of ${file} are in a form that is not read: the first, on line ${row.line}, is ${format.what}. ${format.remedy}`;
  }
  if (hasFieldOfShape(fields) || !isNone(fields['text'])) return unfinished(row, fields, reader);
  return `The rows of ${file} are no samples: the first, on line ${row.line}, has ${namesOf(fields)}. ${remedyFor(fields)}`;
}

/** A row with some field of a shape, and not with all: its shape is another one, unless only that row is at fault. */
function unfinished(
  { file, line }: InputRow,
  fields: Readonly<Record<string, unknown>>,
  reader: SampleReader,
): string | undefined {
  if (fields['instruction'] !== undefined || fields['messages'] !== undefined) return undefined;
  try {
    reader.read(fields);
    return undefined;
  } catch (error) {
    if (!(error instanceof InformError)) throw error;
    return `The rows of ${file} are no samples: the first, on line ${line}, has ${namesOf(fields)}, and ${error.message}. ${remedyFor(fields)}`;
  }
}

function namesOf(fields: Readonly<Record<string, unknown>>): string {
  return Object.keys(fields).length === 0 ? 'no fields' : `the fields ${fieldsOf(fields)}`;
}

function remedyFor(fields: Readonly<Record<string, unknown>>): string {
  const map = suggestMap(fields);
  return map === undefined ? A_SAMPLE : `If these are the right ones, read them with --map ${map}`;
}
