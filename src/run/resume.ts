import { parseResultLine } from './output/results.js';
import { fingerprintRun } from './journal/fingerprint.js';
import { digestInput, type DigestedInput } from './journal/input-digest.js';
import type { RunOptions } from '../options/table.js';
import { packageVersion } from '../util/package-root.js';
import { formatCount, type Progress } from '../cli/terminal-progress.js';
import type { Shard } from './row-shard.js';
import type { RunStats } from './run-stats.js';
import type { JournaledOutput } from './output/journaled-output.js';
import { RunRows } from './rows.js';

/** What a run with a journal is begun with. */
export interface ResumeOptions {
  options: RunOptions;
  /** The GGUF file. */
  modelPath: string;
  inputs: readonly string[];
  /** Of all inputs together, in bytes; undefined when one is a pipe. */
  totalBytes: number | undefined;
  shard: Shard | undefined;
  followAppended: boolean;
  signal: AbortSignal;
}

export interface ResumeState {
  /** The rows that are left to score. */
  rows: RunRows;
  /** Whether there are any. */
  done: boolean;
}

/**
 * Begins a run, or takes up what an earlier one left: checks that it is the same run, takes the rows that are done off the
 * input, each compared with what the journal has of it, and counts them in.
 *
 * @throws InformError INFORM_CANNOT_RESUME, INFORM_INPUT_UNREADABLE, INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED, and what
 *   reading the model's file throws
 */
export async function resumeRun(
  output: JournaledOutput,
  run: ResumeOptions,
  stats: RunStats,
  progress: Progress,
): Promise<ResumeState> {
  const { options, modelPath, inputs, shard, signal, totalBytes } = run;
  const digested = await digestInputs(output, run);
  const fingerprint = await fingerprintRun({
    version: packageVersion(),
    modelPath,
    options,
    shard,
    inputs: digested.map(({ file, bytes, sha256 }) => ({ file, bytes, sha256 })),
  });
  const started = await output.start(fingerprint, digested);
  for (const note of started.notes) progress.note(note);

  const rows = new RunRows(inputs, shard, {
    maxLineBytes: options.maxLineBytes,
    sizes: digested.map(({ bytes }) => bytes),
    signal,
  });
  if (started.rows === 0) return { rows, done: false };
  let bytes = 0;
  for await (const record of output.finished()) {
    const row = await rows.take();
    output.checkRow(record, row);
    if (record.kind === 'reject') stats.addRejected();
    else {
      const { tokens, truncated, holdsSpecialText } = record;
      stats.addScored({ ...parseResultLine(record.json), tokens, truncated, holdsSpecialText });
    }
    bytes = row?.bytes ?? bytes;
    progress.update({ label: 'Checking what is scored already', fraction: totalBytes && bytes / totalBytes });
  }
  progress.clear();
  stats.markResumed();
  const done = await rows.isAtEnd();
  if (!done) await output.goOn(fingerprint);
  progress.note(resumeText(started.rows, done, totalBytes === undefined ? undefined : bytes / totalBytes));
  return { rows, done };
}

async function digestInputs(output: JournaledOutput, run: ResumeOptions): Promise<DigestedInput[]> {
  const digested: DigestedInput[] = [];
  for (const [index, input] of run.inputs.entries()) {
    const options = { before: output.knownBytes[index], wholeLines: run.followAppended, signal: run.signal };
    digested.push(await digestInput(input, options));
  }
  return digested;
}

function resumeText(rows: number, done: boolean, fraction: number | undefined): string {
  const count = `${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'}`;
  if (done) return `Resuming: all ${count} are scored already; only the output is left to write.`;
  const share = fraction === undefined ? '' : ` (${Math.floor(100 * fraction)} % of the input)`;
  return `Resuming: ${count}${share} ${rows === 1 ? 'is' : 'are'} scored already.`;
}
