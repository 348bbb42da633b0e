import { parseResultLine } from './output/results.js';
import { fingerprintRun } from './journal/fingerprint.js';
import type { Fingerprint } from './journal/fingerprint-types.js';
import { digestInput, type DigestedInput } from './journal/input-digest.js';
import type { PreparedModel } from '../models/prepare.js';
import type { RowRecord } from './journal/records.js';
import { checkInputsUnchanged, comparedChunks } from './journal/unchanged-input.js';
import type { PipeStart } from '../input/pipe-start.js';
import type { InputRow } from '../input/rows.js';
import type { SampleReader } from '../input/sample-reader.js';
import type { RunOptions } from '../options/table.js';
import { packageVersion } from '../util/package-root.js';
import { counted } from '../util/format.js';
import type { Reporter } from './reporter.js';
import type { ShardTask } from './shards/shard-task.js';
import { planShards, withRange } from './shards/plan.js';
import { formatShard, rowsOf, type RowRange, type Shard, type ShardNumber } from './shards/shard.js';
import type { RunStats } from './run-stats.js';
import type { JournaledOutput } from './output/journaled-output.js';
import { RunRows } from './rows.js';

/** What a run with a journal is begun with. */
export interface ResumeOptions {
  options: RunOptions;
  model: PreparedModel;
  inputs: readonly string[];
  /** The first input that can be read only once. */
  pipe: PipeStart | undefined;
  /** Size of all inputs together in bytes; undefined when one is a pipe. */
  totalBytes: number | undefined;
  shard: ShardNumber | undefined;
  reader: SampleReader;
  /** Has the shard, of a run that many machines share. */
  task: ShardTask | undefined;
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
  reporter: Reporter,
): Promise<ResumeState> {
  const { options, model, inputs, signal, totalBytes } = run;
  // The options may name a folder or a repository, which only now is a file.
  await output.refuseToWriteOver([{ as: 'the model', path: model.path }]);
  const digested = await digestInputs(output, run);
  const whole = await fingerprintRun({
    version: packageVersion(),
    model,
    options,
    inputs: digested.map(({ file, bytes, sha256 }) => ({ file, bytes, sha256 })),
    signal,
  });
  const shard = await shardOf(output, run, whole, digested, reporter);
  const fingerprint = { ...whole, shard: shard && formatShard(shard) };
  const started = await output.start(fingerprint, digested);
  for (const note of started.notes) reporter.note(note);

  const done = started.rows === 0 ? undefined : new DoneRows(output, stats);
  const rows = new RunRows(inputs, shard, {
    maxLineBytes: options.maxLineBytes,
    pipe: run.pipe,
    sizes: digested.map(({ bytes }) => bytes),
    check: (index, chunks) => comparedChunks(digested[index] ?? { file: '' }, chunks),
    confirm: async (index) => {
      await checkInputsUnchanged(digested.slice(index, index + 1), { followed: false });
    },
    isDone: done && ((row) => done.has(row)),
    signal,
  });
  if (done === undefined) return { rows, done: shard?.range !== undefined && rowsOf(shard, 0) === 0 };
  done.onRow = (bytes) => {
    reporter.update({ label: 'Checking what is scored already', fraction: totalBytes && bytes / totalBytes });
  };
  // Up to the first row that is left: where nothing is damaged, those are all that are done.
  const allDone = await rows.isAtEnd();
  done.onRow = undefined;
  reporter.clear();
  if (!allDone) await output.goOn(fingerprint);
  const fraction = totalBytes === undefined || started.missing > 0 ? undefined : done.bytes / totalBytes;
  reporter.note(resumeText(started.rows, allDone, fraction));
  return { rows, done: allDone };
}

/** The shard with its rows. A shard that version 0.1 began keeps the rows that it had there. */
async function shardOf(
  output: JournaledOutput,
  { inputs, options, reader, shard, task, signal, totalBytes }: ResumeOptions,
  fingerprint: Fingerprint,
  digested: readonly DigestedInput[],
  reporter: Reporter,
): Promise<Shard | undefined> {
  if (shard === undefined) return undefined;
  const known = output.knownShard;
  if (known !== undefined && known.range === undefined) return shard;
  const plan = async (): Promise<RowRange[]> => {
    const ranges = await planShards(inputs, shard.count, reader, {
      maxLineBytes: options.maxLineBytes,
      sizes: digested.map(({ bytes }) => bytes),
      onRow: (bytes) => {
        reporter.update({ label: 'Cutting the input into shards', fraction: totalBytes && bytes / totalBytes });
      },
      signal,
    });
    reporter.clear();
    return ranges;
  };
  return withRange(shard, await (task === undefined ? plan() : task.ranges(fingerprint, digested, plan)));
}

/** The rows that an earlier run did, each compared with the input's row, and counted in, when its turn comes. */
class DoneRows {
  /** Bytes of the input up to the end of the last row that is done. */
  bytes = 0;
  onRow: ((bytes: number) => void) | undefined;
  readonly #records: AsyncGenerator<RowRecord>;
  #next: IteratorResult<RowRecord> | undefined;

  constructor(
    private readonly output: JournaledOutput,
    private readonly stats: RunStats,
  ) {
    this.#records = output.finished();
  }

  async has(row: InputRow | undefined): Promise<boolean> {
    this.#next ??= await this.#records.next();
    if (this.#next.done === true) return false;
    const record = this.#next.value;
    // A row before it is one that damage took.
    if (row !== undefined && row.row < record.row) return false;
    this.output.checkRow(record, row);
    this.#next = undefined;
    this.#count(record);
    this.bytes = row?.bytes ?? this.bytes;
    this.onRow?.(this.bytes);
    return true;
  }

  #count({ kind, json, tokens, truncated, holdsSpecialText }: RowRecord): void {
    if (kind === 'reject') this.stats.addResumed();
    else this.stats.addResumed({ ...parseResultLine(json), tokens, truncated, holdsSpecialText });
  }
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
  const count = counted(rows, 'row');
  if (done) return `Resuming: all ${count} are scored already; only the output is left to write.`;
  const share = fraction === undefined ? '' : ` (${Math.floor(100 * fraction)} % of the input)`;
  return `Resuming: ${count}${share} ${rows === 1 ? 'is' : 'are'} scored already.`;
}
