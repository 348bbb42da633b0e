import { isUtf8 } from 'node:buffer';
import { InformError, messageOf } from '../errors.js';
import { DEFAULT_MAX_LINE_BYTES } from '../options/table.js';
import { invalid, notFinite } from './checks.js';
import { type SampleId, toId } from './sample.js';
import type { RawRow } from './bytes.js';
import { findJsonProblem } from './json-problem.js';
import { MAX_DEPTH, hasNonFinite, rawId, replaceNonFinite, scanJson } from './json-scan.js';
import { rejectRecordOf, type RejectRecord } from './reject-record.js';
import { rawRows, type InputFormat } from './containers/raw-rows.js';
import type { PipeStart } from './pipe-start.js';
import { aborted, inputName, readChunks } from './source.js';
import { printable, printableJson } from '../util/printable.js';

/** Where a row comes from. */
export interface RowPlace {
  /** The input's path as given, or `<stdin>`. */
  file: string;
  /** The 1-based line where the row starts; in a Parquet file the 1-based number of the row. */
  line: number;
  /** 0-based over all inputs; every row counts, also a rejected one, and blank lines do not. */
  row: number;
  /** The bytes read of all inputs up to the end of this row. */
  bytes: number;
}

export interface RowId {
  value: SampleId;
  /** The id as JSON: a number, a list or an object as it is written in the input, a string with JSON's own escapes. */
  json: string;
}

/** A row that is JSON; whether it is a sample, `toMessages` says. */
export interface ParsedRow extends RowPlace {
  ok: true;
  value: unknown;
  id: RowId | undefined;
  text: string;
}

/** A row that is not. `text` is there where its bytes were UTF-8 and few enough to hold. */
export interface RejectedRow extends RowPlace {
  ok: false;
  /** INFORM_INVALID_SAMPLE, its message the reason. */
  error: InformError;
  /** Only where it is a reject of another run, which had one. */
  id: RowId | undefined;
  text: string | undefined;
}

export type InputRow = ParsedRow | RejectedRow;

export interface ReadOptions {
  /** The longest line, or element of a JSON array, in bytes; a longer one is skipped and reported. Default 64 MiB. */
  maxLineBytes?: number | undefined;
  /** The first row to give; those before it are counted and not looked at. */
  from?: number | undefined;
  /** A pipe whose beginning was looked at already. */
  pipe?: PipeStart | undefined;
  /** How much of each input is read, in their order; undefined: to its end. */
  sizes?: readonly (number | undefined)[] | undefined;
  /** Looks at what is read of each input, by its index, before rows are made of it. */
  check?: ((index: number, chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>) | undefined;
  /** Called for an input, by its index, that is read in pieces and not from its beginning to its end, once before rows of each. */
  confirm?: ((index: number) => Promise<void>) | undefined;
  /** Told how an input is written, before its first row. */
  onFormat?: ((format: InputFormat) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Reads samples from files, and from standard input for "-", in any format of `containers/`. Memory is bounded by the largest
 * row, or row group. A bad row is given as such and reading goes on.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE for an input that cannot be read; INFORM_ABORTED when `signal` aborts
 */
export async function* readRows(inputs: readonly string[], options: ReadOptions = {}): AsyncGenerator<InputRow> {
  const { maxLineBytes = DEFAULT_MAX_LINE_BYTES, pipe, from = 0, sizes, check, confirm, onFormat, signal } = options;
  if (inputs.length === 0) throw new InformError('INFORM_INPUT_UNREADABLE', 'No input was given.');
  let row = 0;
  let bytesBefore = 0;
  for (const [index, input] of inputs.entries()) {
    const file = inputName(input);
    let bytesHere = 0;
    const begun = pipe?.input === input ? pipe.take() : undefined;
    const chunks = begun ?? readChunks(input, { signal, bytes: sizes?.[index] });
    const raws = rawRows(input, counted(check?.(index, chunks) ?? chunks), {
      limit: maxLineBytes,
      onFormat,
      confirm: confirm && (() => confirm(index)),
      signal,
    });
    async function* counted(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const chunk of bytes) {
        bytesHere += chunk.length;
        yield chunk;
      }
    }
    for await (const raw of raws) {
      if (row >= from) yield toRow(raw, { file, line: raw.line, row, bytes: bytesBefore + raw.end });
      row++;
      if (signal?.aborted === true) throw aborted(signal);
    }
    bytesBefore += bytesHere;
  }
}

function toRow(raw: RawRow, place: RowPlace): InputRow {
  const { bytes, problem } = raw;
  if (bytes === undefined) return rejected(place, undefined, problem ?? 'the row could not be held');
  if (!isUtf8(bytes)) return rejected(place, undefined, problem ?? 'the row is not valid UTF-8');
  const text = bytes.toString('utf8');
  if (problem !== undefined) return rejected(place, text, problem);
  const row = rowOfText(text, place);
  const record = row.ok ? rejectRecordOf(row.value) : undefined;
  return record === undefined ? row : rejectedBefore(record, row.id, place);
}

function rowOfText(text: string, place: RowPlace): InputRow {
  const { tooDeep, idAt } = scanJson(text);
  if (tooDeep) return rejected(place, text, `the row nests deeper than ${MAX_DEPTH} levels`);
  try {
    const value = parse(text);
    return { ok: true, ...place, value, id: idOf(value, rawId(text, idAt)), text };
  } catch (error) {
    return rejected(place, text, error instanceof InformError ? error.message : syntaxReason(text, error));
  }
}

/** A row that another run has rejected, as that run would have read it: it may be scored now. Its result carries the id that it had there. */
function rejectedBefore(
  { file, line, row, sample }: RejectRecord,
  given: RowId | undefined,
  place: RowPlace,
): InputRow {
  const id = given ?? { value: row, json: String(row) };
  if (sample === undefined) {
    const reason = `the rejected row was not kept with its reason; score it from ${printable(file)}, line ${line}`;
    return { ...rejected(place, undefined, reason), id };
  }
  const again = rowOfText(sample, place);
  return again.ok ? { ...again, id: again.id ?? id } : { ...again, id };
}

/** JSON with the numbers that Python's json writes too: NaN becomes Infinity, as no number of either kind is ever read. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const replaced = replaceNonFinite(text, (word) => (word.startsWith('-') ? ' -1e999 ' : ' 1e999 '));
    if (replaced === undefined) throw error;
    return JSON.parse(replaced);
  }
}

function idOf(value: unknown, raw: string | undefined): RowId | undefined {
  if (typeof value !== 'object' || value === null || !('id' in value)) return undefined;
  if (raw !== undefined && hasNonFinite(raw)) throw notFinite('"id"');
  if (raw !== undefined && typeof value.id === 'number') return { value: value.id, json: raw };
  const id = toId(value.id);
  return id === undefined ? undefined : { value: id, json: lineOf(raw ?? JSON.stringify(id)) };
}

/** An id as it is written, on one line and without control characters; the value stays the same. */
function lineOf(json: string): string {
  return printableJson(json.replaceAll(/[\r\n]+/g, ' '));
}

/** Where and why JSON.parse refused a text, without the text itself. */
function syntaxReason(text: string, error: unknown): string {
  // Python's numbers are not what is wrong; what stands in their place is as long as they are.
  const found = findJsonProblem(replaceNonFinite(text, (word) => ' 0'.padEnd(word.length)) ?? text);
  if (found === undefined) return `the row is not valid JSON: ${messageOf(error)}`;
  let line = 1;
  let lineStart = 0;
  for (let feed = text.indexOf('\n'); feed >= 0 && feed < found.at; feed = text.indexOf('\n', lineStart)) {
    line++;
    lineStart = feed + 1;
  }
  const place = `${line === 1 ? '' : `line ${line} of the row, `}column ${found.at - lineStart + 1}`;
  return `the row is not valid JSON at ${place}: ${found.problem}`;
}

function rejected(place: RowPlace, text: string | undefined, reason: string): RejectedRow {
  return { ok: false, ...place, error: invalid(reason), id: undefined, text };
}
