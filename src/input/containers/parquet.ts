import { isUtf8 } from 'node:buffer';
import { open, type FileHandle } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
  type SchemaTree,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { InformError, messageOf } from '../../errors.js';
import type { RawRow } from '../bytes.js';

export const PARQUET_START = [0x50, 0x41, 0x52, 0x31];

/** A row group is held in memory as a whole: what it holds unpacked, and how many values. */
const MOST_GROUP_BYTES = 2 ** 29;
const MOST_GROUP_VALUES = 2 ** 25;
const MOST_COLUMNS = 1024;
const MOST_FOOTER_BYTES = 64 * 2 ** 20;

export interface ParquetOptions {
  /** Told the number of rows and the names of the columns. */
  onTable: (rows: number, columns: readonly string[]) => void;
  /** Called after a row group is read, before its rows are given: throws where the file is not what it was. */
  confirm?: (() => Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The rows of a Parquet file as JSON objects, a row group at a time. `line` is the 1-based row number.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE for damage, and for row groups that are too large to hold
 */
export async function* parquetRows(name: string, path: string, options: ParquetOptions): AsyncGenerator<RawRow> {
  const handle = await open(path);
  try {
    const file = await bufferOf(handle);
    const metadata = await metadataOf(name, file);
    const total = Number(metadata.num_rows);
    options.onTable(
      total,
      parquetSchema(metadata).children.map(({ element }) => element.name),
    );
    let rowStart = 0;
    for (const [index, group] of metadata.row_groups.entries()) {
      options.signal?.throwIfAborted();
      const rowEnd = rowStart + Number(group.num_rows);
      checkGroup(name, index, metadata);
      const budget = new Budget();
      const rows = await readGroup(name, { file, metadata, rowStart, rowEnd, compressors: budget.compressors });
      await options.confirm?.();
      for (const [at, row] of rows.entries()) {
        const done = (rowStart + at + 1) / Math.max(total, 1);
        yield { line: rowStart + at + 1, end: Math.round(done * file.byteLength), ...rawRowOf(row) };
      }
      rowStart = rowEnd;
    }
  } finally {
    await handle.close();
  }
}

async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      const [from, to] = [clamp(start, size), clamp(end, size)];
      const bytes = new Uint8Array(Math.max(to - from, 0));
      for (let read = 0; read < bytes.length;) {
        const { bytesRead } = await handle.read(bytes, read, bytes.length - read, from + read);
        if (bytesRead === 0) throw new Error('the file was cut');
        read += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

function clamp(position: number, size: number): number {
  return Math.min(Math.max(position < 0 ? size + position : position, 0), size);
}

async function metadataOf(name: string, file: AsyncBuffer): Promise<FileMetaData> {
  const tail = new DataView(await file.slice(Math.max(file.byteLength - 8, 0)));
  if (tail.byteLength < 8 || tail.getUint32(4, false) !== 0x50415231) {
    throw unreadable(name, 'its last bytes are not those of a Parquet file. Is it cut off?');
  }
  if (tail.getUint32(0, true) > MOST_FOOTER_BYTES) throw unreadable(name, 'its footer is larger than 64 MiB.');
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw unreadable(name, `its footer is damaged: ${messageOf(error)}.`, error);
  });
  const rows = metadata.row_groups.reduce((sum, group) => sum + Number(group.num_rows), 0);
  if (rows !== Number(metadata.num_rows) || metadata.row_groups.some(({ num_rows: count }) => Number(count) < 0)) {
    throw unreadable(name, 'its row groups do not add up to its rows.');
  }
  if (metadata.schema.length > MOST_COLUMNS) throw unreadable(name, `it has more than ${MOST_COLUMNS} columns.`);
  if (!fitsSchema(metadata)) throw unreadable(name, 'its columns are not those of its schema.');
  return metadata;
}

/** A column outside of the schema would be read, and its failure be nobody's: an unhandled rejection. */
function fitsSchema(metadata: FileMetaData): boolean {
  try {
    const leaves = leavesOf(parquetSchema(metadata)).sort();
    return metadata.row_groups.every(({ columns }) => {
      const paths = columns.map(({ meta_data: column }) => JSON.stringify(column?.path_in_schema ?? []));
      return isDeepStrictEqual(paths.sort(), leaves) && new Set(paths).size === paths.length;
    });
  } catch {
    return false;
  }
}

function leavesOf({ children, path }: SchemaTree): string[] {
  return children.length === 0 ? [JSON.stringify(path)] : children.flatMap(leavesOf);
}

function checkGroup(name: string, index: number, { row_groups: groups }: FileMetaData): void {
  const group = groups[index];
  const columns = group?.columns.map(({ meta_data: column }) => column) ?? [];
  const bytes = columns.reduce((sum, column) => sum + Number(column?.total_uncompressed_size ?? 0), 0);
  const values = Math.max(Number(group?.num_rows ?? 0), ...columns.map((column) => Number(column?.num_values ?? 0)));
  if (bytes <= MOST_GROUP_BYTES && values <= MOST_GROUP_VALUES) return;
  throw unreadable(
    name,
    `its row group ${index + 1} of ${groups.length} holds ${Math.ceil(bytes / 2 ** 20)} MiB and ${values} values, and at most ` +
      '512 MiB and 33,554,432 values are held at once. Write it with smaller ones; with pyarrow: write_table(..., row_group_size=10000).',
  );
}

/** What the pages of one row group may come to: a header may say anything. */
class Budget {
  #left = MOST_GROUP_BYTES;

  readonly compressors = Object.fromEntries(
    Object.entries(compressors).map(([codec, unpack]) => [
      codec,
      (input: Uint8Array, length: number): Uint8Array => {
        this.#left -= length;
        if (!(length >= 0) || this.#left < 0) throw new Error('its pages unpack to more than 512 MiB');
        return unpack(input, length);
      },
    ]),
  );
}

type ReadOptions = Parameters<typeof parquetReadObjects>[0];

async function readGroup(name: string, options: ReadOptions): Promise<Record<string, unknown>[]> {
  try {
    const parsers = { stringFromBytes: textOfBytes };
    const rows = await parquetReadObjects({ ...options, parsers, geoparquet: false });
    const { rowStart = 0, rowEnd = 0 } = options;
    if (rows.length !== rowEnd - rowStart) throw new Error(`${rows.length} of ${rowEnd - rowStart} rows are there`);
    return rows;
  } catch (error) {
    throw unreadable(name, `its rows from ${(options.rowStart ?? 0) + 1} on are damaged: ${messageOf(error)}.`, error);
  }
}

/** What stands for a text that is not UTF-8: it is no valid text either, so a sample with it is rejected by the field's name. */
const NO_TEXT = '\uD800';

function textOfBytes(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') : NO_TEXT;
}

function rawRowOf(row: Record<string, unknown>): Pick<RawRow, 'bytes' | 'problem'> {
  try {
    return { bytes: Buffer.from(jsonOf(row)), problem: undefined };
  } catch (error) {
    return { bytes: undefined, problem: `the row cannot be written as JSON: ${messageOf(error)}` };
  }
}

/** A value as JSON: 64-bit integers keep all their digits, bytes become base64. */
function jsonOf(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value))
    return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  if (value === undefined || value === null) return 'null';
  if (typeof value !== 'object' || value instanceof Date) return JSON.stringify(value);
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return `[${Array.from(value as unknown[], jsonOf).join(',')}]`;
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`);
  return `{${members.join(',')}}`;
}

function unreadable(name: string, what: string, cause?: unknown): InformError {
  return new InformError('INFORM_INPUT_UNREADABLE', `${name} is a Parquet file that cannot be read: ${what}`, {
    cause,
  });
}
