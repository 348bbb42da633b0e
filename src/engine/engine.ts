import { logPlan } from '../addon/log.js';
import { toInformError, InformError } from '../errors.js';
import { ContextPool, JOBS_PER_CONTEXT } from './context-pool.js';
import type { NativeEvaluation, NativeModel, NativeModelInfo, NativeScorer } from '../addon/load-addon.js';
import { createScorer, loadNativeModel } from '../addon/model.js';
import type { SettledOptions } from '../options/settle.js';
import { scorerOptions } from './placement/measure-compute.js';
import { loadPlanner, type LoadPlan } from './placement/load-plan.js';
import type { Placement } from './placement/plan.js';
import { describePlacement } from './placement/describe.js';
import { loadWithFallback } from './placement/load-with-fallback.js';
import type { Batch, BatchLimits } from './batch.js';
import type { TaskHooks } from '../addon/task.js';

export type Evaluation = NativeEvaluation;

/** What an engine is loaded from. */
export interface EngineSource {
  /** The GGUF file of the model. */
  readonly path: string;
  /** The GGUF file of its score head; undefined where the model's file has it. */
  readonly headPath?: string | undefined;
  readonly options: SettledOptions;
}

/** A loaded model with its scoring contexts: the native objects, jobs in the order of their calls, closed in the right order. */
export class Engine {
  readonly info: NativeModelInfo;
  readonly limits: BatchLimits;
  /** How the model lies on the devices; undefined where the CPU does everything. */
  readonly placement: Placement | undefined;
  readonly microBatch: number;
  /** What happened on the way that a user should know, a sentence each. */
  readonly notes: readonly string[];
  readonly #model: NativeModel;
  readonly #pool: ContextPool;
  #closing: Promise<void> | undefined;

  private constructor(
    model: NativeModel,
    scorers: readonly NativeScorer[],
    { placement, microBatch, contextTokens, batchTokens }: LoadPlan,
    options: SettledOptions,
    notes: readonly string[],
  ) {
    this.#model = model;
    this.#pool = new ContextPool(scorers);
    this.info = model.info();
    this.placement = placement;
    this.microBatch = microBatch;
    this.limits = {
      contextTokens,
      batchTokens,
      maxSequences: options.deterministic ? 1 : options.batchSize,
      share: options.share,
    };
    this.notes = notes;
  }

  /** Throws the codes of loading: INFORM_MODEL_NOT_FOUND, INFORM_MODEL_HAS_NO_HEAD, …, INFORM_ABORTED. */
  static async load({ path, headPath = '', options }: EngineSource, hooks: TaskHooks = {}): Promise<Engine> {
    const notes: string[] = [];
    const attempt = async (plan: LoadPlan): Promise<Engine> => {
      if (plan.placement) logPlan(describePlacement(plan.placement));
      if (plan.note !== undefined) notes.push(plan.note);
      const { model, scorers } = await loadByPlan(path, headPath, plan, options, hooks);
      return new Engine(model, scorers, plan, options, notes);
    };
    const sayStep = (next: LoadPlan, failure: InformError): void => {
      const how = next.placement ? describePlacement(next.placement) : 'On the CPU alone.';
      const note = `The GPU's memory did not suffice, so the model is loaded again with less of it. ${how}`;
      logPlan(`${note} The reason: ${failure.message}`);
      notes.push(note);
    };
    return loadWithFallback(await loadPlanner(path, options), attempt, doesTheSame, sayStep);
  }

  /** How many batches, evaluated at a time, keep it busy. */
  get inFlight(): number {
    return this.#pool.inFlight;
  }

  /** The texts' token ids, without BOS added. */
  async tokenize(texts: string[], parseSpecial: boolean): Promise<Int32Array[]> {
    this.#refuseWhenClosed();
    try {
      return await this.#model.tokenize(texts, parseSpecial);
    } catch (error) {
      throw toInformError(error);
    }
  }

  /**
   * The rewards of a batch within `limits`, one per sequence, in order; NaN where the model's arithmetic was not finite.
   * Jobs run one after the other in the order of the calls, on several contexts side by side.
   */
  async evaluate(batch: Batch, signal?: AbortSignal): Promise<Evaluation> {
    this.#refuseWhenClosed();
    return this.#pool.evaluate(batch, signal);
  }

  /** Refuses new work, waits for the work that runs or is queued, then frees everything. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#pool.close().then(() => this.#model.close());
    return this.#closing;
  }

  #refuseWhenClosed(): void {
    if (this.#closing) throw new InformError('INFORM_CLOSED', 'The model is closed. Load it again to score.');
  }
}

/** Whether loading by one plan would fail as by the other. */
function doesTheSame(a: LoadPlan, b: LoadPlan): boolean {
  const loadedBy = ({ native, contexts, microBatch, contextTokens }: LoadPlan): string =>
    JSON.stringify([native, contexts, microBatch, contextTokens]);
  return loadedBy(a) === loadedBy(b);
}

async function loadByPlan(
  path: string,
  headPath: string,
  plan: LoadPlan,
  options: SettledOptions,
  hooks: TaskHooks,
): Promise<{ model: NativeModel; scorers: NativeScorer[] }> {
  const model = await loadNativeModel({ path, headPath, pre: options.pre ?? '', placement: plan.native }, hooks);
  const scorers: NativeScorer[] = [];
  try {
    const info = model.info();
    checkTrainedContext(options.maxLength, info);
    const { opOffload, activations } = plan;
    const f32Kv = options.kvType === 'f32' || (options.kvType === 'auto' && gainsByF32Kv(plan, info));
    for (let i = 0; i < plan.contexts; i++) {
      scorers.push(
        await createScorer(model, scorerOptions(options, plan, { opOffload, f32Kv, activations }), JOBS_PER_CONTEXT),
      );
    }
    return { model, scorers };
  } catch (error) {
    for (const scorer of scorers) await scorer.close();
    await model.close();
    throw error;
  }
}

/**
 * Weights of fewer bits move scores far more than a cache of F16 does, and a GPU's flash attention takes nothing else. See
 * docs/accuracy.md for the measurement.
 */
function gainsByF32Kv({ placement }: LoadPlan, { sizeBytes, parameters }: NativeModelInfo): boolean {
  return placement === undefined && sizeBytes / parameters >= 1.9;
}

function checkTrainedContext(maxLength: number, info: NativeModelInfo): void {
  if (maxLength <= info.trainedContext) return;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `max_length is ${maxLength}, but the model's file states sequences of up to ${info.trainedContext} tokens (context_length). Lower max_length.`,
  );
}
