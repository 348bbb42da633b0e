import { copyFile, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../util/files/atomic-file.js';
import { explained, unwritable } from '../../util/files/file-errors.js';
import type { Fingerprint, InputFingerprint } from './fingerprint-types.js';
import { hasItsName, openLocked, type LockedFile } from '../../addon/locked-file.js';
import { encodeRecord, JOURNAL_FORMAT, type EndRecord, type RowRecord } from './records.js';
import { readRecords } from './read-records.js';
import { summarizeJournal, type JournalSummary } from './summarize.js';
import { JournalWriter } from './writer.js';

/** The journal of a run with this output. */
export function journalOf(output: string): string {
  return `${output}.journal`;
}

/** Where a damaged journal is kept as it was found. */
export function damagedOf(output: string): string {
  return `${journalOf(output)}.damaged`;
}

/**
 * The journal of a run: a file beside the output that holds every row's result as soon as there is one, in input order. This
 * process alone has it while it is open: the lock is the operating system's, and goes with the process.
 */
export class Journal {
  readonly path: string;
  /** What an earlier run left in it. */
  readonly found: JournalSummary | 'unreadable' | undefined;
  /** Whether the file system keeps no locks, so that nothing holds another run off. */
  readonly unlocked: boolean;
  readonly #output: string;
  readonly #file: FileHandle;
  readonly #writer: JournalWriter;
  #rows: number;

  private constructor(
    output: string,
    { file, unlocked }: LockedFile,
    found: JournalSummary | 'unreadable' | undefined,
  ) {
    this.path = journalOf(output);
    this.found = found;
    this.unlocked = unlocked;
    this.#output = output;
    this.#file = file;
    this.#rows = typeof found === 'object' ? found.rows : 0;
    this.#writer = new JournalWriter(file, { name: this.path, check: () => this.#checkPlace() });
  }

  /**
   * Opens and locks the journal of an output, and looks at what is in it.
   *
   * @throws InformError INFORM_OUTPUT_IN_USE, INFORM_OUTPUT_UNWRITABLE
   */
  static async open(output: string): Promise<Journal> {
    const locked = await openLocked(journalOf(output), output);
    try {
      return new Journal(output, locked, await summarizeJournal(locked.file, journalOf(output)));
    } catch (error) {
      await locked.file.close();
      throw error;
    }
  }

  /** How many rows are in it, of this run and of earlier ones. */
  get rows(): number {
    return this.#rows;
  }

  /** Begins anew: what was in the file is gone. @throws InformError INFORM_OUTPUT_UNWRITABLE, as all that follows */
  async start(fingerprint: Fingerprint): Promise<void> {
    await explained(this.path, this.#file.truncate(0));
    this.#rows = 0;
    const began = new Date().toISOString();
    await this.#writer.append(encodeRecord({ kind: 'header', format: JOURNAL_FORMAT, began, fingerprint }));
    await this.sync();
    await syncFolder(dirname(this.path));
  }

  /** Goes on after what is good of `found`. Where more is lost than a torn last line, the file is copied aside first. */
  async resume({ damage, bytes }: JournalSummary): Promise<void> {
    if (damage === undefined) return;
    const copy = damagedOf(this.#output);
    if (!damage.last) await explained(copy, copyFile(this.path, copy));
    await explained(this.path, this.#file.truncate(bytes));
  }

  /** Takes a row's result, which is on disk within a few seconds. */
  async add(record: RowRecord): Promise<void> {
    this.#rows++;
    await this.#writer.append(encodeRecord(record));
  }

  /** From here on the inputs are these. */
  async addInputs(inputs: InputFingerprint[]): Promise<void> {
    await this.#writer.append(encodeRecord({ kind: 'inputs', inputs }));
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

  /** The results of the rows so far, in input order; those that were added since the last `sync` may be missing. */
  async *results(): AsyncGenerator<RowRecord> {
    for await (const { record } of readRecords(this.#file, this.path)) {
      if (record.kind === 'score' || record.kind === 'reject') yield record;
    }
  }

  /** Lets go of it, and of the lock. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Removes it, as nobody needs it any more. */
  async remove(): Promise<void> {
    await explained(this.path, unlink(this.path));
    await syncFolder(dirname(this.path));
    await this.close();
  }

  /** What is written to a file that has no name any more is lost. */
  async #checkPlace(): Promise<void> {
    if (await hasItsName(this.path, this.#file)) return;
    throw unwritable(this.path, 'is gone: it was removed, or its disk was unmounted, during the run.');
  }
}
