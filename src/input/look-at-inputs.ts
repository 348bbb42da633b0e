import { stat } from 'node:fs/promises';
import { InformError } from '../errors.js';
import { counted } from '../util/format.js';
import { printable } from '../util/printable.js';
import type { InputFormat } from './containers/raw-rows.js';
import { readRows, type ReadOptions } from './rows.js';
import type { SampleReader } from './sample-reader.js';
import { STDIN } from './source.js';
import { FirstRows } from './wrong-input.js';

/** So many inputs are named. */
const MOST_NAMED = 5;
/** So many of its columns. */
const MOST_COLUMNS = 12;

/** What an input turned out to be. */
export interface InputLook {
  input: string;
  format: InputFormat;
  /** The fields of its first row that is a sample. */
  fields: readonly string[];
  /** How it is read, where it has rows. */
  line: string | undefined;
}

/**
 * Looks at the first rows of every input that can be read twice, so that a wrong one costs nothing else.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE
 */
export async function lookAtInputs(
  inputs: readonly string[],
  reader: SampleReader,
  options: Pick<ReadOptions, 'maxLineBytes' | 'signal'>,
): Promise<InputLook[]> {
  const looks: InputLook[] = [];
  for (const input of inputs) {
    if (input === STDIN || !(await stat(input)).isFile()) continue;
    looks.push(await lookAt(input, reader, options, inputs.length === 1));
  }
  return looks;
}

/** A line for each of the first few inputs. */
export function linesOf(looks: readonly InputLook[]): string[] {
  const lines = looks.map(({ line }) => line).filter((line) => line !== undefined);
  if (lines.length <= MOST_NAMED) return lines;
  return [...lines.slice(0, MOST_NAMED), `and ${lines.length - MOST_NAMED} more inputs`];
}

/** Throws INFORM_INVALID_CONFIG where rows have a field themselves that is added to them. */
export function refuseOwnFields(looks: readonly InputLook[], added: readonly string[]): void {
  for (const { input, fields } of looks) {
    const own = added.find((name) => fields.includes(name));
    if (own === undefined) continue;
    throw new InformError(
      'INFORM_INVALID_CONFIG',
      `--join adds "${own}" to every row, and the rows of ${input} have one already. Rename theirs first.`,
    );
  }
}

/** Only of plain text is it known where it grew. Throws INFORM_INVALID_CONFIG. */
export function refuseToFollow(looks: readonly InputLook[]): void {
  const other = looks.find(({ format }) => format.name !== '' && !format.name.startsWith('JSON'));
  const packed = looks.find(({ format }) => format.name.includes(', '));
  const wrong = other ?? packed;
  if (wrong === undefined) return;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `--follow-appended is for JSON Lines that grow, and ${wrong.input} is ${wrong.format.name}. Leave it out, or keep the input as JSON Lines.`,
  );
}

async function lookAt(
  input: string,
  reader: SampleReader,
  options: Pick<ReadOptions, 'maxLineBytes' | 'signal'>,
  isAll: boolean,
): Promise<InputLook> {
  const first = new FirstRows(reader);
  let format: InputFormat = { name: '' };
  let rows = 0;
  const onFormat = (found: InputFormat): void => {
    format = found;
  };
  for await (const row of readRows([input], { ...options, onFormat })) {
    rows++;
    if (!first.isEnough) first.add(row);
    // A quote out of place makes the rest of a table unreadable, so that all of it is looked at.
    if (first.isEnough && (format.columns === undefined || format.rows !== undefined)) break;
  }
  if (isAll && !first.isEnough) first.end();
  const line = first.shape && `${input}: ${describe(format, rows)}read as ${first.shape.name}`;
  return { input, format, fields: first.fields, line };
}

function describe({ name, columns, rows }: InputFormat, seen: number): string {
  if (columns === undefined) return `${name}, `;
  const shown = columns.slice(0, MOST_COLUMNS).map((column) => printable(column.slice(0, 40)));
  const more = columns.length > MOST_COLUMNS ? ` and ${columns.length - MOST_COLUMNS} more` : '';
  return `${name}, ${counted(rows ?? seen, 'row')}, columns ${shown.join(', ')}${more}: `;
}
