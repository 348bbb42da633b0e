import { createReadStream } from 'node:fs';
import { constants, access, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { doesNotExist } from '../util/files/missing.js';
import { openPipe } from '../util/files/named-pipe.js';

/** The input that stands for standard input. */
export const STDIN = '-';

/** Large reads: fewer turns of the event loop a megabyte, and few rows that span two chunks. */
const CHUNK_BYTES = 2 ** 20;

export function inputName(input: string): string {
  return input === STDIN ? '<stdin>' : input;
}

export interface InputCheck {
  /** The size of all inputs together, for progress; undefined when one is standard input or a pipe. */
  bytes: number | undefined;
}

/**
 * Checks before a run starts that every input is there and readable.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE
 */
export async function checkInputs(inputs: readonly string[]): Promise<InputCheck> {
  let bytes: number | undefined = 0;
  for (const input of inputs) {
    const size: number | undefined = input === STDIN ? undefined : await sizeOf(input);
    bytes = size === undefined || bytes === undefined ? undefined : bytes + size;
  }
  if (inputs.filter((input) => input === STDIN).length > 1) {
    throw new InformError('INFORM_INPUT_UNREADABLE', 'Standard input ("-") can be read only once.');
  }
  return { bytes };
}

/** The size in bytes of a regular file, undefined for a pipe. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const entry = await stat(path);
    if (entry.isDirectory()) throw unreadable(path, 'is a directory. Name the files in it.');
    await access(path, constants.R_OK);
    return entry.isFile() ? entry.size : undefined;
  } catch (error) {
    throw explain(path, error);
  }
}

export interface ChunkOptions {
  signal?: AbortSignal | undefined;
  /** How much of a file is read; undefined: all that is there when its end is reached. */
  bytes?: number | undefined;
}

/**
 * The bytes of one input, in chunks.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE; INFORM_ABORTED when `signal` aborts
 */
export async function* readChunks(input: string, { signal, bytes }: ChunkOptions = {}): AsyncGenerator<Buffer> {
  if (bytes === 0) return;
  const options = {
    highWaterMark: CHUNK_BYTES,
    ...(signal === undefined ? {} : { signal }),
    ...(bytes === undefined ? {} : { end: bytes - 1 }),
  };
  try {
    if (signal?.aborted === true) throw aborted(signal);
    if (input === STDIN) yield* untilAborted(process.stdin, signal);
    else if ((await stat(input)).isFIFO()) yield* untilAborted(await openPipe(input, 'read', signal), signal);
    else for await (const chunk of createReadStream(input, options)) yield chunk as Buffer;
  } catch (error) {
    throw signal?.aborted === true ? aborted(signal) : explain(inputName(input), error);
  }
}

export function aborted(signal: AbortSignal): InformError {
  return new InformError('INFORM_ABORTED', 'Reading was stopped.', { cause: signal.reason });
}

/** Reads a stream that may stay silent for hours, and leaves it when `signal` aborts. */
async function* untilAborted(stream: Readable, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const leave = (): void => {
    stream.destroy();
  };
  signal?.addEventListener('abort', leave, { once: true });
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk;
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}

function explain(name: string, error: unknown): InformError {
  if (error instanceof InformError) return error;
  switch (systemCodeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return unreadable(name, `${doesNotExist(name)}. Check the path.`, error);
    case 'EACCES':
    case 'EPERM':
      return unreadable(name, 'may not be read by this user. Check its permissions.', error);
    case 'EISDIR':
      return unreadable(name, 'is a directory. Name the files in it.', error);
    default:
      return unreadable(name, `could not be read: ${messageOf(error)}`, error);
  }
}

function unreadable(name: string, what: string, cause?: unknown): InformError {
  return new InformError('INFORM_INPUT_UNREADABLE', `${name} ${what}`, cause === undefined ? {} : { cause });
}
