import { open, stat, type FileHandle } from 'node:fs/promises';
import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { unwritable } from '../util/files/file-errors.js';
import { fileSha256 } from '../util/files/sha256.js';
import { outputPaths, refuseToReplace, refuseToWriteOver, rejectsOf, targetOf } from './output/output-paths.js';
import { linePieces } from './output/formats/pieces.js';
import { readShard, type Shard } from './shards/shard.js';
import { differences } from './journal/fingerprint.js';
import { compareInputs } from './journal/input-digest.js';
import { journalOf } from './journal/journal.js';
import type { EndRecord, RowRecord } from './journal/records.js';
import { LineSum } from './journal/line-sum.js';
import { readRowsInOrder } from './journal/read-records.js';
import { isUnreadable, summarizeJournal, type JournalSummary } from './journal/summarize.js';
import { writeOutputs, type OutputPaths } from './journal/write-outputs.js';

/** A finished shard: its output, and the journal beside it, which knows the row of every line. */
interface FinishedShard {
  output: string;
  shard: Shard;
  run: JournalSummary;
  end: EndRecord;
}

interface MergeCounts {
  scored: number;
  rejected: number;
}

/**
 * Puts the outputs of a run's shards together as `output`, with the rejected rows beside it.
 *
 * @throws InformError INFORM_INVALID_SHARDS, INFORM_OUTPUT_UNWRITABLE
 */
export async function mergeOutputs(
  shards: readonly string[],
  output: string,
  { overwrite }: { overwrite: boolean },
): Promise<MergeCounts & { rejectsPath: string }> {
  const found = await stat(output).catch(() => undefined);
  if (found?.isFile() === false) throw unwritable(output, 'is no regular file. Name a file.');
  const target = await targetOf(output);
  const paths = { output: target, rejects: rejectsOf(target) };
  const reads = shards.flatMap(outputPaths).map((path) => ({ as: 'the input', path }));
  await refuseToWriteOver(Object.values(paths), reads);
  if (!overwrite) for (const path of Object.values(paths)) await refuseToReplace(path);
  return { ...(await mergeShards(shards, paths)), rejectsPath: paths.rejects };
}

/**
 * Writes the output, and the rejects, that one run over all rows would have written. Memory does not grow with the rows.
 *
 * @throws InformError INFORM_INVALID_SHARDS where they do not fit or are not complete, INFORM_OUTPUT_UNWRITABLE
 */
export async function mergeShards(outputs: readonly string[], target: OutputPaths): Promise<MergeCounts> {
  const shards: FinishedShard[] = [];
  for (const output of outputs) shards.push(await checkShard(output));
  checkFit(shards);
  const hasRejects = shards.some(({ end }) => end.rejects !== undefined);
  const counts = { scored: 0, rejected: 0 };
  await writeOutputs(
    target,
    linePieces(() => countedRows(rowsOfShards(shards), counts)),
    { hasRejects, beforeNames: () => Promise.resolve() },
  );
  return counts;
}

/** Checks that a shard is finished, and that its output is still what it was then. */
async function checkShard(output: string): Promise<FinishedShard> {
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
    return { output, shard, run, end: run.end };
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

function checkFit(shards: readonly FinishedShard[]): void {
  const [first] = shards;
  if (first === undefined) return;
  const { count } = first.shard;
  const byIndex = new Map<number, FinishedShard>();
  for (const shard of shards) {
    const { index } = shard.shard;
    if (shard.shard.count !== count) {
      throw invalid(`${first.output} is one of ${count} shards, ${shard.output} one of ${shard.shard.count}.`);
    }
    const other = byIndex.get(index);
    if (other) throw invalid(`${other.output} and ${shard.output} are both shard ${index}/${count}.`);
    byIndex.set(index, shard);
    const different = differencesOf(first, shard);
    if (different.length > 0) {
      throw invalid(`${first.output} and ${shard.output} are of different runs: ${different.join('; ')}.`);
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

function differencesOf(first: FinishedShard, other: FinishedShard): string[] {
  const whole = { shard: undefined };
  const found = differences({ ...first.run.fingerprint, ...whole }, { ...other.run.fingerprint, ...whole });
  const { changed, grown } = compareInputs(first.run.inputs, other.run.inputs);
  found.push(...changed);
  if (grown || first.end.rows !== other.end.rows) {
    found.push(`the input had ${first.end.rows} rows in one and ${other.end.rows} in the other`);
  }
  if ((first.shard.range === undefined) !== (other.shard.range === undefined)) {
    found.push('one was cut by version 0.1, in another way');
  }
  return found;
}

/** All rows in the order of the input. */
function rowsOfShards(shards: readonly FinishedShard[]): AsyncGenerator<RowRecord> {
  const inOrder = shards.toSorted((a, b) => a.shard.index - b.shard.index);
  return shards[0]?.shard.range === undefined ? interleaved(inOrder) : oneAfterTheOther(inOrder);
}

async function* oneAfterTheOther(shards: readonly FinishedShard[]): AsyncGenerator<RowRecord> {
  let row = 0;
  for (const shard of shards) {
    const { to = 0 } = shard.shard.range ?? {};
    const rows = checkedRows(shard);
    for (; row < to; row++) yield await nextRow(rows, row, shard);
    await rows.next();
  }
}

/** As version 0.1 cut: row r is the next one of shard r mod count + 1. */
async function* interleaved(shards: readonly FinishedShard[]): AsyncGenerator<RowRecord> {
  const rows = shards.map(checkedRows);
  try {
    const total = shards[0]?.end.rows ?? 0;
    for (let row = 0; row < total; row++) {
      const [shard, own] = [shards[row % shards.length], rows[row % shards.length]];
      if (shard !== undefined && own !== undefined) yield await nextRow(own, row, shard);
    }
    for (const own of rows) await own.next();
  } finally {
    await Promise.all(rows.map((own) => own.return(undefined)));
  }
}

async function nextRow(rows: AsyncGenerator<RowRecord>, row: number, { output }: FinishedShard): Promise<RowRecord> {
  const next = await rows.next();
  if (next.done !== true && next.value.row === row) return next.value;
  throw invalid(`${output} has no row ${row}. Run its shard again.`);
}

/** The rows of a shard's journal; at their end they are the ones that were looked at before. */
async function* checkedRows({ output, run }: FinishedShard): AsyncGenerator<RowRecord> {
  const journal = journalOf(output);
  const file = await openJournal(journal);
  try {
    const sum = new LineSum();
    for await (const { record, bytes } of readRowsInOrder(file, journal, run.extents)) {
      sum.add(bytes);
      yield record;
    }
    if (!sum.equals(run.sum)) throw invalid(`${journal} changed while it was read. Run its shard again.`);
  } finally {
    await file.close();
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
