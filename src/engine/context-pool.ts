import { throwIfAborted } from '../util/abort.js';
import { toInformError, InformError } from '../errors.js';
import type { NativeEvaluation, NativeScorer } from '../addon/load-addon.js';
import type { Batch } from './batch.js';

/** While a context evaluates one batch the next one may wait in native code, so that it goes on without JavaScript. */
const JOBS_PER_CONTEXT = 2;

/** A scoring context with its jobs. */
interface Lane {
  readonly scorer: NativeScorer;
  /** The last jobs, as many as may be in flight; a new one starts when the oldest of them has ended. */
  last: Promise<unknown>[];
}

/**
 * The contexts of a model side by side. Jobs take turns, so that which context a batch is computed by does not depend on time:
 * the same batches in the same order give the same scores.
 */
export class ContextPool {
  /**
   * How many jobs keep every context busy. Each holds one of libuv's four threads, even while it waits, so there is one more than
   * contexts: tokenizing and files need a thread, too.
   */
  readonly inFlight: number;
  readonly #pool: readonly Lane[];
  #jobs = 0;

  constructor(scorers: readonly NativeScorer[]) {
    this.inFlight = scorers.length + 1;
    this.#pool = scorers.map((scorer) => ({
      scorer,
      last: Array.from({ length: JOBS_PER_CONTEXT }, () => Promise.resolve()),
    }));
  }

  /** Jobs of one context run in the order of the calls. */
  async evaluate(batch: Batch, signal?: AbortSignal): Promise<NativeEvaluation> {
    const id = this.#jobs++;
    const lane = this.#pool[id % this.#pool.length];
    if (!lane) throw new InformError('INFORM_INTERNAL', 'There is no scoring context.');
    const [oldest, ...others] = lane.last;
    const job = Promise.resolve(oldest).then(() => run(lane.scorer, id, batch, signal));
    lane.last = [...others, job.catch(() => undefined)];
    return job;
  }

  /** Waits for the work that runs or is queued, then frees the contexts. */
  async close(): Promise<void> {
    await Promise.all(this.#pool.flatMap(({ last }) => last));
    for (const { scorer } of this.#pool) await scorer.close();
  }
}

async function run(
  scorer: NativeScorer,
  id: number,
  batch: Batch,
  signal: AbortSignal | undefined,
): Promise<NativeEvaluation> {
  throwIfAborted(signal);
  const cancel = (): void => {
    scorer.cancel(id);
  };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await scorer.score(id, batch);
  } catch (error) {
    throw toInformError(error);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
