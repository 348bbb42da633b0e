import { InformError } from '../errors.js';
import { invalidCheckpoint, type JsonObject } from './checkpoint-file.js';

// Reading values of config.json.

/** Far above every model; products of two of them stay exact. */
export const MAX_COUNT = 1 << 24;

/** @throws InformError INFORM_INVALID_CHECKPOINT */
export function count(object: JsonObject, key: string, path: string): number {
  const value = object[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_COUNT) {
    throw invalidCheckpoint(`${path} must give ${key} as a positive integer but has ${named(value)}.`);
  }
  return value;
}

/** @throws InformError INFORM_INVALID_CHECKPOINT */
export function positive(object: JsonObject, key: string, path: string): number {
  const value = object[key];
  if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) {
    throw invalidCheckpoint(`${path} must give ${key} as a positive number but has ${named(value)}.`);
  }
  return value;
}

export function named(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80);
}

export function unsupported(message: string): InformError {
  return new InformError('INFORM_UNSUPPORTED_MODEL', message);
}
