import type { Encoder } from '../prompt/encoder.js';
import type { Engine } from '../engine/engine.js';
import { Notifier } from '../util/async/notifier.js';
import type { Entry, Job, OnNative, Outcome } from './job.js';
import { Evaluator } from './evaluator.js';
import { yieldInOrder, type OrderedSource } from './in-order.js';
import { Queue } from '../util/async/queue.js';
import { WindowReader, WINDOW_CHARACTERS } from './window-reader.js';
import { BatchPlanner, type PlannedBatch } from './planner/batch-planner.js';
import { PipelineStats } from './pipeline-stats.js';

export type { Job, Outcome } from './job.js';

export interface StreamOptions<Tag = unknown> {
  /** The most samples planned together. */
  window: number;
  /**
   * Whether the source may fall silent, as a person or another program does. What it has given is then scored without
   * waiting for more, so that batches, and with them the rounding of scores, depend on its timing.
   */
  live: boolean;
  signal?: AbortSignal | undefined;
  /** Filled while the stream runs. */
  stats?: PipelineStats | undefined;
  /** Watches samples enter native code. */
  onNative?: OnNative<Tag> | undefined;
}

/** How long a live source may be silent while the engine has nothing to do. */
const SILENCE_MS = 100;

/**
 * The flow of samples: read and encoded in chunks, planned in windows, evaluated in batches, given back in input order as
 * soon as they and those before them are scored. While the engine computes, the next window is read and encoded. The
 * first window is as large as a batch, each following one twice as large until `window`, so that the engine starts at
 * once; windows depend on nothing but the input, unless the source is live.
 *
 * Throws INFORM_ABORTED, and what makes the whole run impossible (INFORM_CLOSED, INFORM_OUT_OF_MEMORY, …); when the
 * source fails, what was read before it is scored first.
 */
export async function* scoreStream<Tag>(
  source: AsyncIterable<Job<Tag>>,
  encoder: Encoder,
  engine: Engine,
  options: StreamOptions<Tag>,
): AsyncGenerator<Outcome<Tag>> {
  const { signal, stats = new PipelineStats() } = options;
  const flow = new Flow(source, encoder, engine, options, stats);
  try {
    yield* yieldInOrder(flow, stats, signal);
  } finally {
    await flow.stop();
  }
}

/** Everything of a stream but its giving: the reader ahead, the batches in flight, the outcomes in input order. */
class Flow<Tag> implements OrderedSource<Outcome<Tag>> {
  /** Notified when there may be something to take or to throw. */
  readonly change = new Notifier();
  readonly #reader: WindowReader<Tag>;
  readonly #planner: BatchPlanner<Entry<Tag>>;
  readonly #evaluator: Evaluator<Tag>;
  readonly #entries = new Queue<Entry<Tag>>();
  /** Entries of windows that the planner was given which are not taken yet. */
  #planned = 0;
  #plannedCharacters = 0;
  readonly #inFlight = new Set<Promise<void>>();
  /** Ends the batches that are computed, when the consumer leaves early too. */
  readonly #leaving = new AbortController();
  readonly #stop: AbortSignal;
  readonly #onAbort = (): void => {
    this.change.notify();
  };
  #silence: NodeJS.Timeout | undefined;
  #failure: { error: unknown } | undefined;

  constructor(
    source: AsyncIterable<Job<Tag>>,
    encoder: Encoder,
    private readonly engine: Engine,
    private readonly options: StreamOptions<Tag>,
    private readonly stats: PipelineStats,
  ) {
    const { signal, window, live, onNative } = options;
    this.#stop = signal ? AbortSignal.any([signal, this.#leaving.signal]) : this.#leaving.signal;
    signal?.addEventListener('abort', this.#onAbort);
    this.#planner = new BatchPlanner(engine.limits);
    this.#evaluator = new Evaluator(engine, stats);
    const onProgress = (entries: readonly Entry<Tag>[]): void => {
      for (const entry of entries) this.#entries.push(entry);
      this.#advance();
    };
    this.#reader = new WindowReader(source, encoder, {
      firstWindow: engine.limits.maxSequences,
      window,
      live,
      stats,
      onNative,
      onProgress,
    });
  }

  /** Whether everything has been taken. */
  get ended(): boolean {
    return this.#reader.ended && this.#entries.length === 0;
  }

  /** The next outcome in input order, undefined while there is none. Throws what ended the stream before its end. */
  take(): Outcome<Tag> | undefined {
    const { outcome, characters = 0 } = this.#entries.front ?? {};
    if (outcome) {
      this.#entries.shift();
      this.#planned--;
      this.#plannedCharacters -= characters;
      if (this.#planner.empty) this.#advance();
      return outcome;
    }
    const failure = this.#failure ?? (this.ended ? this.#reader.failure : undefined);
    if (failure && this.#inFlight.size === 0) throw failure.error;
    return undefined;
  }

  /** Ends what runs, and the source. */
  async stop(): Promise<void> {
    const { signal } = this.options;
    clearTimeout(this.#silence);
    signal?.removeEventListener('abort', this.#onAbort);
    this.#leaving.abort();
    const closed = this.#reader.stop();
    await Promise.all(this.#inFlight);
    // A source that stays silent would hold the stream without end: after an abort it is left alone.
    if (signal?.aborted !== true) await closed;
  }

  /** Starts whatever can be started. */
  #advance(): void {
    while (this.#inFlight.size < this.engine.inFlight && !this.#failure && !this.#stop.aborted) {
      const batch = this.#nextBatch();
      if (!batch) break;
      const job = this.#evaluate(batch).finally(() => {
        this.#inFlight.delete(job);
        this.#advance();
      });
      this.#inFlight.add(job);
    }
    this.#listenForSilence();
    this.change.notify();
  }

  #nextBatch(): PlannedBatch<Entry<Tag>> | undefined {
    const began = performance.now();
    while (this.#planner.empty && !this.#planningWaits) {
      const window = this.#reader.takeWindow();
      if (!window) break;
      this.#planned += window.length;
      this.#plannedCharacters += window.reduce((sum, { characters }) => sum + characters, 0);
      this.#planner.add(window.filter((entry) => entry.outcome === undefined));
    }
    const batch = this.#planner.next();
    this.stats.seconds.plan += (performance.now() - began) / 1000;
    return batch;
  }

  /** For a consumer that is slower than the engine, and for a batch that holds up the outcomes behind it. */
  get #planningWaits(): boolean {
    return this.#planned > this.options.window || this.#plannedCharacters > WINDOW_CHARACTERS;
  }

  async #evaluate(batch: PlannedBatch<Entry<Tag>>): Promise<void> {
    try {
      const left = await this.options.onNative?.(batch.samples.flat().map(({ tag }) => tag));
      await this.#evaluator.evaluate(batch, this.#stop);
      left?.();
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  /** A live source that is silent while the engine has nothing to do gets what it gave scored. */
  #listenForSilence(): void {
    clearTimeout(this.#silence);
    if (!this.options.live || this.#inFlight.size > 0 || this.#stop.aborted || !this.#reader.holdsBack) return;
    this.#silence = setTimeout(() => {
      this.#reader.flush();
    }, SILENCE_MS);
  }
}
