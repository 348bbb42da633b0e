import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { abortError } from '../abort.js';
import { openPipe } from './named-pipe.js';

/** Opens what text is appended to: a file, a device or a named pipe. Throws the system's errors, and INFORM_ABORTED. */
export async function openWriter(path: string, flags: 'a' | 'w', signal?: AbortSignal): Promise<Writable> {
  const entry = await stat(path).catch(() => undefined);
  if (entry?.isFIFO() === true) return openPipe(path, 'write', signal);
  const stream = createWriteStream(path, { flags });
  await once(stream, 'open');
  return stream;
}

/** What is written when an abort comes, and after it, has this long to be taken. */
const GRACE_MS = 500;

/** Resolves once the stream has taken the text. Throws the system's errors, and INFORM_ABORTED. */
export function writeText(stream: Writable, text: string, signal?: AbortSignal): Promise<void> {
  return untilGrace(signal, (done) => {
    stream.write(text, done);
  });
}

/** Resolves once the stream has taken everything and is closed, or has been left after an abort. */
export async function closeWriter(stream: Writable, signal?: AbortSignal): Promise<void> {
  if (stream.closed) return;
  const ended = untilGrace(signal, (done) => {
    stream.once('close', done).end();
  });
  await ended.catch(() => stream.destroy());
}

function untilGrace(
  signal: AbortSignal | undefined,
  work: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      timer = setTimeout(() => {
        if (signal) reject(abortError(signal));
      }, GRACE_MS);
    };
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop, { once: true });
    work((error) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      if (error) reject(error);
      else resolve();
    });
  });
}
