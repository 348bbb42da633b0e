import { InformError } from '../errors.js';

const ABORTED = 'The work was aborted.';

/** Throws once the signal has fired: INFORM_ABORTED with this sentence, or the InformError that it was fired with. */
export function throwIfAborted(signal: AbortSignal | undefined, message = ABORTED): void {
  if (signal?.aborted) throw abortError(signal, message);
}

export function abortError(signal: AbortSignal, message = ABORTED): InformError {
  if (signal.reason instanceof InformError) return signal.reason;
  return new InformError('INFORM_ABORTED', message, { cause: signal.reason });
}
