import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { duplicateKey } from './json-keys.js';

export type JsonObject = Readonly<Record<string, unknown>>;

const MAX_FILE_BYTES = 64 << 20; // tokenizer.json is the largest: 9 to 35 MB

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
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const status = await file.stat();
    if (!status.isFile()) throw invalidCheckpoint(`${path} is not a regular file.`);
    if (status.size > MAX_FILE_BYTES) throw invalidCheckpoint(`${path} is larger than ${MAX_FILE_BYTES} bytes.`);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof InformError) throw error;
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw invalidCheckpoint(`${path} cannot be read: ${messageOf(error)}.`, { cause: error });
  } finally {
    await file?.close();
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
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidCheckpoint(`${path} is not valid JSON: ${messageOf(error)}.`, { cause: error });
  }
  const object = objectIn(value);
  if (object === undefined) throw invalidCheckpoint(`${path} does not hold a JSON object.`);
  const twice = duplicateKey(text);
  if (twice !== undefined) throw invalidCheckpoint(`${path} has the key ${JSON.stringify(twice.slice(0, 120))} twice.`);
  return object;
}

/** `value` as an object, or undefined where it is something else. */
export function objectIn(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
