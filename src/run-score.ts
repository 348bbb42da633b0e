import path from 'node:path';
import { confirmOnTerminal } from './ask.js';
import { ExitCode } from './exit-codes.js';
import { InformError, messageOf } from './errors.js';
import { onInterrupt } from './interrupt.js';
import { RejectSink } from './io/rejects.js';
import { openResults, outputPaths, refuseInputs, STDOUT, type ResultSink } from './io/results.js';
import { readRows, type InputRow } from './io/rows.js';
import { checkInputs, STDIN, type InputCheck } from './io/source.js';
import { DEMO, DEMO_NOTICE } from './model-source.js';
import { modelOptionsOf, type RunOptions } from './options.js';
import type { Job, Outcome } from './pipeline.js';
import { Progress, scoringStatus, type ProgressMode } from './progress.js';
import { RunLog } from './run-log.js';
import { formatStats, PipelineStats } from './stats.js';
import { formatSummary, RunStats } from './summary.js';
import { SupervisedModel } from './supervisor/supervised-model.js';

/** What only a command line says about a run. */
export interface RunSettings {
  overwrite: boolean;
  progress: ProgressMode;
  /** File for the run's log. */
  log?: string | undefined;
  /** Print llama.cpp's log. */
  verbose?: boolean | undefined;
  /** Print what was computed and where the time went, after the summary. */
  stats?: boolean | undefined;
  /** Download a large model without asking. */
  yes?: boolean | undefined;
}

/**
 * Scores files: from the inputs' rows to an output in input order, with progress, rejects and a summary on the way.
 * Resolves to the exit code. Throws InformError for what ends a run before its time; what was scored until then is
 * kept beside the output, and said.
 */
export async function runScore(options: RunOptions, settings: RunSettings): Promise<number> {
  const model = requireModel(options);
  const inputs = chooseInputs(options.input);
  const size = await checkInputs(inputs);
  const results = await openResults(options.output ?? STDOUT, { overwrite: settings.overwrite, inputs });
  const run = new ScoreRun(options, settings, inputs, size, results);
  const interrupt = onInterrupt();
  try {
    return await run.execute(model, interrupt.signal);
  } catch (error) {
    await run.abandon(error);
    if (!interrupt.signal.aborted) throw error;
    throw new InformError('INFORM_ABORTED', 'The run was interrupted.', { cause: error });
  } finally {
    interrupt.release();
  }
}

/** A row on its way through the engine, and the id that its result will carry. */
interface RowTag {
  row: InputRow;
  idJson: string;
}

class ScoreRun {
  readonly stats = new RunStats();
  readonly #pipeline = new PipelineStats();
  readonly #progress: Progress;
  #rejects: RejectSink | undefined;
  #log: RunLog | undefined;
  #rowsWithoutId = false;

  constructor(
    private readonly options: RunOptions,
    private readonly settings: RunSettings,
    private readonly inputs: readonly string[],
    private readonly size: InputCheck,
    private readonly results: ResultSink,
  ) {
    this.#progress = new Progress({ mode: settings.progress });
  }

  async execute(modelName: string, interrupted: AbortSignal): Promise<number> {
    const { results, stats } = this;
    await this.#openSideFiles();
    const signal = AbortSignal.any([interrupted, results.readerGone]);
    const model = await this.#load(modelName, signal);
    try {
      await this.#log?.write('start', { options: this.options, inputs: this.inputs, model: model.info });
      const seconds = await this.#scoreRows(model, signal);
      await results.finish();
      await this.#rejects?.close();
      await this.#summarize(seconds, modelName === DEMO ? modelName : model.info.path);
    } catch (error) {
      // Whoever read our standard output has all they wanted: that ends the run, quietly.
      if (!results.readerGone.aborted) throw error;
    } finally {
      await model.close();
      this.#showEngineLog(model);
    }
    await this.#log?.close();
    return stats.rejected > 0 ? ExitCode.someRejected : ExitCode.done;
  }

  /** After a failure: closes everything, and says where the scores so far are. */
  async abandon(error: unknown): Promise<void> {
    this.#progress.clear();
    // The failure that ended the run is the one to report; none that follows from it may take its place.
    await this.#log?.write('failed', { reason: messageOf(error), scored: this.stats.scored }).catch(() => undefined);
    await this.#log?.close().catch(() => undefined);
    const kept = await this.results.abandon().catch(() => undefined);
    await this.#rejects?.close().catch(() => undefined);
    if (kept !== undefined) {
      this.#progress.note(`The run did not finish. The ${this.stats.scored} scores so far are in ${kept}`);
    }
  }

  async #openSideFiles(): Promise<void> {
    const { rejectsPath } = this.results;
    const { log, overwrite } = this.settings;
    if (log !== undefined) {
      await refuseInputs([log], this.inputs);
      const outputs = outputPaths(this.options.output ?? STDOUT);
      if (outputs.some((output) => path.resolve(output) === path.resolve(log))) {
        throw new InformError(
          'INFORM_OUTPUT_UNWRITABLE',
          `${log} cannot be both the log and an output. Choose another log.`,
        );
      }
    }
    if (rejectsPath !== undefined) this.#rejects = await RejectSink.open(rejectsPath, overwrite);
    if (log !== undefined) this.#log = await RunLog.open(log);
  }

  async #load(modelName: string, signal: AbortSignal): Promise<SupervisedModel> {
    if (modelName === DEMO) this.#progress.note(DEMO_NOTICE);
    const model = await SupervisedModel.load(modelName, {
      ...modelOptionsOf(this.options),
      signal,
      confirmDownload: confirmOnTerminal({
        yes: this.settings.yes === true,
        signal,
        beforeAsking: () => {
          this.#progress.clear();
        },
      }),
      onProgress: (status) => {
        this.#progress.update(status);
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

  /** Resolves to the seconds that it took. */
  async #scoreRows(model: SupervisedModel, signal: AbortSignal): Promise<number> {
    const start = performance.now();
    const elapsed = (): number => (performance.now() - start) / 1000;
    // A pipe may fall silent, a file does not.
    const live = this.size.bytes === undefined;
    for await (const outcome of model.scoreJobs(this.#jobs(signal), { live, signal, stats: this.#pipeline })) {
      await this.#record(outcome);
      this.#progress.update(
        scoringStatus({
          samples: this.stats.scored + this.stats.rejected,
          tokens: this.stats.tokens,
          seconds: elapsed(),
          bytes: outcome.tag.row.bytes,
          totalBytes: this.size.bytes,
        }),
      );
    }
    this.#progress.clear();
    return elapsed();
  }

  async *#jobs(signal: AbortSignal): AsyncGenerator<Job<RowTag>> {
    for await (const row of readRows(this.inputs, { maxLineBytes: this.options.maxLineBytes, signal })) {
      // A row that could not be read travels along as its error, so that rejects keep the input's order.
      const sample = row.ok ? row.value : row.error;
      yield { tag: { row, idJson: this.#idOf(row) }, sample, characters: row.text?.length };
    }
  }

  #showEngineLog(model: SupervisedModel): void {
    if (this.settings.verbose !== true) return;
    for (const line of model.takeLog()) this.#progress.note(line);
  }

  #idOf(row: InputRow): string {
    if (row.id) return row.id.json;
    if (row.ok && !this.#rowsWithoutId) {
      this.#rowsWithoutId = true;
      this.#progress.note(
        `Samples without an "id" get their 0-based row number as id (first: ${row.file} line ${row.line}).`,
      );
    }
    return String(row.row);
  }

  async #record(outcome: Outcome<RowTag>): Promise<void> {
    const { row, idJson } = outcome.tag;
    if (outcome.error !== undefined) {
      await this.#reject(row, outcome.error);
      return;
    }
    const { score, tokens, truncated, holdsSpecialText } = outcome;
    await this.results.write(idJson, score);
    this.stats.addScored({ idJson, score, tokens, truncated, holdsSpecialTokens: holdsSpecialText });
    if (truncated) await this.#log?.write('truncated', { file: row.file, line: row.line }, idJson);
  }

  async #reject(row: InputRow, error: InformError): Promise<void> {
    const place = `${row.file}, line ${row.line}`;
    if (this.options.onError === 'stop')
      throw new InformError(error.code, `${place}: ${error.message}`, { cause: error });
    this.stats.addRejected();
    await this.#rejects?.write(row, error);
    await this.#log?.write('rejected', {
      file: row.file,
      line: row.line,
      row: row.row,
      code: error.code,
      reason: error.message,
    });
    this.#progress.note(`Rejected ${place}: ${error.message} [${error.code}]`);
  }

  async #summarize(seconds: number, modelPath: string): Promise<void> {
    const stats = this.stats;
    const { model: name, type } = this.options;
    await this.#log?.write('finished', {
      seconds,
      scored: stats.scored,
      rejected: stats.rejected,
      truncated: stats.truncated,
      tokens: stats.tokens,
      mean: stats.mean,
      standardDeviation: stats.standardDeviation,
    });
    const rejects = stats.rejected > 0 ? this.#rejects?.path : undefined;
    // A folder's or repository's conversion lies elsewhere.
    const model = name === modelPath ? undefined : `${name ?? ''} as ${type}: ${modelPath}`;
    process.stderr.write(
      formatSummary(stats, { seconds, maxLength: this.options.maxLength, output: this.options.output, rejects, model }),
    );
    if (this.settings.stats === true) process.stderr.write(formatStats(this.#pipeline));
  }
}

function requireModel(options: RunOptions): string {
  if (options.model !== undefined) return options.model;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    'No model is named. Pass -m model.gguf, or "model:" in a configuration file; -m demo uses the embedded one.',
  );
}

function chooseInputs(inputs: readonly string[]): readonly string[] {
  if (inputs.length > 0) return inputs;
  if (!process.stdin.isTTY) return [STDIN];
  throw new InformError('INFORM_INVALID_CONFIG', 'No input is named. Pass a file of samples, or pipe samples in.');
}
