import { InformError, messageOf } from '../errors.js';
import { structureProblem } from './json-structure.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** An error about a file of a checkpoint folder. */
export function invalidCheckpoint(message: string, options?: ErrorOptions): InformError {
  return new InformError('INFORM_INVALID_CHECKPOINT', message, options);
}

/** An object out of JSON that names no key twice: which value counts would be anyone's guess. */
export function parseJsonObject(text: string, path: string): JsonObject {
  let problem: string | undefined;
  let value: unknown;
  try {
    problem = structureProblem(text);
    value = problem ?? JSON.parse(text);
  } catch (error) {
    throw invalidCheckpoint(`${path} is not valid JSON: ${messageOf(error)}.`, { cause: error });
  }
  if (problem !== undefined) throw invalidCheckpoint(`${path} ${problem}.`);
  const object = objectIn(value);
  if (object === undefined) throw invalidCheckpoint(`${path} does not hold a JSON object.`);
  return object;
}

/** `value` as an object, or undefined where it is something else. */
export function objectIn(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
