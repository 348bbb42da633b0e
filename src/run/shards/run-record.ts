import { link, open, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { InformError, messageOf, systemCodeOf } from '../../errors.js';
import { boundedTextOf } from '../../util/files/bounded-text.js';
import { syncFolder, temporaryPath } from '../../util/files/atomic-file.js';
import { entryOf, outputError, withOutputErrors } from '../../util/files/file-errors.js';
import { differences } from '../journal/fingerprint.js';
import type { Fingerprint } from '../journal/fingerprint-types.js';
import { compareInputs, type DigestedInput } from '../journal/input-digest.js';
import { invalidHeader } from '../journal/validate.js';
import { MAX_SHARDS, type RowRange } from './shard.js';

/** What all tasks of a run agree on: the first one writes it, and every other one compares. */
export interface RunRecord {
  /** Model, options and inputs, for no shard. */
  fingerprint: Fingerprint;
  /** The rows of every shard. */
  ranges: readonly RowRange[];
}

const FORMAT = 1;
/** 10,000 shards take 0.2 MB, and each input 150 bytes. */
const MAX_RECORD_BYTES = 64 * 2 ** 20;

function recordOf(folder: string): string {
  return path.join(folder, 'run.json');
}

/**
 * The run that a folder holds; undefined where none has begun.
 *
 * @throws InformError INFORM_RUN_DIFFERS where the file is no record of a run that this version reads
 */
export async function readRunRecord(folder: string): Promise<RunRecord | undefined> {
  const file = recordOf(folder);
  let text: string | undefined;
  try {
    const handle = await open(file);
    text = await boundedTextOf(handle, MAX_RECORD_BYTES).finally(() => handle.close());
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw differs(`${file} cannot be read: ${messageOf(error)}.`);
  }
  const record = text === undefined ? undefined : decode(text);
  if (record !== undefined) return record;
  throw differs(`${file} was not written by this version of inform-score, or was edited. Name another --run-dir.`);
}

/**
 * Makes a run's record, as a whole and only where there is none, and gives the one that is there then: this one or that of a
 * task that was faster.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE
 */
export async function makeRunRecord(folder: string, record: RunRecord): Promise<RunRecord> {
  const file = recordOf(folder);
  const temporary = temporaryPath(file);
  try {
    await writeFile(temporary, encode(record), { flag: 'wx', flush: true });
    await link(temporary, file).catch(async (error: unknown) => {
      if (systemCodeOf(error) === 'EEXIST') return;
      // A file system without hard links: two that begin at the same moment may both write, and each compares what is there then.
      if ((await entryOf(file)) === undefined) await withOutputErrors(file, rename(temporary, file));
    });
  } catch (error) {
    throw outputError(file, error);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
  return (await readRunRecord(folder)) ?? record;
}

/** Throws INFORM_RUN_DIFFERS for a task of another number of shards. */
export function refuseOtherCount(folder: string, { ranges }: RunRecord, count: number): void {
  if (ranges.length === count) return;
  throw differs(
    `The run in ${folder} has ${ranges.length} shards, and this task is one of ${count}. Pass --shards ${ranges.length} (or i/${ranges.length}), or name another --run-dir.`,
  );
}

/** Throws INFORM_RUN_DIFFERS for a task with another model, other options or other inputs; says which. */
export function refuseOtherRun(
  folder: string,
  { fingerprint: then }: RunRecord,
  now: Fingerprint,
  inputs: readonly DigestedInput[],
): void {
  const { changed, grown } = compareInputs(then.inputs, inputs);
  const different = [...differences(then, now), ...changed, ...(grown ? ['the last input has grown'] : [])];
  if (different.length === 0) return;
  throw differs(
    `The run in ${folder} was begun by another command: ${different.join('; ')}. Run it with what it was begun with, or name another --run-dir.`,
  );
}

function encode({ fingerprint, ranges }: RunRecord): string {
  const rows = ranges.at(-1)?.total ?? 0;
  const starts = ranges.map(({ from }) => from);
  const { shard, ...rest } = fingerprint;
  return `${JSON.stringify({ run: 'inform-score', format: FORMAT, shards: ranges.length, rows, ...rest, shard, starts }, undefined, 1)}\n`;
}

function decode(text: string): RunRecord | undefined {
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const { run, format, shards, rows, starts, ...fingerprint } = members;
  if (run !== 'inform-score' || format !== FORMAT || !isStarts(starts, shards, rows)) return undefined;
  if (invalidHeader({ began: '', fingerprint }) !== undefined) return undefined;
  const total = rows as number;
  const ranges = starts.map((from, i) => ({ from, to: starts[i + 1] ?? total, total }));
  return { fingerprint: fingerprint as unknown as Fingerprint, ranges };
}

/** Ascending from 0 on, none of them beyond the rows. */
function isStarts(starts: unknown, shards: unknown, rows: unknown): starts is number[] {
  if (!Array.isArray(starts) || starts.length !== shards || starts.length > MAX_SHARDS || starts[0] !== 0) return false;
  const bounds: unknown[] = [...(starts as unknown[]), rows];
  return bounds.every(
    (bound, i) => Number.isSafeInteger(bound) && (i === 0 || (bound as number) >= (bounds[i - 1] as number)),
  );
}

function differs(message: string): InformError {
  return new InformError('INFORM_RUN_DIFFERS', message);
}
