import { abortError, throwIfAborted } from '../util/abort.js';
import type { PreparedModel } from '../models/prepare.js';
import type { Job, Outcome } from '../scoring/score-stream.js';
import { yieldInOrder } from '../scoring/in-order.js';
import type { LoadHooks, ModelInfo } from '../scoring/loaded-model.js';
import { PipelineStats } from '../scoring/pipeline-stats.js';
import { requireSameFiles, requireUnchangedContent } from '../util/files/file-version.js';
import { crashError, EngineCrash, EngineProcess } from './engine-process.js';
import { fromSent } from './protocol.js';
import { SupervisedRun, type EngineHost } from './supervised-run.js';

export interface SupervisedOptions extends LoadHooks {
  /** Told, in a sentence for people, of each crash that scoring survives. */
  onCrash?: ((what: string) => void) | undefined;
  /** Told, in a sentence for people, of each unusually long silence of the engine. */
  onSilence?: ((what: string) => void) | undefined;
  /** Seconds without an answer after which the engine's process is ended and started again; 0, the default: never. */
  engineTimeout?: number | undefined;
  /** A process that was started before, to save the time of its start. Where loading fails, its owner ends it. */
  process?: EngineProcess | undefined;
  /** The program of the process, for tests that make it crash. */
  childModule?: string | undefined;
}

/** Signals that end the process only while node starts in it, before it can ignore them: they are meant for all of us. */
const INTERRUPTS: readonly (string | null)[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'];

/** As many as llama.cpp's log keeps. */
const MAX_LOG_LINES = 2000;

/**
 * A reward model in a process of its own, which may crash: it is started again, and what it was scoring is scored again.
 * A sample that ends it twice, alone, has no score and gets INFORM_ENGINE_CRASHED.
 */
export class SupervisedModel implements AsyncDisposable {
  readonly info: ModelInfo;
  readonly #host: Host;
  readonly #settings: { readonly window: number; readonly engineTimeout: number };
  /** The run before. Its process may not be given to another before it has ended. */
  #before: Promise<void> = Promise.resolve();

  private constructor(host: Host, info: ModelInfo, settings: { window: number; engineTimeout: number }) {
    this.#host = host;
    this.info = info;
    this.#settings = settings;
  }

  /**
   * Loads a model in the other process.
   *
   * @throws InformError what `LoadedModel.load` throws; INFORM_ENGINE_CRASHED
   */
  static async load(model: PreparedModel, options: SupervisedOptions = {}): Promise<SupervisedModel> {
    const { signal, childModule, process: started, engineTimeout = 0 } = options;
    throwIfAborted(signal);
    const idle = started?.hasEnded === false ? started : EngineProcess.start(childModule);
    const host = new Host(idle, model, options);
    try {
      const info = await host.load(signal);
      return new SupervisedModel(host, info, { window: model.options.window, engineTimeout });
    } catch (error) {
      await host.process.kill();
      if (!(error instanceof EngineCrash)) throw error;
      throw crashError(`The engine's process ${error.message} while it loaded ${model.path}.`, error);
    }
  }

  /** As `LoadedModel.scoreJobs`. */
  async *scoreJobs<Tag>(
    jobs: AsyncIterable<Job<Tag>>,
    options: { live: boolean; signal?: AbortSignal | undefined; stats?: PipelineStats | undefined },
  ): AsyncGenerator<Outcome<Tag>> {
    const { live, signal, stats = new PipelineStats() } = options;
    await this.#before;
    const run = new SupervisedRun(jobs, this.#host, { ...this.#settings, live, signal, stats });
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
  drainLog(): string[] {
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
  #closing: Promise<void> | undefined;

  constructor(
    public process: EngineProcess,
    private readonly model: PreparedModel,
    private readonly hooks: Pick<SupervisedOptions, 'onProgress' | 'onCrash' | 'onSilence' | 'childModule'>,
  ) {}

  async load(signal: AbortSignal | undefined): Promise<ModelInfo> {
    requireSameFiles(this.model.files);
    const { info, log } = await loadInto(this.process, this.model, { onProgress: this.hooks.onProgress, signal });
    this.onLog(log);
    requireSameFiles(this.model.files);
    return info;
  }

  async restart(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    this.process = EngineProcess.start(this.hooks.childModule);
    await this.load(signal);
  }

  requireUnchanged(): void {
    requireUnchangedContent(this.model.files);
  }

  onCrash(what: string): void {
    this.hooks.onCrash?.(what);
  }

  onSilence(what: string): void {
    this.hooks.onSilence?.(what);
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
  model: PreparedModel,
  { signal, onProgress }: LoadHooks,
): Promise<{ info: ModelInfo; log: string[] }> {
  const aborted = (): void => {
    void process.kill();
  };
  signal?.addEventListener('abort', aborted, { once: true });
  return new Promise<{ info: ModelInfo; log: string[] }>((resolve, reject) => {
    process.onReply = (reply) => {
      if (reply.type === 'loading') onProgress?.(reply.fraction);
      else if (reply.type === 'loaded') resolve(reply);
      else if (reply.type === 'failed') reject(fromSent(reply.error));
    };
    void process.ended.then((end) => {
      const interrupted = signal !== undefined && (signal.aborted || INTERRUPTS.includes(end.signal));
      reject(interrupted ? abortError(signal) : new EngineCrash(end));
    });
    if (signal?.aborted === true) aborted();
    process.send({ type: 'load', model });
  }).finally(() => {
    signal?.removeEventListener('abort', aborted);
  });
}
