import { open, readdir } from 'node:fs/promises';
import { InformError } from '../../errors.js';
import { LINE_FEED } from '../../input/bytes.js';
import { withOutputErrors } from '../../util/files/file-errors.js';
import { decodeRecord } from '../journal/records.js';
import { readLease, type LeaseRecord } from './lease.js';
import { readRunRecord, type RunRecord } from './run-record.js';
import type { RowRange } from './shard.js';
import { shardBase } from './shard-task.js';

/**
 * `done`: its journal came to its end. `running`: a task has it, and was heard of lately; `silent`: not lately. `interrupted`:
 * a signal ended its task before the end, `stopped`: a failure did. `waiting`: no task had it yet.
 */
type ShardState = 'done' | 'running' | 'silent' | 'interrupted' | 'stopped' | 'waiting';

export interface ShardStatus {
  /** 1..count */
  index: number;
  state: ShardState;
  rows: number;
  done: number;
  rejected: number;
  /** Of the task that has it. */
  rowsPerSecond?: number | undefined;
  secondsLeft?: number | undefined;
  host?: string | undefined;
}

export interface RunStatus {
  complete: boolean;
  shards: ShardStatus[];
  rows: number;
  done: number;
  rejected: number;
  /** Of all tasks that are running. */
  rowsPerSecond: number;
  /** Until all shards that are running are done, or that are left: undefined where nothing runs. */
  secondsLeft?: number | undefined;
  /** The shards that are neither done nor running. */
  missing: number[];
}

interface ShardFiles {
  lease: number;
  journal: number;
}

/**
 * How far a run is, from the ends of its journals and what its tasks tell. Little is read, whatever the size of the run.
 *
 * @throws InformError INFORM_RUN_DIFFERS where the folder holds no run
 */
export async function statusOf(folder: string): Promise<RunStatus> {
  const record = await requireRunRecord(folder);
  const files = await filesOfShards(folder);
  const shards: ShardStatus[] = [];
  for (const [i, range] of record.ranges.entries()) {
    shards.push(await shardStatus(shardBase(folder, i + 1), i + 1, range, files.get(i + 1)));
  }
  const sum = (of: (shard: ShardStatus) => number): number => shards.reduce((total, shard) => total + of(shard), 0);
  const [rows, done] = [sum((shard) => shard.rows), sum((shard) => shard.done)];
  const rowsPerSecond = sum((shard) => shard.rowsPerSecond ?? 0);
  return {
    complete: shards.every(({ state }) => state === 'done'),
    shards,
    rows,
    done,
    rejected: sum((shard) => shard.rejected),
    rowsPerSecond,
    secondsLeft: rowsPerSecond > 0 ? (rows - done) / rowsPerSecond : undefined,
    missing: shards.filter(({ state }) => state !== 'done' && state !== 'running').map(({ index }) => index),
  };
}

/** The record of the run in a folder. Throws INFORM_RUN_DIFFERS where there is none. */
export async function requireRunRecord(folder: string): Promise<RunRecord> {
  const record = await readRunRecord(folder);
  if (record !== undefined) return record;
  throw new InformError(
    'INFORM_RUN_DIFFERS',
    `${folder} holds no run: there is no run.json in it. Name the folder that "score --run-dir" was given, once a task has begun.`,
  );
}

/** Shards, by numbers from `base` on, as schedulers write them: "0-3,7". */
export function rangesText(indexes: readonly number[], base: 0 | 1): string {
  const parts: [from: number, to: number][] = [];
  for (const index of indexes) {
    const number = index - 1 + base;
    const last = parts.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

const SHARD_FILE = /^shard-(\d{5})\.(?:lease-(\d{1,9})|t(\d{1,9})\.journal)$/;

/** The newest lease and the newest journal of every shard; 0 where there is none. */
async function filesOfShards(folder: string): Promise<Map<number, ShardFiles>> {
  const found = new Map<number, ShardFiles>();
  for (const name of await withOutputErrors(folder, readdir(folder))) {
    const [, shard, lease = 0, journal = 0] = (SHARD_FILE.exec(name) ?? []).map(Number);
    if (shard === undefined) continue;
    const { lease: newestLease, journal: newestJournal } = found.get(shard) ?? { lease: 0, journal: 0 };
    found.set(shard, {
      lease: Math.max(newestLease, lease || 0),
      journal: Math.max(newestJournal, journal || 0),
    });
  }
  return found;
}

async function shardStatus(
  base: string,
  index: number,
  { from, to }: RowRange,
  { lease: term, journal }: ShardFiles = { lease: 0, journal: 0 },
): Promise<ShardStatus> {
  const rows = to - from;
  const lease = term === 0 ? undefined : await readLease(`${base}.lease-${term}`);
  const tail = journal === 0 ? undefined : await tailOf(`${base}.t${journal}.journal`);
  const { rejected = 0, host } = lease?.record ?? {};
  const ended = tail?.ended === true;
  const done = ended ? rows : tail?.lastRow === undefined ? 0 : Math.max(tail.lastRow - from + 1, 0);
  const state = ended ? 'done' : stateOf(lease?.record, lease?.ageMs);
  if (state !== 'running') return { index, state, rows, done, rejected, host };
  const rowsPerSecond = rateOf(lease?.record);
  const secondsLeft = rowsPerSecond === undefined ? undefined : (rows - done) / rowsPerSecond;
  return { index, state, rows, done, rejected, rowsPerSecond, secondsLeft, host };
}

function stateOf(lease: LeaseRecord | undefined, ageMs = Infinity): ShardState {
  if (lease === undefined) return 'waiting';
  if (lease.state !== 'running') return lease.state === 'interrupted' ? 'interrupted' : 'stopped';
  return ageMs > lease.leaseSeconds * 1000 ? 'silent' : 'running';
}

function rateOf(lease: LeaseRecord | undefined): number | undefined {
  if (lease === undefined || lease.seconds <= 0 || lease.rows <= lease.before) return undefined;
  return (lease.rows - lease.before) / lease.seconds;
}

/** The end of a journal is enough: rows ascend. A rejected row repeats a sample of up to a megabyte. */
const TAIL_BYTES = [2 ** 16, 4 * 2 ** 20];

async function tailOf(file: string): Promise<{ ended: boolean; lastRow: number | undefined } | undefined> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    for (const bytes of TAIL_BYTES) {
      const start = Math.max(size - bytes, 0);
      const buffer = Buffer.alloc(size - start);
      await handle.read(buffer, 0, buffer.length, start);
      const found = lastRecordIn(buffer);
      if (found !== undefined) return found;
    }
    return { ended: false, lastRow: undefined };
  } finally {
    await handle.close();
  }
}

function lastRecordIn(bytes: Buffer): { ended: boolean; lastRow: number | undefined } | undefined {
  for (let end = bytes.lastIndexOf(LINE_FEED); end > 0;) {
    const start = bytes.lastIndexOf(LINE_FEED, end - 1) + 1;
    const record = decodeRecord(bytes.subarray(start, end));
    if (record?.kind === 'end') return { ended: true, lastRow: undefined };
    if (record?.kind === 'score' || record?.kind === 'reject') return { ended: false, lastRow: record.row };
    end = start - 1;
  }
  return undefined;
}
