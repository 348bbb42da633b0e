import type { FileHandle } from 'node:fs/promises';
import { InformError } from '../../errors.js';
import { writeFully } from '../../util/files/atomic-file.js';
import { outputError } from '../../util/files/file-errors.js';

/** Records wait so long for others to be written with: a killed process loses no more than this. */
const WRITE_MS = 100;
/** The file is synced this often while it grows: a machine that loses power loses no more than this. */
const SYNC_MS = 2000;
/** Characters that may wait to be written before `append` waits too. */
const MAX_WAITING_BYTES = 2 ** 20;

export interface WriterOptions {
  /** For messages. */
  name: string;
  /** Called before every write and after every sync with the length that the file must have; throws where it is another. */
  check: (length: number) => Promise<void>;
}

/** Appends lines to a file, several at a time, and syncs it while others go on. After a failure it writes nothing more. */
export class JournalWriter {
  #waiting: string[] = [];
  #waitingBytes = 0;
  #writeTimer: NodeJS.Timeout | undefined;
  #syncTimer: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #synced = true;
  #failure: { error: unknown } | undefined;
  #length = 0;

  constructor(
    private readonly file: FileHandle,
    private readonly options: WriterOptions,
  ) {}

  /** The bytes in the file, without those that wait. */
  get length(): number {
    return this.#length;
  }

  /** Goes on in a file that has so many bytes. */
  startAt(length: number): void {
    this.#length = length;
  }

  /** @throws InformError INFORM_OUTPUT_UNWRITABLE for this line, or for one that was taken earlier; what `check` throws */
  async append(line: string): Promise<void> {
    this.#throwFailure();
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (this.#waitingBytes >= MAX_WAITING_BYTES) await this.#write();
    else this.#writeTimer ??= setTimeout(() => void this.#write(), WRITE_MS).unref();
    this.#throwFailure();
  }

  /** Resolves once everything is on disk. Throws as `append` does. */
  async sync(): Promise<void> {
    await this.#write(true);
    this.#throwFailure();
  }

  /** One write after the other; never rejects. */
  #write(sync = false): Promise<void> {
    this.#work = this.#work.then(() => this.#writeWaiting(sync));
    return this.#work;
  }

  async #writeWaiting(sync: boolean): Promise<void> {
    if (this.#failure) return;
    clearTimeout(this.#writeTimer);
    this.#writeTimer = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      if (lines.length > 0) {
        this.#synced = false;
        const bytes = Buffer.from(lines.join(''));
        await this.options.check(this.#length);
        await writeFully(this.file, bytes);
        this.#length += bytes.length;
      }
      if (sync) await this.#syncFile();
      else this.#syncTimer ??= setTimeout(() => void this.#write(true), SYNC_MS).unref();
    } catch (error) {
      this.#failure = { error: error instanceof InformError ? error : outputError(this.options.name, error) };
    }
  }

  async #syncFile(): Promise<void> {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    if (this.#synced) return;
    await this.file.datasync();
    await this.options.check(this.#length);
    this.#synced = true;
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
