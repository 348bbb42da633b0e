import { abortError, throwIfAborted } from '../util/abort.js';
import { headFile } from '../head/head-file.js';
import { resolveModel } from '../models/resolve.js';
import { resolveModelOptions } from '../options/check.js';
import { type ModelOptions } from '../options/table.js';
import type { Job, Outcome } from '../scoring/score-stream.js';
import { yieldInOrder } from '../scoring/in-order.js';
import { readTemplate, type LoadOptions, type LoadProgress, type ModelInfo } from '../scoring/reward-model.js';
import { PipelineStats } from '../scoring/pipeline-stats.js';
import { crashError, EngineCrash, EngineProcess } from './engine-process.js';
import { fromSent } from './protocol.js';
import { SupervisedRun, type EngineHost } from './supervised-run.js';

export interface SupervisedOptions extends LoadOptions {
  /** Told, in a sentence for people, of each crash that scoring survives. */
  onCrash?: ((what: string) => void) | undefined;
  /** A process that was started before, to save the time of its start. Where loading fails, whoever started it ends it. */
  process?: EngineProcess | undefined;
  /** The program of the process, for tests that make it crash. */
  childModule?: string | undefined;
}

interface LoadHooks {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
}

/** Signals that end the process only while node starts in it, before it can ignore them: they are meant for all of us. */
const INTERRUPTS: readonly (string | null)[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** As many as llama.cpp's log keeps. */
const MAX_LOG_LINES = 2000;

/**
 * A reward model in a process of its own, which may crash: it is started again, and what it was scoring is scored again.
 * A sample that ends it twice, alone, has no score and gets INFORM_ENGINE_CRASHED.
 */
export class SupervisedModel implements AsyncDisposable {
  readonly info: ModelInfo;
  readonly #host: Host;
  readonly #window: number;
  /** The run before. Its process may not be given to another before it has ended. */
  #before: Promise<void> = Promise.resolve();

  private constructor(host: Host, info: ModelInfo, window: number) {
    this.#host = host;
    this.info = info;
    this.#window = window;
  }

  /**
   * Finds or makes the model's file in this process, as `RewardModel.load` does, and loads it in the other.
   *
   * @throws InformError what `RewardModel.load` throws; INFORM_ENGINE_CRASHED
   */
  static async load(model: string, options: SupervisedOptions = {}): Promise<SupervisedModel> {
    const { signal, onProgress, confirmDownload, onCrash, childModule, process: started, ...given } = options;
    const resolved = resolveModelOptions(given);
    throwIfAborted(signal);
    // It starts while the model is looked for.
    const idle = started?.hasEnded === false ? started : EngineProcess.start(childModule);
    const host = new Host(idle, childModule, { onProgress }, onCrash);
    try {
      await readTemplate(resolved.chatTemplate);
      const path = await resolveModel(model, { type: resolved.type, signal, onProgress, confirm: confirmDownload });
      const scoreHead = resolved.scoreHead === undefined ? undefined : await headFile(resolved.scoreHead, signal);
      const info = await host.load(path, { ...resolved, scoreHead }, signal);
      return new SupervisedModel(host, info, resolved.window);
    } catch (error) {
      await host.process.kill();
      if (!(error instanceof EngineCrash)) throw error;
      throw crashError(`The engine's process ${error.message} while it loaded ${model}.`, error);
    }
  }

  /** As `RewardModel.scoreJobs`. */
  async *scoreJobs<Tag>(
    jobs: AsyncIterable<Job<Tag>>,
    options: { live: boolean; signal?: AbortSignal | undefined; stats?: PipelineStats | undefined },
  ): AsyncGenerator<Outcome<Tag>> {
    const { live, signal, stats = new PipelineStats() } = options;
    await this.#before;
    const run = new SupervisedRun(jobs, this.#host, { window: this.#window, live, signal, stats });
    this.#before = run.driven;
    const wake = (): void => {
      run.change.notify();
    };
    signal?.addEventListener('abort', wake);
    try {
      yield* yieldInOrder(run, stats, signal);
    } finally {
      signal?.removeEventListener('abort', wake);
      await run.stop();
    }
  }

  /** What llama.cpp logged since the last call, as lines to print. */
  takeLog(): string[] {
    return this.#host.log.splice(0);
  }

  /** Ends the process, in about a second at most. Idempotent. */
  close(): Promise<void> {
    return this.#host.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The process that has the model, and how to get another one. */
class Host implements EngineHost {
  readonly log: string[] = [];
  #model: { path: string; options: ModelOptions } | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    public process: EngineProcess,
    private readonly childModule: string | undefined,
    private readonly hooks: Omit<LoadHooks, 'signal'>,
    private readonly tellCrash: ((what: string) => void) | undefined,
  ) {}

  async load(path: string, options: ModelOptions, signal: AbortSignal | undefined): Promise<ModelInfo> {
    this.#model = { path, options };
    const { info, log } = await loadInto(this.process, this.#model, { ...this.hooks, signal });
    this.onLog(log);
    return info;
  }

  async restart(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    if (!this.#model) throw new TypeError('nothing was loaded');
    this.process = EngineProcess.start(this.childModule);
    await this.load(this.#model.path, this.#model.options, signal);
  }

  onCrash(what: string): void {
    this.tellCrash?.(what);
  }

  onLog(lines: readonly string[]): void {
    this.log.push(...lines);
    this.log.splice(0, this.log.length - MAX_LOG_LINES);
  }

  close(): Promise<void> {
    this.#closing ??= this.process.close();
    return this.#closing;
  }
}

/** Has a process load a model. An abort ends the process. */
function loadInto(
  process: EngineProcess,
  model: { path: string; options: ModelOptions },
  { signal, onProgress }: LoadHooks,
): Promise<{ info: ModelInfo; log: string[] }> {
  const aborted = (): void => {
    void process.kill();
  };
  signal?.addEventListener('abort', aborted, { once: true });
  return new Promise<{ info: ModelInfo; log: string[] }>((resolve, reject) => {
    process.onReply = (reply) => {
      if (reply.type === 'loading') onProgress?.(reply.progress);
      else if (reply.type === 'loaded') resolve(reply);
      else if (reply.type === 'failed') reject(fromSent(reply.error));
    };
    void process.ended.then((end) => {
      const interrupted = signal !== undefined && (signal.aborted || INTERRUPTS.includes(end.signal));
      reject(interrupted ? abortError(signal) : new EngineCrash(end));
    });
    if (signal?.aborted === true) aborted();
    process.send({ type: 'load', ...model });
  }).finally(() => {
    signal?.removeEventListener('abort', aborted);
  });
}
