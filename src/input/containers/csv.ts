import { isUtf8 } from 'node:buffer';
import { pipeline, Readable } from 'node:stream';
import type { Info } from 'csv-parse';
import { InformError } from '../../errors.js';
import { CARRIAGE_RETURN, LINE_FEED, type RawRow } from '../bytes.js';

const DELIMITERS = [
  { delimiter: ',', name: 'CSV' },
  { delimiter: '\t', name: 'TSV' },
  { delimiter: ';', name: 'CSV with semicolons' },
] as const;

export interface CsvKind {
  delimiter: string;
  name: string;
}

/** A column's name: words. A sentence, or a row of numbers, is no header. */
const COLUMN = /^[\p{L}_][\p{L}\p{N}_ .()[\]/-]{0,63}$/u;

/**
 * What a text is whose first line is a row of column names; undefined where it is none. A line of one name alone is no
 * sign of a table.
 *
 * @param line the first line, without its line break
 */
export function csvKindOf(line: string): CsvKind | undefined {
  return DELIMITERS.find(({ delimiter }) => {
    const names = line.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
    return names.length > 1 && names.every((name) => COLUMN.test(name)) && new Set(names).size === names.length;
  });
}

export interface CsvOptions {
  kind: CsvKind;
  /** The longest row in bytes. */
  limit: number;
  /** Told the names of the columns. */
  onColumns: (columns: readonly string[]) => void;
  /** How many bytes of the input were read so far. */
  position: () => number;
}

/**
 * The rows of a table as RFC 4180 has it, quotes doubled in quoted fields, as JSON objects of texts. After a quote out of place
 * nobody can tell where a row ends, so the reading ends there.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE
 */
export async function* csvRows(
  name: string,
  chunks: AsyncIterable<Buffer>,
  options: CsvOptions,
): AsyncGenerator<RawRow> {
  const { kind, limit, onColumns, position } = options;
  const { parse, CsvError } = await import('csv-parse');
  const parser = parse({
    delimiter: kind.delimiter,
    info: true,
    // Bytes, so that what is not UTF-8 is seen.
    encoding: null,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: limit,
  });
  const records = pipeline(Readable.from(chunks), parser, () => undefined) as AsyncIterable<CsvRecord>;
  let columns: readonly string[] | undefined;
  /** Line breaks of two bytes in quoted fields, which the parser counts twice. */
  let twice = 0;
  try {
    for await (const { record, info } of records) {
      const breaks = breaksIn(record);
      twice += breaks.twice;
      if (columns === undefined) {
        columns = record.map((field) => field.toString('utf8').trim());
        onColumns(columns);
        continue;
      }
      yield { line: info.lines - twice - breaks.lines, end: position(), ...rowOf(record, columns) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const [message = ''] = error.message.split(/, value is|: got/);
    throw new InformError(
      'INFORM_INPUT_UNREADABLE',
      `${name} cannot be read as ${kind.name}: ${message.replace(/\s+/g, ' ')} (line ${Number(error['lines'])}). ` +
        'A field with a quote, a line break or a delimiter in it stands in quotes, with its own quotes doubled.',
      { cause: error },
    );
  }
}

interface CsvRecord {
  record: Buffer[];
  info: Info;
}

function rowOf(record: readonly Buffer[], columns: readonly string[]): Pick<RawRow, 'bytes' | 'problem'> {
  if (record.length !== columns.length) {
    return { bytes: undefined, problem: `the row has ${record.length} fields and the header ${columns.length}` };
  }
  const bad = record.findIndex((field) => !isUtf8(field));
  if (bad >= 0) return { bytes: undefined, problem: `the field "${columns[bad] ?? ''}" is not valid UTF-8` };
  const members = record.map((field, at) => [columns[at] ?? '', field.toString('utf8')] as const);
  return { bytes: Buffer.from(JSON.stringify(Object.fromEntries(members))), problem: undefined };
}

function breaksIn(record: readonly Buffer[]): { lines: number; twice: number } {
  let [lines, twice] = [0, 0];
  for (const field of record) {
    for (let at = field.indexOf(LINE_FEED); at >= 0; at = field.indexOf(LINE_FEED, at + 1)) {
      lines++;
      if (field[at - 1] === CARRIAGE_RETURN) twice++;
    }
  }
  return { lines, twice };
}
