import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { readBoundedText } from '../util/files/bounded-text.js';
import { structureProblem } from './json-structure.js';

export type JsonObject = Readonly<Record<string, unknown>>;

// tokenizer.json is the largest, Llama 3's has 9 to 17 MB. Parsed JSON can take 60 times its size.
const MAX_FILE_BYTES = 40 << 20;

/** An error about a file of a checkpoint folder. */
export function invalidCheckpoint(message: string, options?: ErrorOptions): InformError {
  return new InformError('INFORM_INVALID_CHECKPOINT', message, options);
}

/**
 * Reads a text file of a checkpoint folder, or gives undefined where there is none.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT
 */
export async function readTextIfPresent(folder: string, name: string): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    // Before it is opened: opening a named pipe waits for ever.
    if (!(await stat(path)).isFile()) throw invalidCheckpoint(`${path} is not a regular file.`);
    const text = await readBoundedText(path, MAX_FILE_BYTES);
    if (text === undefined) throw invalidCheckpoint(`${path} is larger than ${MAX_FILE_BYTES} bytes.`);
    return text;
  } catch (error) {
    if (error instanceof InformError) throw error;
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw invalidCheckpoint(`${path} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
}

/** As `readTextIfPresent`, parsed: the file must hold one JSON object. */
export async function readJsonIfPresent(folder: string, name: string): Promise<JsonObject | undefined> {
  const text = await readTextIfPresent(folder, name);
  return text === undefined ? undefined : parseJsonObject(text, join(folder, name));
}

/** As `readJsonIfPresent`, for a file that every checkpoint has. */
export async function readJson(folder: string, name: string): Promise<JsonObject> {
  const object = await readJsonIfPresent(folder, name);
  if (object === undefined) {
    throw invalidCheckpoint(`${join(folder, name)} is missing. Give the folder of a complete Hugging Face checkpoint.`);
  }
  return object;
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
