import path from 'node:path';
import { withOutputErrors } from '../../util/files/file-errors.js';
import type { Fingerprint } from '../journal/fingerprint-types.js';
import type { DigestedInput } from '../journal/input-digest.js';
import type { Reporter } from '../reporter.js';
import { adoptJournal, finishedJournal, outputOfTerm } from './journals.js';
import { Lease, type LeaseProgress, type LeaseRecord, type LeaseState } from './lease.js';
import { makeRunRecord, readRunRecord, refuseOtherCount, refuseOtherRun } from './run-record.js';
import type { RowRange, ShardNumber } from './shard.js';
import { makeFolder } from '../../util/files/make-folder.js';

export interface TaskOptions {
  /** How long the task that has the shard may be silent before this one takes it. */
  leaseSeconds: number;
  signal: AbortSignal;
  reporter: Reporter;
}

const NOTE_AGAIN_MS = 60_000;

/** The shard's name in a run's folder, without its ending. */
export function shardBase(folder: string, index: number): string {
  return path.join(folder, `shard-${String(index).padStart(5, '0')}`);
}

/** A task that has one shard of a run in a folder that many machines share. */
export class ShardTask {
  private constructor(
    private readonly folder: string,
    readonly shard: ShardNumber,
    private readonly lease: Lease,
  ) {}

  /**
   * Waits until no other task has the shard, and takes it; undefined where the shard is finished.
   *
   * @throws InformError INFORM_RUN_DIFFERS for a run of another number of shards; INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
   */
  static async take(folder: string, shard: ShardNumber, options: TaskOptions): Promise<ShardTask | undefined> {
    await withOutputErrors(folder, makeFolder(folder));
    const record = await readRunRecord(folder);
    if (record !== undefined) refuseOtherCount(folder, record, shard.count);
    const base = shardBase(folder, shard.index);
    if ((await finishedJournal(base)) !== undefined) return undefined;
    const { leaseSeconds: seconds, signal, reporter } = options;
    const lease = await Lease.take(base, { seconds, signal, onWait: waitingNote(shard, seconds, reporter) });
    try {
      if ((await finishedJournal(base)) !== undefined) {
        await lease.release('done');
        return undefined;
      }
      await adoptJournal(base, lease.term);
      return new ShardTask(folder, shard, lease);
    } catch (error) {
      await lease.release('stopped');
      throw error;
    }
  }

  /** Aborts, with an InformError for its reason, when another task has the shard. */
  get lost(): AbortSignal {
    return this.lease.lost;
  }

  /** What the shard's journal is named by. */
  get output(): string {
    return outputOfTerm(shardBase(this.folder, this.shard.index), this.lease.term);
  }

  /**
   * The ranges of the run: those in its record, after comparing what it was begun with; else those that `plan` finds, which go
   * into the record.
   *
   * @throws InformError INFORM_RUN_DIFFERS, INFORM_OUTPUT_UNWRITABLE, and what `plan` throws
   */
  async ranges(
    fingerprint: Fingerprint,
    inputs: readonly DigestedInput[],
    plan: () => Promise<readonly RowRange[]>,
  ): Promise<readonly RowRange[]> {
    const { folder } = this;
    const record =
      (await readRunRecord(folder)) ?? (await makeRunRecord(folder, { fingerprint, ranges: await plan() }));
    refuseOtherCount(folder, record, this.shard.count);
    refuseOtherRun(folder, record, fingerprint, inputs);
    return record.ranges;
  }

  tell(progress: LeaseProgress): void {
    this.lease.tell(progress);
  }

  async release(state: Exclude<LeaseState, 'running'>): Promise<void> {
    await this.lease.release(state);
  }
}

function waitingNote(
  { index, count }: ShardNumber,
  seconds: number,
  { note }: Reporter,
): (holder: LeaseRecord | undefined) => void {
  let saidAt = -Infinity;
  return (holder) => {
    if (performance.now() - saidAt < NOTE_AGAIN_MS) return;
    saidAt = performance.now();
    const who = holder === undefined ? 'Another task' : `Process ${holder.pid} on ${holder.host}`;
    note(`${who} has shard ${index}/${count}. Waiting until it is done, or silent for ${seconds} seconds.`);
  };
}
