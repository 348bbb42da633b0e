import { createHash, type Hash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { unwritable } from '../util/files/file-errors.js';
import { fileSha256 } from '../util/files/sha256.js';
import { rejectsOf } from '../input/rejects.js';
import { outputPaths, refuseToReplace, refuseToWriteOver, targetOf } from './output/output-paths.js';
import { linePieces } from './output/formats/pieces.js';
import { finishedJournal, newestJournal } from './shards/journals.js';
import type { RunRecord } from './shards/run-record.js';
import { rangesText, requireRunRecord } from './shards/run-status.js';
import { shardBase } from './shards/shard-task.js';
import { formatShard, readShard, type Shard } from './shards/shard.js';
import { differences } from './journal/fingerprint.js';
import { compareInputs } from './journal/input-digest.js';
import { journalOf } from './journal/journal.js';
import type { EndRecord, RowRecord } from './journal/records.js';
import { LineSum } from './journal/line-sum.js';
import { readRowsInOrder } from './journal/read-records.js';
import { isUnreadable, summarizeJournal, type JournalSummary } from './journal/summarize.js';
import { writeOutputs, type OutputPaths } from './journal/write-outputs.js';

/** A shard: its journal, which knows the row of every line, and beside that its output, where there is one. */
interface MergedShard {
  /** For messages. */
  name: string;
  journal: string;
  shard: Shard;
  run: JournalSummary;
  /** undefined where it is not finished, and taken as far as it is. */
  end: EndRecord | undefined;
  /** Whether the lines were compared with the end's hashes: else they are while they are read. */
  isHashed: boolean;
}

interface MergeCounts {
  scored: number;
  rejected: number;
}

interface MergeOptions {
  overwrite: boolean;
}

export interface MergedRun extends MergeCounts {
  rejectsPath: string;
}

/**
 * Puts the outputs of a run's shards together as `output`, with the rejected rows beside it.
 *
 * @throws InformError INFORM_INVALID_SHARDS, INFORM_OUTPUT_UNWRITABLE
 */
export async function mergeOutputs(
  shards: readonly string[],
  output: string,
  { overwrite }: MergeOptions,
): Promise<MergedRun> {
  const paths = await targetPaths(output, shards.flatMap(outputPaths), overwrite);
  return { ...(await mergeShards(shards, paths)), rejectsPath: paths.rejects };
}

/**
 * The same of a run in a folder that its tasks shared; with `partial` of as many rows as are done.
 *
 * @throws InformError INFORM_INVALID_SHARDS, INFORM_OUTPUT_UNWRITABLE; INFORM_RUN_DIFFERS where the folder holds no run
 */
export async function mergeRun(
  folder: string,
  output: string,
  { overwrite, partial }: MergeOptions & { partial: boolean },
): Promise<MergedRun & { of: number; rows: number }> {
  const record = await requireRunRecord(folder);
  const [shards, missing] = await shardsIn(folder, record, partial);
  if (missing.length > 0 && !partial) {
    const names = missing.length === 1 ? 'A shard is' : `${missing.length} shards are`;
    throw invalid(
      `${names} not finished in ${folder}, by their numbers from 0 on: ${rangesText(missing, 0)}. Run them to their end ("inform-score status" says how far they are), or pass --partial.`,
    );
  }
  const paths = await targetPaths(
    output,
    shards.map(({ journal }) => journal),
    overwrite,
  );
  const counts = await writeMerged(shards, oneAfterTheOther(shards), paths);
  const { total: rows = 0 } = record.ranges.at(-1) ?? {};
  return { ...counts, rejectsPath: paths.rejects, of: record.ranges.length, rows };
}

async function targetPaths(output: string, read: readonly string[], overwrite: boolean): Promise<OutputPaths> {
  const found = await stat(output).catch(() => undefined);
  if (found?.isFile() === false) throw unwritable(output, 'is no regular file. Name a file.');
  const target = await targetOf(output);
  const paths = { output: target, rejects: rejectsOf(target) };
  await refuseToWriteOver(
    Object.values(paths),
    read.map((path) => ({ as: 'the input', path })),
  );
  if (!overwrite) for (const path of Object.values(paths)) await refuseToReplace(path);
  return paths;
}

/**
 * Writes the output, and the rejects, that one run over all rows would have written. Memory does not grow with the rows.
 *
 * @throws InformError INFORM_INVALID_SHARDS where they do not fit or are not complete, INFORM_OUTPUT_UNWRITABLE
 */
export async function mergeShards(outputs: readonly string[], target: OutputPaths): Promise<MergeCounts> {
  const shards: MergedShard[] = [];
  for (const output of outputs) shards.push(await checkShard(output));
  checkFit(shards);
  const inOrder = shards.toSorted((a, b) => a.shard.index - b.shard.index);
  const rows = inOrder[0]?.shard.range === undefined ? interleaved(inOrder) : oneAfterTheOther(inOrder);
  return writeMerged(inOrder, rows, target);
}

async function writeMerged(
  shards: readonly MergedShard[],
  rows: AsyncIterable<RowRecord>,
  target: OutputPaths,
): Promise<MergeCounts> {
  const hasRejects = shards.some(({ run }) => run.rejected > 0);
  const counts = { scored: 0, rejected: 0 };
  await writeOutputs(
    target,
    linePieces(() => countedRows(rows, counts)),
    { hasRejects, beforeNames: () => Promise.resolve() },
  );
  return counts;
}

/** The shards of a run that can be merged, and the numbers of those that are not finished. */
async function shardsIn(folder: string, record: RunRecord, partial: boolean): Promise<[MergedShard[], number[]]> {
  const shards: MergedShard[] = [];
  const missing: number[] = [];
  for (const [i, range] of record.ranges.entries()) {
    const base = shardBase(folder, i + 1);
    const finished = await finishedJournal(base);
    if (finished === undefined) missing.push(i + 1);
    const found = finished ?? (partial ? await newestJournal(base) : undefined);
    if (found === undefined) continue;
    const { file: journal, summary: run } = found;
    const shard = { index: i + 1, count: record.ranges.length, range };
    const expected = { ...record.fingerprint, shard: formatShard(shard) };
    const { changed } = compareInputs(record.fingerprint.inputs, run.inputs);
    const different = [...differences(expected, run.fingerprint), ...changed];
    if (different.length > 0) throw invalid(`${journal} is of another run than run.json: ${different.join('; ')}.`);
    shards.push({ name: journal, journal, shard, run, end: finished?.summary.end, isHashed: false });
  }
  return [shards, missing];
}

/** Checks that a shard is finished, and that its output is still what it was then. */
async function checkShard(output: string): Promise<MergedShard> {
  const journal = journalOf(output);
  const file = await openJournal(journal);
  try {
    const run = await summarizeJournal(file, journal);
    if (run !== undefined && isUnreadable(run)) throw invalid(`${journal} ${run.unreadable}.`);
    if (run?.damage !== undefined || run === undefined) {
      throw invalid(`${journal} is damaged. Run its shard again: what is good of it is not computed again.`);
    }
    const shard = readShard(run.fingerprint.shard);
    if (shard === undefined) throw invalid(`${output} is the output of a whole run, not of a shard.`);
    if (!run.complete || run.end === undefined) {
      throw invalid(`${output}, shard ${shard.index}/${shard.count}, is not finished. Run it again to its end.`);
    }
    if ((await fileSha256(output).catch(() => undefined)) !== run.end.output) {
      throw invalid(`${output} is missing, or not what its run wrote. Run its shard again: nothing is computed again.`);
    }
    return { name: output, journal, shard, run, end: run.end, isHashed: true };
  } finally {
    await file.close();
  }
}

async function openJournal(journal: string): Promise<FileHandle> {
  return open(journal).catch((error: unknown) => {
    throw systemCodeOf(error) === 'ENOENT'
      ? invalid(`${journal} is missing: it is made with "score --shard", and belongs beside the shard's output.`, error)
      : invalid(`${journal} cannot be read: ${messageOf(error)}.`, error);
  });
}

function checkFit(shards: readonly MergedShard[]): void {
  const [first] = shards;
  if (first === undefined) return;
  const { count } = first.shard;
  const byIndex = new Map<number, MergedShard>();
  for (const shard of shards) {
    const { index } = shard.shard;
    if (shard.shard.count !== count) {
      throw invalid(`${first.name} is one of ${count} shards, ${shard.name} one of ${shard.shard.count}.`);
    }
    const other = byIndex.get(index);
    if (other) throw invalid(`${other.name} and ${shard.name} are both shard ${index}/${count}.`);
    byIndex.set(index, shard);
    const different = differencesOf(first, shard);
    if (different.length > 0) {
      throw invalid(`${first.name} and ${shard.name} are of different runs: ${different.join('; ')}.`);
    }
  }
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !byIndex.has(index));
  if (missing.length > 0) {
    const names = missing.slice(0, 10).map((index) => `${index}/${count}`);
    throw invalid(
      `${missing.length === 1 ? 'A shard is' : `${missing.length} shards are`} missing: ${names.join(', ')}.`,
    );
  }
}

function differencesOf(first: MergedShard, other: MergedShard): string[] {
  const whole = { shard: undefined };
  const found = differences({ ...first.run.fingerprint, ...whole }, { ...other.run.fingerprint, ...whole });
  const { changed, grown } = compareInputs(first.run.inputs, other.run.inputs);
  found.push(...changed);
  const [rows, otherRows] = [first.end?.rows, other.end?.rows];
  if (grown || rows !== otherRows) found.push(`the input had ${rows} rows in one and ${otherRows} in the other`);
  if ((first.shard.range === undefined) !== (other.shard.range === undefined)) {
    found.push('one was cut by version 0.1, in another way');
  }
  return found;
}

/** Of shards in their order. */
async function* oneAfterTheOther(shards: readonly MergedShard[]): AsyncGenerator<RowRecord> {
  for (const shard of shards) {
    const rows = checkedRows(shard);
    if (shard.end === undefined) yield* rows;
    else {
      const { from, to } = shard.shard.range ?? { from: 0, to: 0 };
      for (let row = from; row < to; row++) yield await nextRow(rows, row, shard);
      await rows.next();
    }
  }
}

/** As version 0.1 cut: row r is the next one of shard r mod count + 1. */
async function* interleaved(shards: readonly MergedShard[]): AsyncGenerator<RowRecord> {
  const rows = shards.map(checkedRows);
  try {
    const total = shards[0]?.end?.rows ?? 0;
    for (let row = 0; row < total; row++) {
      const [shard, own] = [shards[row % shards.length], rows[row % shards.length]];
      if (shard !== undefined && own !== undefined) yield await nextRow(own, row, shard);
    }
    for (const own of rows) await own.next();
  } finally {
    await Promise.all(rows.map((own) => own.return(undefined)));
  }
}

async function nextRow(rows: AsyncGenerator<RowRecord>, row: number, { name }: MergedShard): Promise<RowRecord> {
  const next = await rows.next();
  if (next.done !== true && next.value.row === row) return next.value;
  throw invalid(`${name} has no row ${row}. Run its shard again.`);
}

/** The rows of a shard's journal; at their end they are the ones that were looked at before. */
async function* checkedRows({ journal, run, end, isHashed }: MergedShard): AsyncGenerator<RowRecord> {
  const file = await openJournal(journal);
  try {
    const sum = new LineSum();
    const hashes = new LineHashes();
    for await (const { record, bytes } of readRowsInOrder(file, journal, run.extents)) {
      sum.add(bytes);
      if (!isHashed) hashes.add(record);
      yield record;
    }
    if (!sum.equals(run.sum)) throw invalid(`${journal} changed while it was read. Run its shard again.`);
    if (isHashed || end === undefined || hashes.areOf(end)) return;
    throw invalid(`${journal} does not hold what its end says. Remove it, and run its shard again.`);
  } finally {
    await file.close();
  }
}

/** The hashes of the files that rows are made into. */
class LineHashes {
  readonly #scores = createHash('sha256');
  #rejects: Hash | undefined;

  add({ kind, json }: RowRecord): void {
    (kind === 'score' ? this.#scores : (this.#rejects ??= createHash('sha256'))).update(`${json}\n`);
  }

  areOf({ output, rejects }: EndRecord): boolean {
    return this.#scores.digest('hex') === output && this.#rejects?.digest('hex') === rejects;
  }
}

async function* countedRows(rows: AsyncIterable<RowRecord>, counts: MergeCounts): AsyncGenerator<RowRecord> {
  for await (const record of rows) {
    if (record.kind === 'score') counts.scored++;
    else counts.rejected++;
    yield record;
  }
}

function invalid(message: string, cause?: unknown): InformError {
  return new InformError('INFORM_INVALID_SHARDS', message, cause === undefined ? {} : { cause });
}
