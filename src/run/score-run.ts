import { offerBackend } from '../backends/offer.js';
import { throwIfAborted } from '../util/abort.js';
import { InformError, messageOf } from '../errors.js';
import type { InputRow } from '../input/rows.js';
import { expandInputs } from '../input/expand-inputs.js';
import { PipeStart } from '../input/pipe-start.js';
import { firstPipeOf, linesOf, lookAtInputs, refuseOwnFields, refuseToFollow } from '../input/look-at-inputs.js';
import { SampleReader } from '../input/sample-reader.js';
import { checkInputs, inputName, STDIN, type InputCheck } from '../input/source.js';
import { refuseWrongInput } from '../input/wrong-input.js';
import { prepareModel, type PreparedModel } from '../models/prepare.js';
import { DEMO, DEMO_NOTICE } from '../models/embedded-model.js';
import { modelOptionsOf } from '../options/check.js';
import { snakeCase, type RunOptions } from '../options/table.js';
import type { Job } from '../scoring/score-stream.js';
import { counted } from '../util/format.js';
import { fetchDatasets } from './fetch-datasets.js';
import { RejectNotes } from './reject-notes.js';
import { RowNotes } from './row-notes.js';
import { jobsOf, rowOutcomes, type RowOutcome, type RowTag } from './row-outcomes.js';
import { RunLog } from './run-log.js';
import { resumeRun } from './resume.js';
import { JournaledOutput } from './output/journaled-output.js';
import { openOutput } from './output/open-output.js';
import { ADDED } from './output/formats/joined.js';
import type { RunOutput, SavedRun } from './output/output.js';
import { outputPaths } from './output/output-paths.js';
import { RunRows } from './rows.js';
import { chooseInputs, requireModel, type RunSettings } from './settings.js';
import { PipelineStats } from '../scoring/pipeline-stats.js';
import type { Reporter } from './reporter.js';
import { RunStats } from './run-stats.js';
import { scoringStatus } from './scoring-status.js';
import type { EngineProcess } from '../supervisor/engine-process.js';
import { SupervisedModel } from '../supervisor/supervised-model.js';

const INTERRUPTED = 'The run was interrupted.';
const NOT_BEGUN = 'The run was interrupted before it began, and nothing was written. Begin it with the same command.';

/** What a run came to. */
export interface RunOutcome {
  readonly stats: RunStats;
  readonly pipeline: PipelineStats;
  /** Seconds that scoring took, without loading the model. */
  readonly seconds: number;
  /** Tokens that a longer sequence was cut to. */
  readonly maxLength: number;
  /** The GGUF file that was scored with. */
  readonly modelPath: string;
  /** The file of rejected rows, where there is one. */
  readonly rejectsPath: string | undefined;
  /** Whether the reader of standard output left before the end, which ends a run quietly. */
  readonly readerGone: boolean;
}

/** What a run works with beside its options and settings. */
export interface RunContext {
  /** A process that may still be starting; its owner ends it. */
  readonly engine: EngineProcess;
  /** Ends the run in order. */
  readonly signal: AbortSignal;
  readonly reporter: Reporter;
}

/**
 * Scores files: from the inputs' rows to an output in input order, with the rejected rows beside it. Throws InformError for
 * what ends a run before its time; what was scored until then is in the journal, and the same call goes on from there.
 */
export async function scoreFiles(
  options: RunOptions,
  settings: RunSettings,
  { engine, signal: interrupted, reporter }: RunContext,
): Promise<RunOutcome> {
  const { run, model, pipe } = await beginRun(options, settings, { engine, signal: interrupted, reporter }).catch(
    (error: unknown) => {
      throw interrupted.aborted ? new InformError('INFORM_ABORTED', NOT_BEGUN, { cause: error }) : error;
    },
  );
  try {
    return await run.execute(model, interrupted);
  } catch (error) {
    await run.abandon(error, interrupted.aborted);
    if (!interrupted.aborted) throw error;
    throw new InformError('INFORM_ABORTED', INTERRUPTED, { cause: error });
  } finally {
    pipe?.close();
  }
}

/** Options by the names that they have in a configuration. */
function asWritten(options: RunOptions): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [snakeCase(key), value as unknown]));
}

/** All that is settled before there is anything to resume. */
async function beginRun(
  options: RunOptions,
  settings: RunSettings,
  { engine, signal: interrupted, reporter }: RunContext,
): Promise<{ run: ScoreRun; model: string; pipe: PipeStart | undefined }> {
  const model = requireModel(options);
  const written = options.output === undefined ? [] : outputPaths(options.output);
  const named = await fetchDatasets(chooseInputs(options.input), {
    confirm: settings.confirm,
    signal: interrupted,
    reporter,
  });
  const inputs = await expandInputs(named, [...written, ...(settings.log ? [settings.log] : [])]);
  const size = await checkInputs(inputs);
  throwIfAborted(interrupted, NOT_BEGUN);
  const output = await openOutput(options, inputs, settings, interrupted);
  const reader = new SampleReader(options);
  const piped = await firstPipeOf(inputs);
  const pipe =
    piped === undefined ? undefined : new PipeStart(piped, AbortSignal.any([interrupted, output.readerGone]));
  return { run: new ScoreRun(reader, options, settings, inputs, pipe, size, output, engine, reporter), model, pipe };
}

class ScoreRun {
  readonly stats = new RunStats();
  readonly #pipeline = new PipelineStats();
  readonly #rejects: RejectNotes;
  readonly #rows: RowNotes;
  /** Shows what it is told and has it in the log, too: standard error may lead nowhere. */
  readonly #reporter: Reporter;
  #log: RunLog | undefined;
  /** Whether nothing else is shown until the model is loaded. */
  #waitsForModel = false;
  /** What scoring took. */
  #seconds = 0;

  constructor(
    private readonly reader: SampleReader,
    private readonly options: RunOptions,
    private readonly settings: RunSettings,
    private readonly inputs: readonly string[],
    /** The first input that can be read only once. */
    private readonly pipe: PipeStart | undefined,
    private readonly size: InputCheck,
    private readonly output: RunOutput,
    private readonly engine: EngineProcess,
    private readonly terminal: Reporter,
  ) {
    const note = (line: string): void => {
      terminal.note(line);
      this.#log?.write('note', { text: line }).catch(() => undefined);
    };
    this.#reporter = { ...terminal, note };
    // Each rejected row has a line of its own in the log.
    this.#rejects = new RejectNotes(terminal.note);
    this.#rows = new RowNotes(note);
  }

  async execute(modelName: string, interrupted: AbortSignal): Promise<RunOutcome> {
    const { output, stats, settings } = this;
    if (settings.log !== undefined) this.#log = await RunLog.open(settings.log, interrupted);
    const signal = AbortSignal.any([interrupted, output.readerGone]);
    const { maxLineBytes } = this.options;
    // Before the model, which may be hours away.
    const looks = await lookAtInputs(this.inputs, this.reader, { maxLineBytes, signal }, this.pipe);
    for (const line of linesOf(looks)) this.#reporter.note(line);
    if (this.options.join) refuseOwnFields(looks, ADDED);
    if (settings.followAppended === true) refuseToFollow(looks);
    const prepared = await this.#prepare(modelName, signal);
    const rows = await this.#scoreAll(prepared, signal);
    if (!output.readerGone.aborted) {
      this.#rejects.sumUp();
      if (settings.shard === undefined) this.#refuseNothing(rows.read);
      for (const note of await output.finish(rows.read)) this.#reporter.note(note);
      await this.#logEnd();
    }
    await this.#log?.close().catch(() => undefined);
    return {
      stats,
      pipeline: this.#pipeline,
      seconds: this.#seconds,
      maxLength: prepared.options.maxLength,
      modelPath: prepared.path,
      rejectsPath: stats.rejected > 0 && settings.task === undefined ? output.rejectsPath : undefined,
      readerGone: output.readerGone.aborted,
    };
  }

  /** Resolves to the rows, all of them read. The model is loaded while the journal's hash of its files is computed. */
  async #scoreAll(prepared: PreparedModel, signal: AbortSignal): Promise<RunRows> {
    const unneeded = new AbortController();
    const loading = this.#startLoading(prepared, AbortSignal.any([signal, unneeded.signal]));
    loading.catch(() => undefined); // It is met where it is awaited.
    try {
      const { rows, done } = await this.#begin(prepared, signal);
      this.#tellTask(0);
      try {
        if (!done) await this.#scoreRest(loading, rows, signal);
      } finally {
        await rows.close();
      }
      return rows;
    } finally {
      unneeded.abort();
      await loading.then(
        (model) => model.close(),
        () => undefined,
      );
    }
  }

  /** A result without a score: right for an input without rows, an error for one with rows. */
  #refuseNothing(rows: number): void {
    if (rows === 0)
      this.#reporter.note(`${this.inputs.map(inputName).join(', ')}: no samples, so there are no scores.`);
    else if (this.stats.scored === 0) throw this.#rejects.nothingScored(this.stats.rejected);
  }

  /** After a failure: closes everything, and says what is kept and how to go on. */
  async abandon(error: unknown, interrupted: boolean): Promise<void> {
    this.#reporter.clear();
    // The failure that ended the run is the one to report; none that follows from it may take its place.
    const { scored } = this.stats;
    const [event, reason] = interrupted ? ['interrupted', undefined] : ['failed', messageOf(error)];
    await this.#log?.write(event, { reason, scored }).catch(() => undefined);
    const kept = await this.output.abandon().catch(() => undefined);
    this.#sayHowToResume(kept, interrupted);
    await this.#log?.close().catch(() => undefined);
  }

  #sayHowToResume(kept: SavedRun | undefined, interrupted: boolean): void {
    const { note } = this.#reporter;
    if (kept !== undefined) {
      note(
        `${interrupted ? INTERRUPTED : 'The run did not finish.'} ${counted(kept.rows, 'row')} ${kept.rows === 1 ? 'is' : 'are'} kept in ${kept.journal}.`,
      );
    }
    const { resumeCommand } = this.settings;
    const resumable = this.output.rejectsPath !== undefined && (interrupted || kept !== undefined);
    if (!resumable || resumeCommand === undefined) return;
    note(this.inputs.includes(STDIN) ? 'Pipe the same input in again to resume it:' : 'Resume it with:');
    note(`  ${resumeCommand}`);
  }

  /** Finds the model's files, which may have to be fetched or made. */
  async #prepare(modelName: string, signal: AbortSignal): Promise<PreparedModel> {
    if (modelName === DEMO) this.#reporter.note(DEMO_NOTICE);
    const prepared = await prepareModel(modelName, modelOptionsOf(this.options), {
      signal,
      confirm: this.settings.confirm,
      onProgress: this.#reporter.update,
      onNote: this.#reporter.note,
    });
    this.#reporter.clear();
    return prepared;
  }

  /** The rows that are to be scored: all, or those that an earlier run left. */
  async #begin(model: PreparedModel, signal: AbortSignal): Promise<{ rows: RunRows; done: boolean }> {
    const { inputs, output, options, pipe, size, settings } = this;
    const { shard, task, followAppended = false } = settings;
    if (!(output instanceof JournaledOutput)) {
      const { maxLineBytes } = options;
      return { rows: new RunRows(inputs, undefined, { maxLineBytes, pipe, signal }), done: false };
    }
    const { reader } = this;
    const run = { options, model, inputs, pipe, reader, totalBytes: size.bytes, shard, task, followAppended, signal };
    return resumeRun(output, run, this.stats, this.#reporter);
  }

  async #scoreRest(loading: Promise<SupervisedModel>, rows: RunRows, signal: AbortSignal): Promise<void> {
    const model = await this.#loaded(loading);
    try {
      await this.#log?.write('start', {
        // What was typed, but for --restart.
        command: this.settings.resumeCommand,
        options: asWritten(this.options),
        inputs: this.inputs,
        model: model.info,
        resumed: this.stats.resumed?.rows,
      });
      await this.#scoreRows(model, rows, signal);
    } catch (error) {
      // The reader of our standard output has all they wanted: that ends the run quietly.
      if (!this.output.readerGone.aborted) throw error;
    } finally {
      await model.close();
      this.#showEngineLog(model);
    }
  }

  #startLoading(prepared: PreparedModel, signal: AbortSignal): Promise<SupervisedModel> {
    return SupervisedModel.load(prepared, {
      process: this.engine,
      signal,
      onProgress: (fraction) => {
        if (this.#waitsForModel) this.#reporter.update({ label: 'Loading model', fraction });
      },
      onCrash: (what) => {
        this.#tell('restarted', what);
      },
      onSilence: (what) => {
        this.#tell('waiting', what);
      },
      engineTimeout: this.options.engineTimeout,
    });
  }

  async #loaded(loading: Promise<SupervisedModel>): Promise<SupervisedModel> {
    this.#waitsForModel = true;
    const model = await loading;
    this.#reporter.clear();
    for (const note of model.info.notes) this.#reporter.note(note);
    if (model.info.devices.length === 0 && this.options.gpuLayers === 'auto') {
      const offer = await offerBackend();
      if (offer !== undefined) this.#reporter.note(offer);
    }
    this.#showEngineLog(model);
    return model;
  }

  async #scoreRows(model: SupervisedModel, rows: RunRows, signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const elapsed = (): number => (performance.now() - start) / 1000;
    // A pipe may fall silent, a file does not.
    const live = this.size.bytes === undefined;
    const outcomes = model.scoreJobs(this.#jobs(rows), { live, signal, stats: this.#pipeline });
    for await (const outcome of rowOutcomes(outcomes)) {
      await this.#record(outcome);
      this.#tellTask(elapsed());
      this.#reporter.update(
        scoringStatus({
          samples: this.stats.scored + this.stats.rejected,
          tokens: this.stats.tokens - (this.stats.resumed?.tokens ?? 0),
          seconds: elapsed(),
          bytes: outcome.row.bytes,
          totalBytes: this.size.bytes,
        }),
      );
    }
    this.#reporter.clear();
    this.#seconds = elapsed();
  }

  /** What other machines can see of this one's work. */
  #tellTask(seconds: number): void {
    const { scored, rejected, tokens, resumed } = this.stats;
    const before = resumed?.rows ?? 0;
    const newTokens = tokens - (resumed?.tokens ?? 0);
    this.settings.task?.tell({ rows: scored + rejected, before, rejected, tokens: newTokens, seconds });
  }

  async *#jobs(rows: RunRows): AsyncGenerator<Job<RowTag>> {
    const areAll = this.settings.shard === undefined;
    for await (const row of this.stats.resumed ? rows : refuseWrongInput(rows, this.reader, areAll)) {
      yield* jobsOf(row, this.reader, (good) => this.#rows.idOf(good));
    }
  }

  #showEngineLog(model: SupervisedModel): void {
    if (this.settings.verbose !== true) return;
    for (const line of model.drainLog()) this.#reporter.note(line);
  }

  async #record({ row, result }: RowOutcome): Promise<void> {
    if (result instanceof InformError) {
      await this.#reject(row, result);
      return;
    }
    await this.output.score(row, result);
    this.stats.addScored(result);
    if (result.truncated) await this.#log?.write('truncated', { file: row.file, line: row.line }, result.idJson);
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

  /** Says what happened to the engine, on the terminal and in the log. */
  #tell(event: string, what: string): void {
    this.terminal.note(what);
    this.#log?.write(event, { reason: what }).catch(() => undefined);
  }

  async #logEnd(): Promise<void> {
    const { scored, rejected, truncated, tokens, mean, standardDeviation } = this.stats;
    const seconds = this.#seconds;
    const totals = { seconds, scored, rejected, truncated, tokens, mean, standardDeviation };
    // The output is there by now: a log that cannot be written is said, and is no failure of the run.
    await this.#log?.write('finished', totals).catch((error: unknown) => {
      this.#reporter.note(`The log lacks its last line: ${messageOf(error)}`);
    });
  }
}
