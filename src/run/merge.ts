import { open, stat, type FileHandle } from 'node:fs/promises';
import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { unwritable } from '../util/files/file-errors.js';
import { fileSha256 } from '../util/files/sha256.js';
import { rejectsOf } from '../input/rejects.js';
import { outputPaths, refuseToReplace, refuseToWriteOver, targetOf } from './output/output-paths.js';
import { linePieces } from './output/formats/pieces.js';
import { parseShard } from './row-shard.js';
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
  /** 1..count */
  index: number;
  count: number;
  run: JournalSummary;
  end: EndRecord;
  file: FileHandle;
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
): Promise<{ scored: number; rejected: number; rejectsPath: string }> {
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
export async function mergeShards(
  outputs: readonly string[],
  target: OutputPaths,
): Promise<{ scored: number; rejected: number }> {
  const shards: FinishedShard[] = [];
  try {
    for (const output of outputs) shards.push(await openShard(output));
    checkFit(shards);
    const hasRejects = shards.some(({ end }) => end.rejects !== undefined);
    const counts = { scored: 0, rejected: 0 };
    await writeOutputs(
      target,
      linePieces(() => interleave(shards, counts)),
      { hasRejects, beforeNames: () => Promise.resolve() },
    );
    return counts;
  } finally {
    await Promise.all(shards.map(({ file }) => file.close()));
  }
}

/** Opens a shard and checks that it is finished, and that its output is still what it was then. */
async function openShard(output: string): Promise<FinishedShard> {
  const journal = journalOf(output);
  const file = await open(journal).catch((error: unknown) => {
    throw systemCodeOf(error) === 'ENOENT'
      ? invalid(`${journal} is missing: it is made with "score --shard", and belongs beside the shard's output.`, error)
      : invalid(`${journal} cannot be read: ${messageOf(error)}.`, error);
  });
  try {
    const run = await summarizeJournal(file, journal);
    if (run !== undefined && isUnreadable(run)) throw invalid(`${journal} ${run.unreadable}.`);
    if (run?.damage !== undefined || run === undefined) {
      throw invalid(`${journal} is damaged. Run its shard again: what is good of it is not computed again.`);
    }
    const { shard } = run.fingerprint;
    if (shard === undefined) throw invalid(`${output} is the output of a whole run, not of a shard.`);
    if (!run.complete || run.end === undefined) {
      throw invalid(`${output}, shard ${shard}, is not finished. Run it again to its end.`);
    }
    if ((await fileSha256(output).catch(() => undefined)) !== run.end.output) {
      throw invalid(`${output} is missing, or not what its run wrote. Run its shard again: nothing is computed again.`);
    }
    return { output, ...parseShard(shard), run, end: run.end, file };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function checkFit(shards: readonly FinishedShard[]): void {
  const [first] = shards;
  if (first === undefined) return;
  const { count } = first;
  const byIndex = new Map<number, FinishedShard>();
  for (const shard of shards) {
    if (shard.count !== count) {
      throw invalid(`${first.output} is one of ${count} shards, ${shard.output} one of ${shard.count}.`);
    }
    const other = byIndex.get(shard.index);
    if (other) throw invalid(`${other.output} and ${shard.output} are both shard ${shard.index}/${count}.`);
    byIndex.set(shard.index, shard);
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
  return found;
}

/** All rows in the order of the input: row r is the next one of shard r mod count + 1. */
async function* interleave(
  shards: readonly FinishedShard[],
  counts: { scored: number; rejected: number },
): AsyncGenerator<RowRecord> {
  const inOrder = shards.toSorted((a, b) => a.index - b.index);
  const rows = inOrder.map(({ file, output, run }) => readRowsInOrder(file, journalOf(output), run.extents));
  const total = inOrder[0]?.end.rows ?? 0;
  const sums = inOrder.map(() => new LineSum());
  for (let row = 0; row < total; row++) {
    const shard = row % inOrder.length;
    const next = await rows[shard]?.next();
    if (next?.done !== false || next.value.record.row !== row) {
      throw invalid(`${inOrder[shard]?.output ?? ''} has no row ${row}. Run its shard again.`);
    }
    const { record, bytes } = next.value;
    sums[shard]?.add(bytes);
    if (record.kind === 'score') counts.scored++;
    else counts.rejected++;
    yield record;
  }
  for (const [shard, { output, run }] of inOrder.entries()) {
    if (sums[shard]?.equals(run.sum) !== true) {
      throw invalid(`${journalOf(output)} changed while it was read. Run its shard again.`);
    }
  }
}

function invalid(message: string, cause?: unknown): InformError {
  return new InformError('INFORM_INVALID_SHARDS', message, cause === undefined ? {} : { cause });
}
