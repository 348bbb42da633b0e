import { close, closeSync, constants, open, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { throwIfAborted } from '../abort.js';

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
const RELEASE_EVERY_MS = 20;

/**
 * Opens a named pipe, which waits until somebody has opened its other end. Neither that wait nor one for a silent partner holds
 * up the end of the process, as a read and a write of a file's descriptor would: they block one of Node's threads, and
 * process.exit() waits for these.
 *
 * @throws InformError INFORM_ABORTED when `signal` aborts before there is a partner; the system's errors as they are
 */
export async function openPipe(path: string, direction: 'read' | 'write', signal?: AbortSignal): Promise<Socket> {
  throwIfAborted(signal);
  const reads = direction === 'read';
  let timer: NodeJS.Timeout | undefined;
  const release = (): void => {
    // More than once: the thread that opens the pipe may not have come to it yet.
    timer = setInterval(openOtherEnd, RELEASE_EVERY_MS, path, reads ? O_WRONLY : O_RDONLY);
  };
  signal?.addEventListener('abort', release, { once: true });
  try {
    const descriptor = await promisify(open)(path, reads ? O_RDONLY : O_WRONLY);
    if (signal?.aborted === true) await promisify(close)(descriptor);
    throwIfAborted(signal);
    return new Socket({ fd: descriptor, readable: reads, writable: !reads });
  } finally {
    signal?.removeEventListener('abort', release);
    clearInterval(timer);
  }
}

/** Is the partner that the other end waits for, for a moment. */
function openOtherEnd(path: string, flags: number): void {
  try {
    closeSync(openSync(path, flags | O_NONBLOCK));
  } catch {
    // Nobody waits yet.
  }
}
