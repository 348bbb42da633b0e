import { isUtf8 } from 'node:buffer';
import { open, type FileHandle } from 'node:fs/promises';
import { parquetReadObjects, type AsyncBuffer, type FileMetaData } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { messageOf } from '../../errors.js';

/** What the pages of a row group may unpack to. */
export const MOST_GROUP_BYTES = 2 ** 29;

/** A row as JSON, or why it has none. */
export type RowText = { json: string; problem?: undefined } | { problem: string; json?: undefined };

/** The rows of a row group, held in memory. */
export async function readGroup(
  path: string,
  metadata: FileMetaData,
  rowStart: number,
  rowEnd: number,
): Promise<Record<string, unknown>[]> {
  const handle = await open(path);
  try {
    const rows = await parquetReadObjects({
      file: await bufferOf(handle),
      metadata,
      rowStart,
      rowEnd,
      compressors: new Budget().compressors,
      parsers: { stringFromBytes: textOfBytes },
      geoparquet: false,
    });
    if (rows.length !== rowEnd - rowStart) throw new Error(`${rows.length} of ${rowEnd - rowStart} rows are there`);
    return rows;
  } finally {
    await handle.close();
  }
}

export async function bufferOf(handle: FileHandle): Promise<AsyncBuffer> {
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

/** What stands for a text that is not UTF-8: it is no valid text either, so a sample with it is rejected by the field's name. */
const NO_TEXT = '\uD800';

function textOfBytes(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8') : NO_TEXT;
}

export function rowText(row: Record<string, unknown>): RowText {
  try {
    return { json: jsonOf(row) };
  } catch (error) {
    return { problem: `the row cannot be written as JSON: ${messageOf(error)}` };
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
