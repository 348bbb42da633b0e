import { open } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { parquetMetadataAsync, parquetSchema, type AsyncBuffer, type FileMetaData, type SchemaTree } from 'hyparquet';
import { InformError, messageOf } from '../../errors.js';
import type { RawRow } from '../bytes.js';
import { MOST_GROUP_BYTES, bufferOf, type RowText } from './parquet-group.js';
import { GroupReader } from './parquet-thread.js';

/** A row group is held in memory as a whole: so many values. */
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
  const { metadata, bytes } = await metadataOf(name, path);
  const total = Number(metadata.num_rows);
  options.onTable(
    total,
    parquetSchema(metadata).children.map(({ element }) => element.name),
  );
  const groups = new GroupReader(path, metadata);
  try {
    let rowStart = 0;
    for (const [index, group] of metadata.row_groups.entries()) {
      options.signal?.throwIfAborted();
      const rowEnd = rowStart + Number(group.num_rows);
      checkGroup(name, index, metadata);
      const rows = groups.rows({ rowStart, rowEnd, bytes: Number(group.total_byte_size) });
      let isConfirmed = false;
      for await (const { json, problem } of damageNamed(name, rowStart, rows)) {
        if (!isConfirmed) await options.confirm?.();
        isConfirmed = true;
        rowStart++;
        const end = Math.round((rowStart / Math.max(total, 1)) * bytes);
        yield { line: rowStart, end, bytes: json === undefined ? undefined : Buffer.from(json), problem };
      }
    }
  } finally {
    await groups.close();
  }
}

async function* damageNamed(name: string, rowStart: number, rows: AsyncIterable<RowText>): AsyncGenerator<RowText> {
  try {
    yield* rows;
  } catch (error) {
    throw unreadable(name, `its rows from ${rowStart + 1} on are damaged: ${messageOf(error)}.`, error);
  }
}

async function metadataOf(name: string, path: string): Promise<{ metadata: FileMetaData; bytes: number }> {
  const handle = await open(path);
  try {
    const file = await bufferOf(handle);
    return { metadata: await footerOf(name, file), bytes: file.byteLength };
  } finally {
    await handle.close();
  }
}

async function footerOf(name: string, file: AsyncBuffer): Promise<FileMetaData> {
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

function unreadable(name: string, what: string, cause?: unknown): InformError {
  return new InformError('INFORM_INPUT_UNREADABLE', `${name} is a Parquet file that cannot be read: ${what}`, {
    cause,
  });
}
