import { InformError } from '../errors.js';
import { showValue } from './show-value.js';

// What programs hand to the public functions. TypeScript checks it for those that are written in it, these checks for all others.

/** @throws InformError INFORM_INVALID_ARGUMENT */
export function requireText(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '') throw invalid(name, 'a string that is not empty', value);
}

/** @throws InformError INFORM_INVALID_ARGUMENT */
export function requireOptions(value: unknown, name: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(name, 'an object, or left out', value);
  }
}

/** @throws InformError INFORM_INVALID_ARGUMENT */
export function requireSignal(value: unknown): void {
  if (value !== undefined && !(value instanceof AbortSignal)) throw invalid('signal', 'an AbortSignal', value);
}

/** @throws InformError INFORM_INVALID_ARGUMENT */
export function requireFunction(value: unknown, name: string): void {
  if (value !== undefined && typeof value !== 'function') throw invalid(name, 'a function', value);
}

/**
 * Something that gives values one after the other. A text does so, too, letter by letter, which nobody means.
 *
 * @throws InformError INFORM_INVALID_ARGUMENT
 */
export function requireIterable(value: unknown, name: string): void {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  if (isObject && (Symbol.asyncIterator in value || Symbol.iterator in value)) return;
  throw invalid(name, 'an array, a generator or a stream', value);
}

function invalid(name: string, expected: string, value: unknown): InformError {
  return new InformError('INFORM_INVALID_ARGUMENT', `${name} must be ${expected}, but is ${showValue(value)}.`);
}
