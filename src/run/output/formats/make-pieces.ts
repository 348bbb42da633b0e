import type { BasicType, ByteWriter } from 'hyparquet-writer';
import type { RunOptions } from '../../../options/table.js';
import { pointwiseLine, scorerPart } from '../../oda-scores.js';
import { membersOf } from '../../../input/json-scan.js';
import type { InputRow } from '../../../input/rows.js';
import type { RowRecord } from '../../journal/records.js';
import { addedMembers, joined, joinedLine, joinedMembers, type Members } from './joined.js';
import { linePieces, type MakePieces, type OutputPiece } from './pieces.js';
import { Columns, csvCell, csvLine, parquetValue, type ColumnKind } from './tables.js';

export type OutputFormat = NonNullable<RunOptions['format']>;

/** How an output is written: as its name says, where nothing else is said. */
export function formatOf(output: string, format: OutputFormat | undefined): OutputFormat {
  const ending = /\.(csv|parquet)$/i.exec(output)?.[1]?.toLowerCase();
  return format ?? (ending as OutputFormat | undefined) ?? 'jsonl';
}

/**
 * How the output's file is made of the results.
 *
 * @param readRows reads the input again, for an output with every row of it; undefined: results alone
 * @param scorer the run's name, which stands beside each score in the format of OpenDataArena's toolkit
 */
export function makePieces(
  format: OutputFormat,
  readRows: (() => AsyncGenerator<InputRow>) | undefined,
  scorer: string,
): MakePieces {
  if (format === 'oda') return (results) => pointwisePieces(results(), scorer);
  if (format === 'jsonl') {
    return readRows === undefined ? linePieces : (results) => joinedLines(joined(results(), readRows()));
  }
  // Once to learn the columns, and once to write.
  const write = format === 'csv' ? csvPieces : parquetPieces;
  return (results) => write(() => (readRows === undefined ? resultRows(results()) : joinedRows(results(), readRows())));
}

interface TableRow {
  /** undefined for a row that has no line in the output. */
  members: Members | undefined;
  reject: string | undefined;
}

async function* pointwisePieces(results: AsyncIterable<RowRecord>, scorer: string): AsyncGenerator<OutputPiece> {
  for await (const { kind, json } of results) {
    if (kind === 'reject') {
      yield { to: 'rejects', data: `${json}\n` };
      continue;
    }
    const { idJson, json: part } = scorerPart(json);
    yield { to: 'output', data: pointwiseLine(idJson, [[scorer, part]]) };
  }
}

async function* joinedLines(rows: ReturnType<typeof joined>): AsyncGenerator<OutputPiece> {
  for await (const { row, record } of rows) {
    yield { to: 'output', data: joinedLine(row, addedMembers(record)) };
    if (record.kind === 'reject') yield { to: 'rejects', data: `${record.json}\n` };
  }
}

async function* resultRows(results: AsyncIterable<RowRecord>): AsyncGenerator<TableRow> {
  for await (const { kind, json } of results) {
    if (kind === 'reject') yield { members: undefined, reject: json };
    else yield { members: membersOf(json), reject: undefined };
  }
}

async function* joinedRows(
  results: AsyncIterable<RowRecord>,
  rows: AsyncGenerator<InputRow>,
): AsyncGenerator<TableRow> {
  for await (const { row, record } of joined(results, rows)) {
    yield {
      members: joinedMembers(row, addedMembers(record)),
      reject: record.kind === 'reject' ? record.json : undefined,
    };
  }
}

type ReadRows = () => AsyncIterable<TableRow>;

async function columnsOf(rows: AsyncIterable<TableRow>): Promise<Columns> {
  const columns = new Columns();
  for await (const { members } of rows) {
    if (members !== undefined) columns.add(members);
  }
  return columns;
}

async function* csvPieces(readRows: ReadRows): AsyncGenerator<OutputPiece> {
  const { kinds } = await columnsOf(readRows());
  const names = [...kinds.keys()];
  yield { to: 'output', data: csvLine(names) };
  for await (const { members, reject } of readRows()) {
    if (reject !== undefined) yield { to: 'rejects', data: `${reject}\n` };
    if (members === undefined) continue;
    const values = new Map(members);
    yield { to: 'output', data: csvLine(names.map((name) => csvCell(values.get(name)))) };
  }
}

/** So many rows, or so much text, are a row group. */
const GROUP_ROWS = 10_000;
const GROUP_CHARACTERS = 32 * 2 ** 20;

const PARQUET_TYPES: Readonly<Record<ColumnKind, BasicType>> = {
  boolean: 'BOOLEAN',
  integer: 'INT64',
  number: 'DOUBLE',
  text: 'STRING',
  json: 'STRING',
};

async function* parquetPieces(readRows: ReadRows): AsyncGenerator<OutputPiece> {
  // Loaded where they are needed, as all that few runs need: it takes longer to load than most of what every run needs.
  const { ByteWriter, ParquetWriter, schemaFromColumnData } = await import('hyparquet-writer');
  const { kinds } = await columnsOf(readRows());
  const columns = [...kinds].map(([name, kind]) => ({ name, kind, type: PARQUET_TYPES[kind ?? 'text'] }));
  const empty = columns.map(({ name, type }) => ({ name, type, nullable: true, data: [] as unknown[] }));
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaFromColumnData({ columnData: empty }),
    createdBy: 'inform-score',
  });
  let group = empty.map(({ data }) => data);
  let characters = 0;
  const flush = (): OutputPiece => {
    if ((group[0]?.length ?? 0) > 0) {
      const columnData = empty.map((column, at) => ({ ...column, data: group[at] ?? [] }));
      void writer.write({ columnData, rowGroupSize: GROUP_ROWS });
      group = empty.map(() => []);
      characters = 0;
    }
    return taken(bytes);
  };
  for await (const { members, reject } of readRows()) {
    if (reject !== undefined) yield { to: 'rejects', data: `${reject}\n` };
    if (members === undefined) continue;
    const values = new Map(members);
    for (const [at, { name, kind }] of columns.entries()) {
      const json = values.get(name);
      characters += json?.length ?? 0;
      group[at]?.push(parquetValue(json, kind));
    }
    if ((group[0]?.length ?? 0) >= GROUP_ROWS || characters >= GROUP_CHARACTERS) yield flush();
  }
  yield flush();
  void writer.finish();
  yield taken(bytes);
}

/** What the writer has written since it was last taken; its own count of bytes goes on. */
function taken(writer: ByteWriter): OutputPiece {
  const data = Uint8Array.from(writer.getBytes());
  writer.index = 0;
  return { to: 'output', data };
}
