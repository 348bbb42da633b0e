import { fromNative, InformError } from './errors.js';
import { headFile } from './head/head-file.js';
import {
  loadAddon,
  type LoadedAddon,
  type NativeEvaluation,
  type NativeModel,
  type NativeModelInfo,
  type NativeScorer,
} from './native.js';
import type { ModelOptions } from './options.js';
import type { Batch, PlannerLimits } from './planner.js';
import { physicalCores } from './threads.js';
import { watchTask, type TaskHooks } from './watch-task.js';

export type { ModelSizes } from './native.js';
export type Evaluation = NativeEvaluation;

/** Room for a long prompt and its answers. See docs/performance.md for the measurement. */
const AUTO_CONTEXT_TOKENS = 4096;

/** A GPU gains by batches of several micro-batches: fewer of them are left half full, and the head runs less often. */
const GPU_MICRO_BATCHES = 4;

/** llama.cpp takes a negative number as "all layers", and puts none on a machine without a GPU. */
const ALL_LAYERS = -1;

/** While the engine evaluates one batch the next one waits in native code, so that it goes on without JavaScript. */
export const BATCHES_IN_FLIGHT = 2;

/** A loaded model with one scoring context: the native objects, jobs in the order of their calls, closed in the right order. */
export class Engine {
  readonly info: NativeModelInfo;
  readonly limits: PlannerLimits;
  readonly #model: NativeModel;
  readonly #scorer: NativeScorer;
  #jobs = 0;
  /** The last jobs, as many as may be in flight; a new one starts when the oldest of them has ended. */
  #last: Promise<unknown>[] = Array.from({ length: BATCHES_IN_FLIGHT }, () => Promise.resolve());
  #closing: Promise<void> | undefined;

  private constructor(model: NativeModel, scorer: NativeScorer, info: NativeModelInfo, limits: PlannerLimits) {
    this.#model = model;
    this.#scorer = scorer;
    this.info = info;
    this.limits = limits;
  }

  /** Throws the codes of loading: INFORM_MODEL_NOT_FOUND, INFORM_MODEL_HAS_NO_HEAD, …, INFORM_ABORTED. */
  static async load(path: string, options: ModelOptions, hooks: TaskHooks = {}): Promise<Engine> {
    const contextTokens = chooseContextTokens(options);
    const loaded = loadAddon();
    const { addon, backendDir } = loaded;
    const ticket = new addon.TaskTicket();
    const native = {
      path,
      headPath: options.scoreHead === undefined ? '' : await headFile(options.scoreHead, hooks.signal),
      gpuLayers: options.gpuLayers === 'auto' ? ALL_LAYERS : options.gpuLayers,
      backendDir,
    };
    try {
      const model = await watchTask(ticket, hooks, addon.loadModel(native, ticket));
      try {
        const info = model.info();
        checkTrainedContext(options.maxLength, info);
        const limits = {
          contextTokens,
          batchTokens: await chooseBatchTokens(options, loaded),
          maxSequences: options.deterministic ? 1 : options.batchSize,
          share: options.share,
        };
        const scorer = await addon.createScorer(model, {
          contextTokens,
          maxSequences: limits.maxSequences,
          microBatch: options.microBatch,
          threads: options.threads === 'auto' ? physicalCores() : options.threads,
          flashAttention: options.flashAttention,
          f32Kv: options.kvType === 'f32',
          deterministic: options.deterministic,
        });
        return new Engine(model, scorer, info, limits);
      } catch (error) {
        await model.close();
        throw error;
      }
    } catch (error) {
      throw fromNative(error);
    }
  }

  /** The texts' token ids, without BOS added. */
  async tokenize(texts: string[], parseSpecial: boolean): Promise<Int32Array[]> {
    this.#refuseWhenClosed();
    try {
      return await this.#model.tokenize(texts, parseSpecial);
    } catch (error) {
      throw fromNative(error);
    }
  }

  /**
   * The rewards of a batch within `limits`, one per sequence, in order; NaN where the model's arithmetic was not finite.
   * Jobs run one after the other, in the order of the calls.
   */
  async evaluate(batch: Batch, signal?: AbortSignal): Promise<Evaluation> {
    this.#refuseWhenClosed();
    const [oldest, ...others] = this.#last;
    const job = Promise.resolve(oldest).then(() => this.#run(batch, signal));
    this.#last = [...others, job.catch(() => undefined)];
    return job;
  }

  /** Refuses new work, waits for the work that runs or is queued, then frees everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#last).then(async () => {
      await this.#scorer.close();
      await this.#model.close();
    });
    return this.#closing;
  }

  async #run(batch: Batch, signal: AbortSignal | undefined): Promise<Evaluation> {
    throwIfAborted(signal);
    const id = this.#jobs++;
    const cancel = (): void => {
      this.#scorer.cancel(id);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      return await this.#scorer.score(id, batch);
    } catch (error) {
      throw fromNative(error);
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  #refuseWhenClosed(): void {
    if (this.#closing) throw new InformError('INFORM_CLOSED', 'The model is closed. Load it again to score.');
  }
}

/** Throws INFORM_ABORTED once the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

export function abortError(signal: AbortSignal): InformError {
  return new InformError('INFORM_ABORTED', 'The work was aborted.', { cause: signal.reason });
}

function chooseContextTokens({ contextTokens, maxLength }: ModelOptions): number {
  if (contextTokens === 'auto') return Math.max(maxLength, AUTO_CONTEXT_TOKENS);
  if (contextTokens >= maxLength) return contextTokens;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `context_tokens is ${contextTokens}, but must hold the longest sequence, max_length ${maxLength}. Raise one or lower the other.`,
  );
}

async function chooseBatchTokens(options: ModelOptions, { addon, backendDir }: LoadedAddon): Promise<number> {
  if (options.batchTokens !== 'auto') return options.batchTokens;
  if (options.gpuLayers === 0) return options.microBatch;
  const devices = await addon.devices(backendDir);
  const onGpu = devices.some(({ type }) => type === 'gpu' || type === 'igpu');
  return onGpu ? GPU_MICRO_BATCHES * options.microBatch : options.microBatch;
}

function checkTrainedContext(maxLength: number, info: NativeModelInfo): void {
  if (maxLength <= info.trainedContext) return;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `max_length is ${maxLength}, but the model was trained on sequences of up to ${info.trainedContext} tokens. Lower max_length.`,
  );
}
