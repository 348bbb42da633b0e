import type { FileHandle } from 'node:fs/promises';
import { formatShard, placeIn, readShard, rowsOf, type Shard } from '../shards/shard.js';
import type { Fingerprint, InputFingerprint } from './fingerprint-types.js';
import { LineSum } from './line-sum.js';
import { readRecords, type Extent, type JournalLine } from './read-records.js';
import type { EndRecord, JournalRecord, RowRecord } from './records.js';
import { RowRanges } from './row-ranges.js';

/** What an earlier run left. */
export interface JournalSummary {
  fingerprint: Fingerprint;
  /** The first line, in bytes. */
  headerBytes: number;
  /** The inputs as they were when rows were scored last. */
  inputs: readonly InputFingerprint[];
  /** Rows that are scored or rejected. */
  rows: number;
  /** Of those, the rejected ones. */
  rejected: number;
  /** Rows before the last of them that are not there. */
  missing: number;
  /** The stretches of the file in which the rows ascend: one, and another for each time that gaps were filled. */
  extents: readonly Extent[];
  /** The sum over the lines of the rows. */
  sum: LineSum;
  /** The last end that the run came to; inputs that grew since may have taken it further. */
  end: EndRecord | undefined;
  /** Whether it came to its end, went no further, and has all its rows. */
  complete: boolean;
  /** Lines that are not as they were written. All others are good. */
  damage: Damage | undefined;
  /** How many bytes come before the end of the last good line. */
  bytes: number;
}

interface Damage {
  /** The first damaged line, 1-based. */
  line: number;
  /** Whether all that is wrong is a last line that was cut off: a crash leaves it so. */
  torn: boolean;
  /** What is damaged before the last good line. */
  extents: readonly Extent[];
}

/** A file that is not a journal, or one that this version cannot go on with. */
export interface UnreadableJournal {
  /** What is wrong with it: a clause that follows its name. */
  unreadable: string;
}

const HEADER_START = Buffer.from('{"journal": "inform-score"');

/** Each gap that was filled makes one more stretch that is read at the same time as the others. */
const MAX_EXTENTS = 1000;

/**
 * Looks a journal through. `undefined` stands for one that holds nothing yet.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE where the file cannot be read
 */
export async function summarizeJournal(
  file: FileHandle,
  name: string,
): Promise<JournalSummary | UnreadableJournal | undefined> {
  let summary: Summary | undefined;
  for await (const line of readRecords(file, name)) {
    const { record } = line;
    if (record?.kind === 'invalid') return foreign(line.line, record.problem);
    if (summary === undefined) {
      // A header that was cut off is a run that had not started.
      if (!line.whole && isCutHeader(line.bytes)) return undefined;
      if (record?.kind !== 'header')
        return { unreadable: 'is damaged in its first line, or no journal of this version' };
      summary = new Summary(record.fingerprint, line.end);
    } else if (record?.kind === 'header') return foreign(line.line, 'another run begins there');
    else {
      const problem = summary.add(line, record);
      if (problem !== undefined) return foreign(line.line, problem);
    }
  }
  return summary?.result();
}

export function isUnreadable(found: JournalSummary | UnreadableJournal | undefined): found is UnreadableJournal {
  return found !== undefined && 'unreadable' in found;
}

class Summary {
  readonly #shard: Shard;
  readonly #rows = new RowRanges();
  readonly #sum = new LineSum();
  readonly #extents: Extent[] = [];
  readonly #damaged: Extent[] = [];
  #firstDamage: number | undefined;
  #torn = false;
  #rejected = 0;
  /** Damage that no good line has followed yet. */
  #tail: Extent[] = [];
  #inputs: readonly InputFingerprint[];
  #end: EndRecord | undefined;
  #ended = false;
  #lastRow = Infinity;
  #bytes: number;

  constructor(
    private readonly fingerprint: Fingerprint,
    private readonly headerBytes: number,
  ) {
    const { shard } = fingerprint;
    this.#shard = readShard(shard) ?? { index: 1, count: 1 };
    this.#inputs = fingerprint.inputs;
    this.#bytes = headerBytes;
  }

  /** Takes a line; a problem is one that no damage explains. */
  add(line: JournalLine, record: Exclude<JournalRecord, { kind: 'header' }> | undefined): string | undefined {
    if (record !== undefined && 'row' in record) {
      if (placeIn(this.#shard, record.row) === undefined) {
        return `row ${record.row} is not of shard ${formatShard(this.#shard)}`;
      }
    }
    if (record === undefined || !this.#accept(record, line)) {
      this.#firstDamage ??= line.line;
      this.#tail.push({ start: line.start, end: line.end });
      this.#torn = !line.whole && this.#firstDamage === line.line;
      return undefined;
    }
    for (const extent of this.#tail) addExtent(this.#damaged, extent);
    this.#tail = [];
    this.#bytes = line.end;
    return this.#extents.length > MAX_EXTENTS ? 'its rows are in no order' : undefined;
  }

  result(): JournalSummary {
    const { fingerprint, headerBytes } = this;
    const { count: rows, missing } = this.#rows;
    const end = this.#end;
    return {
      fingerprint,
      headerBytes,
      inputs: this.#inputs,
      rows,
      rejected: this.#rejected,
      missing,
      extents: this.#extents,
      sum: this.#sum,
      end,
      complete: this.#ended && missing === 0 && end !== undefined && rows === rowsOf(this.#shard, end.rows),
      damage:
        this.#firstDamage === undefined
          ? undefined
          : {
              line: this.#firstDamage,
              torn: this.#torn,
              extents: this.#damaged,
            },
      bytes: this.#bytes,
    };
  }

  /** Rows come once; after an end come only grown inputs, or the same end again (version 0.1 wrote it with every start). */
  #accept(record: Exclude<JournalRecord, { kind: 'header' }>, line: JournalLine): boolean {
    switch (record.kind) {
      case 'inputs':
        this.#ended = false;
        this.#inputs = record.inputs;
        return true;
      case 'end':
        if (this.#ended && !isSameEnd(record, this.#end)) return false;
        this.#ended = true;
        this.#end = record;
        return true;
      default:
        return this.#acceptRow(record, line);
    }
  }

  #acceptRow({ row, kind }: RowRecord, { start, end, bytes }: JournalLine): boolean {
    if (this.#ended || bytes === undefined) return false;
    if (!this.#rows.add(placeIn(this.#shard, row) ?? row)) return false;
    const last = this.#extents.at(-1);
    if (last === undefined || row < this.#lastRow) this.#extents.push({ start, end });
    else last.end = end;
    this.#lastRow = row;
    this.#sum.add(bytes);
    if (kind === 'reject') this.#rejected++;
    return true;
  }
}

function isCutHeader(bytes: Buffer | undefined): boolean {
  if (bytes === undefined) return false;
  const length = Math.min(bytes.length, HEADER_START.length);
  return bytes.subarray(0, length).equals(HEADER_START.subarray(0, length));
}

/** Neighbours are joined, so that a lost block is one extent whatever it holds. */
function addExtent(extents: Extent[], { start, end }: Extent): void {
  const last = extents.at(-1);
  if (last?.end === start) last.end = end;
  else extents.push({ start, end });
}

function isSameEnd(one: EndRecord, other: EndRecord | undefined): boolean {
  return one.rows === other?.rows && one.output === other.output && one.rejects === other.rejects;
}

function foreign(line: number, problem: string): UnreadableJournal {
  return {
    unreadable: `was edited, or written by another version: the checksum of line ${line} is right, but ${problem}`,
  };
}
