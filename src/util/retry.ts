import { setTimeout as delay } from 'node:timers/promises';

import type { InformError } from '../errors.js';
import { throwIfAborted } from './abort.js';

/** A failure that another try may mend. */
export class TransientError extends Error {
  /** What is thrown when no try is left. */
  readonly failure: InformError;
  /** The least wait before the next try. */
  readonly delayMs: number;
  /** Whether the try brought enough of what is wanted to count as the first one. */
  readonly hasProgressed: boolean;

  constructor(failure: InformError, options: { delayMs?: number; hasProgressed?: boolean } = {}) {
    super(failure.message, { cause: failure });
    this.failure = failure;
    this.delayMs = options.delayMs ?? 0;
    this.hasProgressed = options.hasProgressed ?? false;
  }
}

export interface RetryOptions {
  /** The most tries in a row that bring nothing. */
  readonly attempts: number;
  /** The wait before the second try; it doubles with every further one. */
  readonly firstDelayMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The sentence of INFORM_ABORTED when the signal ends a wait. */
  readonly interrupted: string;
  /** Called with the failure before the next try. */
  readonly onRetry?: ((failure: InformError) => void) | undefined;
}

/** Runs `work` until it comes to an end with anything but a TransientError, or no try is left. */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, firstDelayMs, signal, interrupted, onRetry } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      if (error.hasProgressed) attempt = 1;
      if (attempt >= attempts) throw error.failure;
      onRetry?.(error.failure);
      // Clients that were cut off together must not come back together.
      const backOff = firstDelayMs * 2 ** (attempt - 1) * (1 + Math.random() / 4);
      await delay(Math.max(error.delayMs, backOff), undefined, { signal }).catch(() => undefined);
      throwIfAborted(signal, interrupted);
    }
  }
}
