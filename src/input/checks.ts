import { InformError } from '../errors.js';

/** What a bad sample is rejected with. */
export function invalid(reason: string): InformError {
  return new InformError('INFORM_INVALID_SAMPLE', reason);
}

/**
 * Whether a field counts as left out: missing, null, "", 0, false, [] or {}. The Python scorer asks `if item.get("input")`,
 * and tables write such values where a row has none.
 */
export function isNone(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === '' || value === 0 || value === false;
}

/** @throws InformError INFORM_INVALID_SAMPLE */
export function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${name} must be a JSON object but is ${kindOf(value)}`);
  }
  return value as Record<string, unknown>;
}

// With the `u` flag a paired surrogate is one character outside this class, so only an unpaired one matches.
const UNPAIRED_SURROGATE = /[\uD800-\uDFFF]/u;

/**
 * A text, which may be empty: the published model scores those too.
 *
 * @param name the field in quotes, for messages
 * @throws InformError INFORM_INVALID_SAMPLE
 */
export function textOf(value: unknown, name: string): string {
  if (value === undefined) throw invalid(`${name} is missing`);
  if (typeof value === 'number' && !Number.isFinite(value)) throw notFinite(name);
  if (typeof value !== 'string') throw invalid(`${name} must be a string but is ${kindOf(value)}`);
  // Such a text has no UTF-8 form, so the tokenizer would have to see something else than what was given.
  if (UNPAIRED_SURROGATE.test(value)) throw invalid(`${name} holds an unpaired surrogate and is not valid Unicode`);
  return value;
}

export function notFinite(name: string): InformError {
  return invalid(
    `${name} is NaN or Infinity, which Python's json.dumps writes and JSON does not have; write null for a missing ` +
      "value (pandas' to_json does, and json.dumps(..., allow_nan=False) finds such values)",
  );
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
