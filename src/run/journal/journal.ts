import { randomBytes } from 'node:crypto';
import { constants, open, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LINE_FEED } from '../../input/bytes.js';
import { InformError, systemCodeOf } from '../../errors.js';
import { syncFolder, writeFully } from '../../util/files/atomic-file.js';
import { withOutputErrors, isSameFile, unwritable } from '../../util/files/file-errors.js';
import type { Fingerprint, InputFingerprint } from './fingerprint-types.js';
import { hasItsName, NO_FOLLOW, openLocked, type LockedFile, type LockFile } from '../../addon/locked-file.js';
import { LineSum } from './line-sum.js';
import { encodeRecord, JOURNAL_FORMAT, type EndRecord, type RowRecord } from './records.js';
import { readRowsInOrder, type Extent } from './read-records.js';
import { isUnreadable, summarizeJournal, type JournalSummary, type UnreadableJournal } from './summarize.js';
import { JournalWriter } from './writer.js';

/** The journal of a run with this output. */
export function journalOf(output: string): string {
  return `${output}.journal`;
}

/** Where a damaged journal is kept as it was found. */
export function damagedOf(output: string): string {
  return `${journalOf(output)}.damaged`;
}

/** Bytes of the header that are compared with every write. */
const COMPARED_BYTES = 2 ** 16;
const COPY_BYTES = 2 ** 20;
const SPACE = 0x20;

/**
 * The journal of a run: a file beside the output that holds every row's result as soon as there is one. This process alone has
 * it while it is open: the lock is the operating system's, and goes with the process. Where the file system keeps no locks, and
 * for what a lock does not hold off, every write looks first whether the file is still as this run left it.
 */
export class Journal {
  readonly path: string;
  /** What an earlier run left in it. */
  readonly found: JournalSummary | UnreadableJournal | undefined;
  /** Whether the file system keeps no locks, so that nothing holds another run off. */
  readonly unlocked: boolean;
  readonly #output: string;
  readonly #file: FileHandle;
  readonly #writer: JournalWriter;
  /** How the file begins, from when this run has written to it. */
  #head: Buffer = Buffer.alloc(0);
  /** The rows of earlier runs, and where they stand. */
  #extents: readonly Extent[] = [];
  /** Where the rows of this run begin. */
  #start = 0;
  /** The sum over the lines of all rows that are in it. */
  readonly #sum = new LineSum();

  private constructor(
    output: string,
    { file, unlocked }: LockedFile,
    found: JournalSummary | UnreadableJournal | undefined,
    length: number,
  ) {
    this.path = journalOf(output);
    this.found = found;
    this.unlocked = unlocked;
    this.#output = output;
    this.#file = file;
    this.#writer = new JournalWriter(file, { name: this.path, check: (expected) => this.#check(expected) });
    this.#writer.startAt(length);
  }

  /**
   * Opens and locks the journal of an output, and looks at what is in it.
   *
   * @param lock in place of the operating system's
   * @throws InformError INFORM_OUTPUT_IN_USE, INFORM_OUTPUT_UNWRITABLE
   */
  static async open(output: string, lock?: LockFile): Promise<Journal> {
    const locked = await openLocked(journalOf(output), output, lock);
    try {
      const { size } = await locked.file.stat();
      return new Journal(output, locked, await summarizeJournal(locked.file, journalOf(output)), size);
    } catch (error) {
      await locked.file.close();
      throw error;
    }
  }

  /** How many rows are in it, of this run and of earlier ones. */
  get rows(): number {
    return this.#sum.count;
  }

  /** Starts anew: what was in the file is gone. @throws InformError as all that follows: INFORM_OUTPUT_UNWRITABLE, INFORM_JOURNAL_CHANGED */
  async start(fingerprint: Fingerprint): Promise<void> {
    await this.#check(this.#writer.length);
    await withOutputErrors(this.path, this.#file.truncate(0));
    this.#writer.startAt(0);
    const began = new Date().toISOString();
    const nonce = randomBytes(16).toString('hex');
    const header = encodeRecord({ kind: 'header', format: JOURNAL_FORMAT, began, nonce, fingerprint });
    await this.#writer.append(header);
    await this.sync();
    this.#head = Buffer.from(header).subarray(0, COMPARED_BYTES);
    this.#start = this.#writer.length;
    await syncFolder(dirname(this.path));
  }

  /**
   * Goes on with what is good of `found`. Where more is lost than a torn last line, the file is copied aside first; what is
   * damaged is then overwritten with spaces.
   */
  async resume({ damage, bytes, headerBytes, extents, sum }: JournalSummary): Promise<void> {
    await this.#check(this.#writer.length);
    if (damage !== undefined) {
      if (!damage.torn) await withOutputErrors(damagedOf(this.#output), this.#copyTo(damagedOf(this.#output)));
      await withOutputErrors(this.path, this.#blank(damage.extents));
      await withOutputErrors(this.path, this.#file.truncate(bytes));
      await withOutputErrors(this.path, this.#file.datasync());
      this.#writer.startAt(bytes);
    }
    this.#head = await this.#read(0, Math.min(headerBytes, COMPARED_BYTES));
    this.#extents = extents;
    this.#start = this.#writer.length;
    this.#sum.addSum(sum);
  }

  /** Takes a row's result, which is on disk within a few seconds. */
  async add(record: RowRecord): Promise<void> {
    const line = encodeRecord(record);
    this.#sum.add(line.slice(0, -1));
    await this.#writer.append(line);
  }

  /** From here on the inputs are these. */
  async addInputs(inputs: readonly InputFingerprint[]): Promise<void> {
    await this.#writer.append(encodeRecord({ kind: 'inputs', inputs: [...inputs] }));
  }

  /** The run is done, and its files are about to get their names. */
  async addEnd(end: Omit<EndRecord, 'kind'>): Promise<void> {
    await this.#writer.append(encodeRecord({ kind: 'end', ...end }));
    await this.sync();
  }

  /** Resolves once all that was added is on disk. */
  async sync(): Promise<void> {
    await this.#writer.sync();
  }

  /** The rows of earlier runs, in input order. */
  async *resumed(): AsyncGenerator<RowRecord> {
    for await (const { record } of readRowsInOrder(this.#file, this.path, this.#extents)) yield record;
  }

  /**
   * All rows in input order, read back from the file.
   *
   * @throws InformError INFORM_JOURNAL_CHANGED at its end, where they are not the very rows that were put in
   */
  async *results(): AsyncGenerator<RowRecord> {
    await this.sync();
    await this.#check(this.#writer.length);
    const own = { start: this.#start, end: this.#writer.length };
    const sum = new LineSum();
    for await (const { record, bytes } of readRowsInOrder(this.#file, this.path, [...this.#extents, own])) {
      sum.add(bytes);
      yield record;
    }
    if (sum.equals(this.#sum)) return;
    throw changed(this.path, `gives back ${sum.count} rows of ${this.#sum.count}, or others than were put in`);
  }

  /** How many rows the next run will find in it. */
  async readableRows(): Promise<number> {
    const summary = await summarizeJournal(this.#file, this.path);
    return summary === undefined || isUnreadable(summary) ? 0 : summary.rows;
  }

  /** Lets go of it, and of the lock. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Removes it, as nobody needs it any more, and lets go of it. @throws InformError INFORM_JOURNAL_CHANGED where it is another's */
  async remove(): Promise<void> {
    await this.#check(this.#writer.length);
    await withOutputErrors(this.path, unlink(this.path));
    await syncFolder(dirname(this.path));
    await this.close();
  }

  /** What is written to a file that has no name any more is lost, and what somebody else writes to it is not ours. */
  async #check(length: number): Promise<void> {
    if (!(await hasItsName(this.path, this.#file))) {
      throw unwritable(this.path, 'is gone: it was removed, or its disk was unmounted, during the run.');
    }
    const { size } = await withOutputErrors(this.path, this.#file.stat());
    if (size !== length) throw changed(this.path, `has ${size} bytes where this run left ${length}`);
    if (!(await this.#read(0, this.#head.length)).equals(this.#head)) {
      throw changed(this.path, 'does not begin as this run left it');
    }
  }

  async #read(start: number, length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    if (length > 0) await withOutputErrors(this.path, this.#file.read(buffer, 0, length, start));
    return buffer;
  }

  /** An entry that is there already is replaced and never written to, whatever it points to. */
  async #copyTo(path: string): Promise<void> {
    await unlink(path).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
    });
    const copy = await open(path, 'wx');
    try {
      const buffer = Buffer.allocUnsafe(COPY_BYTES);
      for (let position = 0; ;) {
        const { bytesRead } = await this.#file.read(buffer, 0, COPY_BYTES, position);
        if (bytesRead === 0) break;
        await writeFully(copy, buffer.subarray(0, bytesRead));
        position += bytesRead;
      }
      await copy.sync();
    } finally {
      await copy.close();
    }
    await syncFolder(dirname(path));
  }

  /** Overwrites lines with blank ones, so that all others stay where they are: a crash in its midst changes nothing. */
  async #blank(extents: readonly Extent[]): Promise<void> {
    if (extents.length === 0) return;
    // What is open for appending writes at its end alone.
    const file = await open(this.path, constants.O_RDWR | NO_FOLLOW);
    try {
      if (!isSameFile(await this.#file.stat(), await file.stat())) throw changed(this.path, 'is another file now');
      for (const { start, end } of extents) {
        for (let at = start; at < end; at += COPY_BYTES) {
          const blank = Buffer.alloc(Math.min(COPY_BYTES, end - at), SPACE);
          blank[blank.length - 1] = LINE_FEED;
          await writeFully(file, blank, at);
        }
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

function changed(path: string, what: string): InformError {
  return new InformError(
    'INFORM_JOURNAL_CHANGED',
    `${path} ${what}: another program, or the disk, changed it during the run. No output was made of it. ` +
      'Run the same command again when nothing else writes to it: rows that are good are kept, all others are scored again.',
  );
}
