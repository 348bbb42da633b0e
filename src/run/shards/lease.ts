import { link, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lockDescriptor } from '../../addon/locked-file.js';
import { InformError, messageOf, systemCodeOf } from '../../errors.js';
import { throwIfAborted } from '../../util/abort.js';
import { boundedTextOf } from '../../util/files/bounded-text.js';
import { syncFolder, temporaryPath, writeFully } from '../../util/files/atomic-file.js';
import { outputError, withOutputErrors } from '../../util/files/file-errors.js';

// A lease is a file that says who has a shard, made for one task and one time: `<shard>.lease-1`, then `-2`, and so on. Only one
// task can make a file of a name, on any file system, so that each number ("term") has one holder. The holder writes to it again
// and again; one that stays as it is for the lease's time has lost its holder, and the next term may be made. Clocks are not
// compared: who waits counts how often it found the same. A holder that was only cut off, and comes back, does no harm: each term
// has a journal of its own (journals.ts), and it finds the next term's lease with its next beat.

/** What a holder tells of its work. */
export interface LeaseProgress {
  /** Rows that are done, and of those the ones that were there already. */
  rows: number;
  before: number;
  rejected: number;
  tokens: number;
  /** Since the first row was begun. */
  seconds: number;
}

/** `interrupted`: a signal ended its task; `stopped`: a failure did. */
export type LeaseState = 'running' | 'interrupted' | 'stopped' | 'done';

/** What stands in a lease's file. */
export interface LeaseRecord extends LeaseProgress {
  state: LeaseState;
  host: string;
  boot: string;
  pid: number;
  /** Whether the holder has a lock of the operating system on the file, which ends with its process. */
  locked: boolean;
  /** How long the holder may be silent. */
  leaseSeconds: number;
  beat: number;
}

export interface LeaseOptions {
  /** How long a holder may be silent. */
  seconds: number;
  signal?: AbortSignal | undefined;
  /** Told again and again who has the shard, while another task has it. */
  onWait?: ((holder: LeaseRecord | undefined) => void) | undefined;
}

/** A holder writes, and one that waits looks, so often within the lease's time. */
const BEATS = 6;
/** Always as long, so that a new text never is half of an old one. */
const RECORD_BYTES = 512;
const MAX_RECORD_BYTES = 64 * 1024;
/** What file systems without hard links answer. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'];

const NOTHING: LeaseProgress = { rows: 0, before: 0, rejected: 0, tokens: 0, seconds: 0 };

export class Lease {
  /** Aborts when another task has the shard now, or may have it. Its reason is the InformError to end with. */
  readonly lost: AbortSignal;
  readonly #lost = new AbortController();
  readonly #base: string;
  readonly #file: FileHandle;
  readonly #record: LeaseRecord;
  readonly #leaseMs: number;
  readonly #timer: NodeJS.Timeout;
  #beating: Promise<void> = Promise.resolve();
  #pending = false;
  #renewedAt = performance.now();

  private constructor(
    base: string,
    readonly term: number,
    file: FileHandle,
    record: LeaseRecord,
    seconds: number,
  ) {
    this.lost = this.#lost.signal;
    this.#base = base;
    this.#file = file;
    this.#record = record;
    this.#leaseMs = seconds * 1000;
    this.#timer = setInterval(() => {
      this.#renew();
    }, this.#leaseMs / BEATS).unref();
  }

  /**
   * Waits until nobody has a shard, and takes it.
   *
   * @param base the shard's name: the file's path without its ending
   * @throws InformError INFORM_ABORTED, INFORM_OUTPUT_UNWRITABLE
   */
  static async take(base: string, { seconds, signal, onWait }: LeaseOptions): Promise<Lease> {
    for (;;) {
      const term = await newestTerm(base);
      if (term > 0) await untilFree(leaseOf(base, term), (seconds * 1000) / BEATS, { signal, onWait });
      throwIfAborted(signal, 'The run was interrupted.');
      const made = await makeLease(base, term + 1, seconds);
      if (made !== undefined) return new Lease(base, term + 1, made.file, made.record, seconds);
    }
  }

  /** What the next beat tells. */
  tell(progress: LeaseProgress): void {
    Object.assign(this.#record, progress);
  }

  /** Lets others have the shard, at once. */
  async release(state: Exclude<LeaseState, 'running'>): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    this.#record.state = state;
    // Where the file system does not answer, they wait until it is old.
    await this.#write().catch(() => undefined);
    await this.#file.close().catch(() => undefined);
  }

  #renew(): void {
    if (performance.now() - this.#renewedAt > this.#leaseMs) {
      this.#lose(`could not be renewed for ${this.#leaseMs / 1000} seconds: its file system does not answer.`);
    }
    if (this.#pending) return;
    this.#pending = true;
    this.#beating = this.#beat()
      .catch(() => undefined) // the next one may do
      .finally(() => {
        this.#pending = false;
      });
  }

  async #beat(): Promise<void> {
    if (await exists(leaseOf(this.#base, this.term + 1))) {
      this.#lose('was taken by another task, because nothing was heard of this one for too long.');
      return;
    }
    await this.#write();
    this.#renewedAt = performance.now();
  }

  async #write(): Promise<void> {
    this.#record.beat++;
    await writeFully(this.#file, encode(this.#record), 0);
    await this.#file.datasync();
  }

  #lose(what: string): void {
    clearInterval(this.#timer);
    if (this.#lost.signal.aborted) return;
    const message = `The lease of ${path.basename(this.#base)} ${what} What this task scored is kept as far as it was written. Start it again.`;
    this.#lost.abort(new InformError('INFORM_SHARD_TAKEN', message));
  }
}

function leaseOf(base: string, term: number): string {
  return `${base}.lease-${term}`;
}

/** A list of a folder may be an old one, on a network: what it ends with is looked for once more by name. */
async function newestTerm(base: string): Promise<number> {
  const start = `${path.basename(base)}.lease-`;
  const names = await withOutputErrors(base, readdir(path.dirname(base)));
  let newest = 0;
  for (const name of names) {
    if (name.startsWith(start)) newest = Math.max(newest, Number(/^\d{1,9}$/.exec(name.slice(start.length))?.[0] ?? 0));
  }
  while (await exists(leaseOf(base, newest + 1))) newest++;
  return newest;
}

/** Resolves once the holder of a lease has let go of it, has ended, or has been silent for too long. */
async function untilFree(
  file: string,
  pollMs: number,
  { signal, onWait }: Pick<LeaseOptions, 'signal' | 'onWait'>,
): Promise<void> {
  let seen: string | undefined;
  for (let same = 0; same <= BEATS;) {
    const { text, record } = await readLease(file);
    if (record !== undefined && (record.state !== 'running' || (await hasEnded(file, record)))) return;
    same = text === seen ? same + 1 : 0;
    seen = text;
    onWait?.(record);
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
    throwIfAborted(signal, 'The run was interrupted.');
  }
}

/** Whether the holder was a process of this machine that is gone: then the system has let go of its lock. */
async function hasEnded(file: string, { host, boot, locked }: LeaseRecord): Promise<boolean> {
  if (!locked || host !== hostname() || boot !== bootId()) return false;
  const handle = await open(file, 'r+').catch(() => undefined);
  if (handle === undefined) return false;
  try {
    return lockDescriptor(handle.fd) === 'locked';
  } finally {
    await handle.close();
  }
}

/** Makes the lease of a term for this process; undefined where another one was first. */
async function makeLease(
  base: string,
  term: number,
  leaseSeconds: number,
): Promise<{ file: FileHandle; record: LeaseRecord } | undefined> {
  const name = leaseOf(base, term);
  const own = { host: hostname(), boot: bootId(), pid: process.pid, leaseSeconds, beat: 0 };
  const temporary = temporaryPath(name);
  try {
    // Locked and filled before it has its name: who finds it finds all of it.
    const file = await open(temporary, 'wx+');
    try {
      const record: LeaseRecord = {
        state: 'running',
        ...own,
        locked: lockDescriptor(file.fd) === 'locked',
        ...NOTHING,
      };
      await writeFully(file, encode(record), 0);
      await file.sync();
      await link(temporary, name);
      await syncFolder(path.dirname(name));
      return { file, record };
    } catch (error) {
      await file.close();
      throw error;
    }
  } catch (error) {
    const code = systemCodeOf(error) ?? '';
    if (code === 'EEXIST') return undefined;
    if (!NO_LINKS.includes(code)) throw outputError(name, error);
  } finally {
    await rm(temporary, { force: true });
  }
  try {
    const file = await open(name, 'wx+');
    const record: LeaseRecord = { state: 'running', ...own, locked: false, ...NOTHING };
    await writeFully(file, encode(record), 0);
    await file.sync();
    return { file, record };
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return undefined;
    throw outputError(name, error);
  }
}

function encode(record: LeaseRecord): Buffer {
  return Buffer.from(`${JSON.stringify(record).padEnd(RECORD_BYTES - 1)}\n`);
}

/** A lease as it stands in its file, and how long ago it was written. Opened anew each time: that is when a network file system asks its server. */
export async function readLease(
  file: string,
): Promise<{ text: string; record: LeaseRecord | undefined; ageMs: number }> {
  let text: string;
  let ageMs = Infinity;
  try {
    const handle = await open(file);
    try {
      text = (await boundedTextOf(handle, MAX_RECORD_BYTES)) ?? 'too long';
      ageMs = Date.now() - (await handle.stat()).mtimeMs;
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { text: messageOf(error), record: undefined, ageMs };
  }
  try {
    const record = JSON.parse(text) as LeaseRecord;
    return { text, record: typeof record.state === 'string' ? record : undefined, ageMs };
  } catch {
    return { text, record: undefined, ageMs };
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw outputError(file, error);
  }
}

/** Tells a machine from others of its name, and from itself before it was started anew; '' where the system has no such thing. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
