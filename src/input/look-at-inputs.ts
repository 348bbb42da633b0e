import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { InformError } from '../errors.js';
import { counted } from '../util/format.js';
import { printable } from '../util/printable.js';
import type { InputFormat } from './containers/raw-rows.js';
import type { PipeStart } from './pipe-start.js';
import { readRows, type InputRow, type ReadOptions } from './rows.js';
import type { SampleReader } from './sample-reader.js';
import { inputName, STDIN } from './source.js';
import { FirstRows } from './wrong-input.js';

/** So many inputs are named. */
const MOST_NAMED = 5;
/** So many of its columns. */
const MOST_COLUMNS = 12;
/** A pipe that gives no rows for as long is looked at later. */
const PATIENCE_MS = 3000;

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
 * Looks at the first rows of every input, so that a wrong one costs nothing else. Of a pipe the beginning is kept; one that is silent
 * for a few seconds is looked at when its rows come.
 *
 * @param pipe the one pipe among the inputs whose beginning may be read now
 * @throws InformError INFORM_INPUT_UNREADABLE
 */
export async function lookAtInputs(
  inputs: readonly string[],
  reader: SampleReader,
  options: LookOptions,
  pipe?: PipeStart,
): Promise<InputLook[]> {
  const looks: InputLook[] = [];
  const isAll = inputs.length === 1;
  for (const input of inputs) {
    const look =
      input === pipe?.input ? lookAtPipe(pipe, reader, options, isAll) : lookAtFile(input, reader, options, isAll);
    const found = await look;
    if (found !== undefined) looks.push(found);
  }
  return looks;
}

type LookOptions = Pick<ReadOptions, 'maxLineBytes' | 'signal'>;

/** The first of the inputs that can be read only once. */
export async function firstPipeOf(inputs: readonly string[]): Promise<string | undefined> {
  for (const input of inputs) if (!(await isFile(input))) return input;
  return undefined;
}

async function isFile(input: string): Promise<boolean> {
  return input !== STDIN && (await stat(input)).isFile();
}

/** undefined for another pipe than the first: who writes to it may be waiting until that one is read. */
async function lookAtFile(
  input: string,
  reader: SampleReader,
  options: LookOptions,
  isAll: boolean,
): Promise<InputLook | undefined> {
  return (await isFile(input)) ? lookAt(input, readRowsOf(input, options), reader, isAll) : undefined;
}

/** undefined where nothing came in time. */
async function lookAtPipe(
  pipe: PipeStart,
  reader: SampleReader,
  options: LookOptions,
  isAll: boolean,
): Promise<InputLook | undefined> {
  const rows = readRowsOf(pipe.input, { ...options, check: () => pipe.look() });
  const look = lookAt(pipe.input, rows, reader, isAll);
  // What it finds too late, the run itself will find.
  look.catch(() => undefined);
  const done = new AbortController();
  const patience = delay(PATIENCE_MS, undefined, { signal: done.signal }).catch(() => undefined);
  try {
    return await Promise.race([look, patience]);
  } finally {
    done.abort();
  }
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

/** Rows, and how they are written once the first one is there. */
interface FormattedRows {
  rows: AsyncIterable<InputRow>;
  format: () => InputFormat;
}

function readRowsOf(input: string, options: ReadOptions): FormattedRows {
  let format: InputFormat = { name: '' };
  const onFormat = (found: InputFormat): void => {
    format = found;
  };
  return { rows: readRows([input], { ...options, onFormat }), format: () => format };
}

async function lookAt(
  input: string,
  { rows, format }: FormattedRows,
  reader: SampleReader,
  isAll: boolean,
): Promise<InputLook> {
  const first = new FirstRows(reader);
  const isPipe = !(await isFile(input));
  let count = 0;
  for await (const row of rows) {
    count++;
    if (!first.isEnough) first.add(row);
    // A quote out of place makes the rest of a table unreadable, so that all of it is looked at.
    const { columns, rows: total } = format();
    if (first.isEnough && (isPipe || columns === undefined || total !== undefined)) break;
  }
  if (isAll && !first.isEnough) first.end();
  const known = isPipe ? undefined : count;
  const line = first.shape && `${inputName(input)}: ${describe(format(), known)}read as ${first.shape.name}`;
  return { input, format: format(), fields: first.fields, line };
}

/** @param seen all rows, where all were looked at */
function describe({ name, columns, rows: told }: InputFormat, seen: number | undefined): string {
  if (columns === undefined) return `${name}, `;
  const shown = columns.slice(0, MOST_COLUMNS).map((column) => printable(column.slice(0, 40)));
  const more = columns.length > MOST_COLUMNS ? ` and ${columns.length - MOST_COLUMNS} more` : '';
  const rows = told ?? seen;
  const size = rows === undefined ? '' : `${counted(rows, 'row')}, `;
  return `${name}, ${size}columns ${shown.join(', ')}${more}: `;
}
