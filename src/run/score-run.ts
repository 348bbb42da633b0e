import { throwIfAborted } from '../util/abort.js';
import { confirmOnTerminal } from '../cli/confirm.js';
import { ExitCode } from '../cli/exit-codes.js';
import { InformError, messageOf } from '../errors.js';
import type { InputRow } from '../input/rows.js';
import { checkedConversation } from '../input/sample.js';
import { checkInputs, inputName, STDIN, type InputCheck } from '../input/source.js';
import { refuseWrongInput } from '../input/wrong-input.js';
import { prepareModel, type PreparedModel } from '../models/prepare.js';
import { DEMO, DEMO_NOTICE } from '../models/resolve.js';
import { modelOptionsOf } from '../options/check.js';
import { type RunOptions } from '../options/table.js';
import type { Job, Outcome } from '../scoring/score-stream.js';
import { formatCount, Progress, scoringStatus } from '../cli/terminal-progress.js';
import { RejectNotes } from './reject-notes.js';
import { RowNotes } from './row-notes.js';
import { RunLog } from './run-log.js';
import { beginRun } from './resume.js';
import { JournaledOutput } from './output/journaled-output.js';
import { openOutput } from './output/open-output.js';
import type { RunOutput } from './output/output.js';
import { RunRows } from './rows.js';
import { chooseInputs, requireModel, type RunSettings } from './settings.js';
import { formatStats, PipelineStats } from '../scoring/pipeline-stats.js';
import { formatSummary, RunStats } from './run-stats.js';
import type { EngineProcess } from '../supervisor/engine-process.js';
import { SupervisedModel } from '../supervisor/supervised-model.js';

const INTERRUPTED = 'The run was interrupted.';

/**
 * Scores files: from the inputs' rows to an output in input order, with progress, rejects and a summary on the way.
 * Resolves to the exit code. Throws InformError for what ends a run before its time; what was scored until then is in the
 * journal, and the same call goes on from there.
 *
 * @param engine a process that may still be starting; whoever started it ends it
 * @param interrupted ends the run in order
 */
export async function runScore(
  options: RunOptions,
  settings: RunSettings,
  engine: EngineProcess,
  interrupted: AbortSignal,
): Promise<number> {
  const model = requireModel(options);
  const inputs = chooseInputs(options.input);
  const size = await checkInputs(inputs);
  throwIfAborted(interrupted, INTERRUPTED);
  const output = await openOutput(options.output, inputs, settings);
  const run = new ScoreRun(options, settings, inputs, size, output, engine);
  try {
    return await run.execute(model, interrupted);
  } catch (error) {
    await run.abandon(error, interrupted.aborted);
    if (!interrupted.aborted) throw error;
    throw new InformError('INFORM_ABORTED', INTERRUPTED, { cause: error });
  }
}

/** A row on its way through the engine, and the id that its result will carry: '' where it has none to come. */
interface RowTag {
  row: InputRow;
  idJson: string;
}

class ScoreRun {
  readonly stats = new RunStats();
  readonly #pipeline = new PipelineStats();
  readonly #progress: Progress;
  readonly #rejects: RejectNotes;
  readonly #rows: RowNotes;
  #log: RunLog | undefined;
  /** What scoring took. */
  #seconds = 0;

  constructor(
    private readonly options: RunOptions,
    private readonly settings: RunSettings,
    private readonly inputs: readonly string[],
    private readonly size: InputCheck,
    private readonly output: RunOutput,
    private readonly engine: EngineProcess,
  ) {
    this.#progress = new Progress({ mode: settings.progress });
    const note = (line: string): void => {
      this.#progress.note(line);
    };
    this.#rejects = new RejectNotes(note);
    this.#rows = new RowNotes(note);
  }

  async execute(modelName: string, interrupted: AbortSignal): Promise<number> {
    const { output, stats, settings } = this;
    if (settings.log !== undefined) this.#log = await RunLog.open(settings.log);
    const signal = AbortSignal.any([interrupted, output.readerGone]);
    const prepared = await this.#prepare(modelName, signal);
    const { rows, done } = await this.#begin(prepared, signal);
    try {
      if (!done) await this.#scoreRest(prepared, rows, signal);
    } finally {
      await rows.close();
    }
    if (!output.readerGone.aborted) {
      this.#rejects.sumUp();
      if (settings.shard === undefined) this.#refuseNothing(rows.read);
      await output.finish(rows.read);
      await this.#summarize(modelName === DEMO ? modelName : prepared.path);
    }
    await this.#log?.close();
    return stats.rejected > 0 ? ExitCode.someRejected : ExitCode.done;
  }

  /** A result without a score: right for an input without rows, an error for one with rows. */
  #refuseNothing(rows: number): void {
    if (rows === 0)
      this.#progress.note(`${this.inputs.map(inputName).join(', ')}: no samples, so there are no scores.`);
    else if (this.stats.scored === 0) throw this.#rejects.nothingScored();
  }

  /** After a failure: closes everything, and says what is kept and how to go on. */
  async abandon(error: unknown, interrupted: boolean): Promise<void> {
    this.#progress.clear();
    // The failure that ended the run is the one to report; none that follows from it may take its place.
    await this.#log?.write('failed', { reason: messageOf(error), scored: this.stats.scored }).catch(() => undefined);
    await this.#log?.close().catch(() => undefined);
    const kept = await this.output.abandon().catch(() => undefined);
    if (kept !== undefined) {
      const rows = `${formatCount(kept.rows)} ${kept.rows === 1 ? 'row is' : 'rows are'}`;
      this.#progress.note(`The run did not finish. ${rows} kept in ${kept.journal}.`);
    }
    const { resumeLine } = this.settings;
    const resumable = this.output.rejectsPath !== undefined && (interrupted || kept !== undefined);
    if (!resumable || resumeLine === undefined) return;
    const how = this.inputs.includes(STDIN) ? 'Pipe the same input in again to resume it:' : 'Resume it with:';
    this.#progress.note(how);
    this.#progress.note(`  ${resumeLine}`);
  }

  /** Finds the model's files, which may have to be fetched or made. */
  async #prepare(modelName: string, signal: AbortSignal): Promise<PreparedModel> {
    if (modelName === DEMO) this.#progress.note(DEMO_NOTICE);
    const prepared = await prepareModel(modelName, modelOptionsOf(this.options), {
      signal,
      confirm: confirmOnTerminal({
        yes: this.settings.yes === true,
        signal,
        beforeAsking: () => {
          this.#progress.clear();
        },
      }),
      onProgress: (status) => {
        this.#progress.update(status);
      },
    });
    this.#progress.clear();
    return prepared;
  }

  /** The rows that are to be scored: all, or those that an earlier run left. */
  async #begin(model: PreparedModel, signal: AbortSignal): Promise<{ rows: RunRows; done: boolean }> {
    const { inputs, output, options, size, settings } = this;
    const { shard, followAppended = false } = settings;
    if (!(output instanceof JournaledOutput)) {
      const { maxLineBytes } = options;
      return { rows: new RunRows(inputs, undefined, { maxLineBytes, signal }), done: false };
    }
    const run = { options, model, inputs, totalBytes: size.bytes, shard, followAppended, signal };
    return beginRun(output, run, this.stats, this.#progress);
  }

  async #scoreRest(prepared: PreparedModel, rows: RunRows, signal: AbortSignal): Promise<void> {
    const model = await this.#load(prepared, signal);
    try {
      await this.#log?.write('start', {
        options: this.options,
        inputs: this.inputs,
        model: model.info,
        resumed: this.stats.resumed?.rows,
      });
      await this.#scoreRows(model, rows, signal);
    } catch (error) {
      // Whoever read our standard output has all they wanted: that ends the run, quietly.
      if (!this.output.readerGone.aborted) throw error;
    } finally {
      await model.close();
      this.#showEngineLog(model);
    }
  }

  async #load(prepared: PreparedModel, signal: AbortSignal): Promise<SupervisedModel> {
    const model = await SupervisedModel.load(prepared, {
      process: this.engine,
      signal,
      onProgress: (fraction) => {
        this.#progress.update({ label: 'Loading model', fraction });
      },
      onCrash: (what) => {
        this.#progress.note(what);
      },
    });
    this.#progress.clear();
    for (const note of model.info.notes) this.#progress.note(note);
    this.#showEngineLog(model);
    return model;
  }

  async #scoreRows(model: SupervisedModel, rows: RunRows, signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const elapsed = (): number => (performance.now() - start) / 1000;
    // A pipe may fall silent, a file does not.
    const live = this.size.bytes === undefined;
    for await (const outcome of model.scoreJobs(this.#jobs(rows), { live, signal, stats: this.#pipeline })) {
      await this.#record(outcome);
      this.#progress.update(
        scoringStatus({
          samples: this.stats.scored + this.stats.rejected,
          tokens: this.stats.tokens - (this.stats.resumed?.tokens ?? 0),
          seconds: elapsed(),
          bytes: outcome.tag.row.bytes,
          totalBytes: this.size.bytes,
        }),
      );
    }
    this.#progress.clear();
    this.#seconds = elapsed();
  }

  async *#jobs(rows: RunRows): AsyncGenerator<Job<RowTag>> {
    const areAll = this.settings.shard === undefined;
    for await (const row of this.stats.resumed ? rows : refuseWrongInput(rows, areAll)) {
      // A row that could not be read travels along as its error, so that rejects keep the input's order.
      const conversation = row.ok ? checkedConversation(row.value) : row.error;
      const idJson = conversation instanceof InformError ? '' : this.#rows.idOf(row);
      yield { tag: { row, idJson }, conversation, characters: row.text?.length };
    }
  }

  #showEngineLog(model: SupervisedModel): void {
    if (this.settings.verbose !== true) return;
    for (const line of model.takeLog()) this.#progress.note(line);
  }

  async #record(outcome: Outcome<RowTag>): Promise<void> {
    const { row, idJson } = outcome.tag;
    if (outcome.error !== undefined) {
      await this.#reject(row, outcome.error);
      return;
    }
    const { score, tokens, truncated, holdsSpecialText } = outcome;
    const sample = { idJson, score, tokens, truncated, holdsSpecialTokens: holdsSpecialText };
    await this.output.score(row, sample);
    this.stats.addScored(sample);
    if (truncated) await this.#log?.write('truncated', { file: row.file, line: row.line }, idJson);
  }

  async #reject(row: InputRow, error: InformError): Promise<void> {
    const place = `${row.file}, line ${row.line}`;
    if (this.options.onError === 'stop')
      throw new InformError(error.code, `${place}: ${error.message}`, { cause: error });
    this.stats.addRejected();
    await this.output.reject(row, error);
    await this.#log?.write('rejected', {
      file: row.file,
      line: row.line,
      row: row.row,
      code: error.code,
      reason: error.message,
    });
    this.#rejects.add(place, error);
  }

  async #summarize(modelPath: string): Promise<void> {
    const { stats } = this;
    const { model: name, type } = this.options;
    const seconds = this.#seconds;
    await this.#log?.write('finished', {
      seconds,
      scored: stats.scored,
      rejected: stats.rejected,
      truncated: stats.truncated,
      tokens: stats.tokens,
      mean: stats.mean,
      standardDeviation: stats.standardDeviation,
    });
    const rejects = stats.rejected > 0 ? this.output.rejectsPath : undefined;
    // A folder's or repository's conversion lies elsewhere.
    const model = name === modelPath ? undefined : `${name ?? ''} as ${type}: ${modelPath}`;
    process.stderr.write(
      formatSummary(stats, { seconds, maxLength: this.options.maxLength, output: this.options.output, rejects, model }),
    );
    if (this.settings.stats === true) process.stderr.write(formatStats(this.#pipeline));
  }
}
