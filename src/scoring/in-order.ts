import { throwIfAborted } from '../util/abort.js';
import type { PipelineStats } from './pipeline-stats.js';
import type { Notifier } from '../util/async/notifier.js';

/** Work that goes on by itself and whose outcomes are taken in order. */
export interface OrderedSource<T> {
  /** Notified when there may be something to take or to throw. */
  readonly change: Notifier;
  /** Whether everything has been taken. */
  readonly ended: boolean;
  /** The next outcome, undefined while there is none. Throws what ended the work before its end. */
  take(): T | undefined;
}

/** Gives outcomes as they come, until all are taken. Throws INFORM_ABORTED, and what `take` throws. */
export async function* yieldInOrder<T>(
  work: OrderedSource<T>,
  stats: PipelineStats,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  const start = performance.now();
  for (;;) {
    throwIfAborted(signal);
    for (let outcome = work.take(); outcome !== undefined; outcome = work.take()) {
      const given = performance.now();
      yield outcome;
      stats.seconds.write += (performance.now() - given) / 1000;
      throwIfAborted(signal);
    }
    stats.elapsed = (performance.now() - start) / 1000;
    if (work.ended) return;
    await work.change.wait();
  }
}
