import type { FileHandle } from 'node:fs/promises';
import { LineSplitter } from '../../input/jsonl.js';
import { outputError } from '../../util/files/file-errors.js';
import { decodeRecord, type InvalidRecord, type JournalRecord, type RowRecord } from './records.js';

/** A rejected row's sample may fill its record, but no row makes a longer one. */
const MAX_RECORD_BYTES = 256 * 2 ** 20;
const CHUNK_BYTES = 2 ** 20;
/** For each of several stretches that are read side by side. */
const SMALL_CHUNK_BYTES = 2 ** 16;

/** A stretch of a file, in bytes: from `start` to before `end`. */
export interface Extent {
  start: number;
  end: number;
}

/** A line of a journal; its `start` and `end` are those of the line with its line break. */
export interface JournalLine extends Extent {
  /** 1-based, from where reading began. */
  line: number;
  /** undefined where the line is not as it was written. */
  record: JournalRecord | InvalidRecord | undefined;
  /** The line without its line break, good until the next one is read; undefined where it is too long to hold. */
  bytes: Buffer | undefined;
  /** Whether its line break is there: without it the line was cut off, even where it happens to be whole. */
  whole: boolean;
}

/**
 * The lines of a journal as they stand in the file, with memory for one of them. Blank ones are left out: damage that was seen
 * to is overwritten with spaces.
 *
 * @param extent the part to read, which begins at a line's beginning; to the end of the file where it is not given
 * @throws InformError INFORM_OUTPUT_UNWRITABLE where the file cannot be read
 */
export async function* readRecords(
  file: FileHandle,
  name: string,
  extent?: Extent,
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<JournalLine, void, undefined> {
  const { start, end } = extent ?? { start: 0, end: Infinity };
  const splitter = new LineSplitter(MAX_RECORD_BYTES, 1, start);
  let before = start;
  for (let position = start; position < end;) {
    const chunk = await readAt(file, name, position, Math.min(chunkBytes, end - position));
    if (chunk.length === 0) break;
    position += chunk.length;
    for (const { line, end: lineEnd, bytes } of splitter.push(chunk)) {
      const record = bytes && decodeRecord(bytes);
      yield { line, record, bytes, start: bytes ? lineEnd - 1 - bytes.length : before, end: lineEnd, whole: true };
      before = lineEnd;
    }
  }
  for (const { line, end: lineEnd, bytes } of splitter.end()) {
    yield {
      line,
      record: undefined,
      bytes,
      start: bytes ? lineEnd - bytes.length : before,
      end: lineEnd,
      whole: false,
    };
  }
}

/** A row's record, and the line that it stands in. */
export interface RowLine {
  record: RowRecord;
  bytes: Buffer;
}

/**
 * The rows of several stretches of a journal, each of which ascends, as one ascending sequence. What cannot be read is left
 * out.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE where the file cannot be read
 */
export function readRowsInOrder(
  file: FileHandle,
  name: string,
  extents: readonly Extent[],
): AsyncGenerator<RowLine, void, undefined> {
  const [first] = extents;
  return first !== undefined && extents.length === 1 ? readRows(file, name, first) : mergeRows(file, name, extents);
}

async function* mergeRows(
  file: FileHandle,
  name: string,
  extents: readonly Extent[],
): AsyncGenerator<RowLine, void, undefined> {
  const chunkBytes = extents.length > 2 ? SMALL_CHUNK_BYTES : CHUNK_BYTES;
  const cursors = extents.map((extent) => readRows(file, name, extent, chunkBytes));
  const heads = await Promise.all(cursors.map((cursor) => nextOf(cursor)));
  for (;;) {
    let least = -1;
    for (const [at, head] of heads.entries()) {
      if (head !== undefined && (least < 0 || head.record.row < (heads[least]?.record.row ?? 0))) least = at;
    }
    const [row, cursor] = [heads[least], cursors[least]];
    if (row === undefined || cursor === undefined) return;
    yield row;
    heads[least] = await nextOf(cursor);
  }
}

async function* readRows(
  file: FileHandle,
  name: string,
  extent: Extent,
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<RowLine, void, undefined> {
  for await (const { record, bytes } of readRecords(file, name, extent, chunkBytes)) {
    if (bytes !== undefined && (record?.kind === 'score' || record?.kind === 'reject')) yield { record, bytes };
  }
}

async function nextOf(rows: AsyncGenerator<RowLine, void, undefined>): Promise<RowLine | undefined> {
  const next = await rows.next();
  return next.done === true ? undefined : next.value;
}

async function readAt(file: FileHandle, name: string, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  try {
    const { bytesRead } = await file.read(buffer, 0, length, position);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw outputError(name, error);
  }
}
