import { InformError } from '../errors.js';
import { didYouMean } from '../util/nearest-name.js';

/** The error for a key that does not exist, with the nearest one that does. */
export function unknownKey(key: string, known: readonly string[], what: string): InformError {
  const hint = didYouMean(key, known);
  return new InformError('INFORM_INVALID_CONFIG', `unknown ${what} "${key}".${hint} Known are: ${known.join(', ')}.`);
}

/** @throws InformError INFORM_INVALID_CONFIG for an option of a function that it does not have */
export function refuseUnknownOptions(options: object, known: readonly string[]): void {
  const stranger = Object.keys(options).find((key) => !known.includes(key));
  if (stranger !== undefined) throw unknownKey(stranger, known, 'option');
}
