import type { FileHandle } from 'node:fs/promises';
import { LineSplitter } from '../../input/jsonl.js';
import { explain } from '../../util/files/file-errors.js';
import { parseShard } from '../row-shard.js';
import { decodeRecord, type HeaderRecord, type JournalRecord } from './records.js';

/** A rejected row's sample may fill its record, but no row makes a longer one. */
const MAX_RECORD_BYTES = 256 * 2 ** 20;
const CHUNK_BYTES = 2 ** 20;

/** A record, and how many bytes of the journal come before its end. */
export interface PlacedRecord {
  record: JournalRecord;
  end: number;
}

/** Where a journal stops being what was written. */
export interface Damage {
  /** 1-based. */
  line: number;
  /** Whether nothing follows that line: a crash leaves it so. */
  last: boolean;
}

/**
 * The records of a journal from its beginning, with memory for one of them. It ends before the first line that is not as it
 * was written, and returns where; rows are given in the order of the input, without a gap.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE where the file cannot be read
 */
export async function* readRecords(
  file: FileHandle,
  name: string,
): AsyncGenerator<PlacedRecord, Damage | undefined, undefined> {
  const { size } = await file.stat();
  const order = new RecordOrder();
  const splitter = new LineSplitter(MAX_RECORD_BYTES);
  for (let position = 0; position < size;) {
    const chunk = await readAt(file, name, position, Math.min(CHUNK_BYTES, size - position));
    if (chunk.length === 0) break;
    position += chunk.length;
    for (const { line, end, bytes } of splitter.push(chunk)) {
      const record = bytes && decodeRecord(bytes);
      if (record === undefined || !order.accepts(record)) return { line, last: end >= size };
      yield { record, end };
    }
  }
  // A last line without its line break was cut off, even where it happens to be whole.
  for (const { line } of splitter.end()) return { line, last: true };
  return undefined;
}

/** Knows what may follow: a header, then rows in steps of the shard, then an end, after which only grown inputs go on. */
class RecordOrder {
  #header: HeaderRecord | undefined;
  #nextRow = 0;
  #step = 1;
  #ended = false;

  accepts(record: JournalRecord): boolean {
    if (this.#header === undefined) return record.kind === 'header' && this.#begin(record);
    switch (record.kind) {
      case 'header':
        return false;
      case 'inputs':
        this.#ended = false;
        return true;
      case 'end':
        return !this.#ended && (this.#ended = true);
      default:
        if (this.#ended || record.row !== this.#nextRow) return false;
        this.#nextRow += this.#step;
        return true;
    }
  }

  #begin(header: HeaderRecord): boolean {
    this.#header = header;
    const { shard: text } = header.fingerprint;
    const shard = text === undefined ? { index: 1, count: 1 } : parseShard(text);
    this.#nextRow = shard.index - 1;
    this.#step = shard.count;
    return true;
  }
}

async function readAt(file: FileHandle, name: string, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  try {
    const { bytesRead } = await file.read(buffer, 0, length, position);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw explain(name, error);
  }
}
