import { InformError } from '../errors.js';

const ABORTED = 'The work was aborted.';

/** Throws INFORM_ABORTED once the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, message = ABORTED): void {
  if (signal?.aborted) throw abortError(signal, message);
}

export function abortError(signal: AbortSignal, message = ABORTED): InformError {
  return new InformError('INFORM_ABORTED', message, { cause: signal.reason });
}
