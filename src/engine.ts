import { fromNative, InformError } from './errors.js';
import { headFile } from './head/head-file.js';
import { loadAddon, type NativeModel, type NativeModelInfo, type NativeScorer } from './native.js';
import type { ModelOptions } from './options.js';
import { physicalCores } from './threads.js';
import { watchTask, type TaskHooks } from './watch-task.js';

export type { ModelSizes } from './native.js';

/** Room for several average samples at once; a batch gains little beyond it. See docs/design.md for the measurement. */
const AUTO_CONTEXT_TOKENS = 4096;

/** llama.cpp takes a negative number as "all layers", and puts none on a machine without a GPU. */
const ALL_LAYERS = -1;

/** A loaded model with one scoring context: the native objects, one job at a time, closed in the right order. */
export class Engine {
  readonly info: NativeModelInfo;
  readonly #model: NativeModel;
  readonly #scorer: NativeScorer;
  /** The jobs so far; the next one starts when they have ended. */
  #queue: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(
    model: NativeModel,
    scorer: NativeScorer,
    info: NativeModelInfo,
    /** The most tokens of one batch. */
    readonly contextTokens: number,
    /** The most sequences of one batch. */
    readonly maxSequences: number,
  ) {
    this.#model = model;
    this.#scorer = scorer;
    this.info = info;
  }

  /** Throws the codes of loading: INFORM_MODEL_NOT_FOUND, INFORM_MODEL_HAS_NO_HEAD, …, INFORM_ABORTED. */
  static async load(path: string, options: ModelOptions, hooks: TaskHooks = {}): Promise<Engine> {
    const contextTokens = chooseContextTokens(options);
    const { addon, backendDir } = loadAddon();
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
        const scorer = await addon.createScorer(model, {
          contextTokens,
          maxSequences: options.batchSize,
          microBatch: options.microBatch,
          threads: options.threads === 'auto' ? physicalCores() : options.threads,
          flashAttention: options.flashAttention,
          f32Kv: options.kvType === 'f32',
        });
        return new Engine(model, scorer, info, contextTokens, options.batchSize);
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
   * One reward per sequence, in order; NaN where the model's arithmetic was not finite. At most `maxSequences`
   * sequences of `contextTokens` tokens together. Jobs run one after the other, in the order of the calls.
   */
  async evaluate(sequences: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array> {
    this.#refuseWhenClosed();
    const job = this.#queue.then(() => this.#run(sequences, signal));
    this.#queue = job.catch(() => undefined);
    return job;
  }

  /** Refuses new work, waits for the work that runs or is queued, then frees everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#queue.then(async () => {
      await this.#scorer.close();
      await this.#model.close();
    });
    return this.#closing;
  }

  async #run(sequences: readonly Int32Array[], signal: AbortSignal | undefined): Promise<Float32Array> {
    throwIfAborted(signal);
    const cancel = (): void => {
      this.#scorer.cancel();
    };
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const lengths = Int32Array.from(sequences, (tokens) => tokens.length);
      return await this.#scorer.score(concatenate(sequences), lengths);
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

/** All sequences one after the other. */
export function concatenate(sequences: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(sequences.reduce((sum, tokens) => sum + tokens.length, 0));
  let offset = 0;
  for (const tokens of sequences) {
    all.set(tokens, offset);
    offset += tokens.length;
  }
  return all;
}

function chooseContextTokens({ contextTokens, maxLength }: ModelOptions): number {
  if (contextTokens === 'auto') return Math.max(maxLength, AUTO_CONTEXT_TOKENS);
  if (contextTokens >= maxLength) return contextTokens;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `context_tokens is ${contextTokens}, but must hold the longest sequence, max_length ${maxLength}. Raise one or lower the other.`,
  );
}

function checkTrainedContext(maxLength: number, info: NativeModelInfo): void {
  if (maxLength <= info.trainedContext) return;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `max_length is ${maxLength}, but the model was trained on sequences of up to ${info.trainedContext} tokens. Lower max_length.`,
  );
}
