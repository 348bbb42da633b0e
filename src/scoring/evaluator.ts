import type { Engine } from '../engine/engine.js';
import { InformError, type ErrorCode } from '../errors.js';
import { halves, type PlannedBatch } from './planner/batch-planner.js';
import { type Batch } from '../engine/batch.js';
import type { PipelineStats } from './pipeline-stats.js';
import type { Entry } from './job.js';

/** What may fail for some sequences and succeed for others. */
const FAILURES_OF_A_BATCH: ReadonlySet<ErrorCode> = new Set(['INFORM_OUT_OF_MEMORY', 'INFORM_DECODE_FAILED']);

/** As many sequences that fail one after the other, each alone, are not at fault: the engine or its settings are. */
const MOST_FAILED_IN_A_ROW = 8;

/**
 * Evaluates batches and settles their entries. A batch that fails is evaluated in ever smaller parts, so that a sequence that
 * cannot be evaluated even alone gets its error and all others their rewards.
 */
export class Evaluator<Tag> {
  #failedInARow = 0;

  constructor(
    private readonly engine: Engine,
    private readonly stats: PipelineStats,
  ) {}

  /** Throws INFORM_ABORTED, and what fails for every sequence. */
  async evaluate(batch: PlannedBatch<Entry<Tag>>, signal: AbortSignal): Promise<void> {
    try {
      await this.#evaluateWhole(batch, signal);
    } catch (error) {
      if (!(error instanceof InformError) || !FAILURES_OF_A_BATCH.has(error.code)) throw error;
      const parts = halves(batch);
      if (!parts) {
        await this.#tryOnceMore(batch, error, signal);
        return;
      }
      this.stats.halved++;
      for (const part of parts) await this.evaluate(part, signal);
    }
  }

  async #evaluateWhole(batch: PlannedBatch<Entry<Tag>>, signal: AbortSignal): Promise<void> {
    const { stats } = this;
    const { rewards, computedTokens, seconds, headSeconds } = await this.engine.evaluate(batch, signal);
    this.#failedInARow = 0;
    stats.batches++;
    stats.tokensComputed += computedTokens;
    stats.seconds.engine += seconds;
    stats.seconds.head += headSeconds;
    for (const [i, entries] of batch.samples.entries()) {
      for (const entry of entries) {
        entry.settle(rewards[i]);
        stats.samples++;
        stats.tokensSeen += entry.tokens.length;
      }
    }
  }

  /** Gives up a sequence that failed alone, if it does so again after a harmless one of its length has passed. */
  async #tryOnceMore(batch: PlannedBatch<Entry<Tag>>, error: InformError, signal: AbortSignal): Promise<void> {
    const entries = batch.samples.flat();
    if (++this.#failedInARow === MOST_FAILED_IN_A_ROW) throw error;
    try {
      await this.engine.evaluate(harmless(entries), signal);
    } catch (cause) {
      if (signal.aborted) throw cause;
      // It is not about this sequence, as where memory is short. The first failure says best what is wrong.
      throw error;
    }
    try {
      await this.#evaluateWhole(batch, signal);
    } catch (again) {
      if (!(again instanceof InformError) || !FAILURES_OF_A_BATCH.has(again.code)) throw again;
      for (const entry of entries) entry.fail(error);
    }
  }
}

/** As many tokens as the entries have, all of them their first one. */
function harmless(entries: readonly { tokens: Int32Array }[]): Batch {
  const [first] = entries;
  const tokens = new Int32Array(first?.tokens.length ?? 0).fill(first?.tokens[0] ?? 0);
  return { tokens, shared: Int32Array.of(0), tails: Int32Array.of(tokens.length), reuse: false };
}
