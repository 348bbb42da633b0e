import { open, stat, type FileHandle } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';

import { InformError, messageOf, type ErrorCode } from '../../errors.js';
import { throwIfAborted } from '../abort.js';
import { openPipe } from './named-pipe.js';

/**
 * A small text file, or undefined where it has more than `maxBytes`. What the file system says about sizes is not asked: a
 * pipe and a device say 0, and a file may grow while it is read.
 *
 * @throws the system's errors as they are
 */
async function readBoundedText(path: string, maxBytes: number, signal?: AbortSignal): Promise<string | undefined> {
  if ((await stat(path)).isFIFO()) return boundedTextOfPipe(await openPipe(path, 'read', signal), maxBytes, signal);
  const file = await open(path, 'r');
  try {
    return await boundedTextOf(file, maxBytes);
  } finally {
    await file.close();
  }
}

/** What a text file that the user names is called in errors. */
export interface TextErrors {
  readonly code: ErrorCode;
  /** What "cannot be read: …" follows, such as "The chat template chat.jinja". */
  readonly subject: string;
  /** The sentence for a file of more bytes. */
  readonly tooLarge: string;
}

/**
 * The text of a file that the user names.
 *
 * @throws InformError `errors.code`; INFORM_ABORTED when `signal` aborts while a pipe is silent
 */
export async function readNamedText(
  path: string,
  maxBytes: number,
  errors: TextErrors,
  signal?: AbortSignal,
): Promise<string> {
  const { code, subject, tooLarge } = errors;
  let text: string | undefined;
  try {
    text = await readBoundedText(path, maxBytes, signal);
  } catch (error) {
    throwIfAborted(signal);
    throw new InformError(code, `${subject} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
  if (text === undefined) throw new InformError(code, tooLarge);
  return text;
}

async function boundedTextOfPipe(
  pipe: Readable,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of addAbortSignal(signal ?? new AbortController().signal, pipe) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** As `readBoundedText`, of an open file, from its current position on. */
export async function boundedTextOf(file: FileHandle, maxBytes: number): Promise<string | undefined> {
  return (await boundedBytesOf(file, maxBytes))?.toString('utf8');
}

/** As `boundedTextOf`, of a file that may hold no text. */
export async function boundedBytesOf(file: FileHandle, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
    if (bytesRead === 0) return Buffer.concat(parts);
    length += bytesRead;
    if (length > maxBytes) return undefined;
    parts.push(buffer.subarray(0, bytesRead));
  }
}
