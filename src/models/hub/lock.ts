import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { systemCodeOf } from '../../errors.js';
import { isRunning } from '../../util/files/atomic-file.js';
import { outputError } from '../../util/files/file-errors.js';
import { throwIfAborted } from './http.js';

const POLL_MS = 500;
const TOUCH_MS = 10_000;
/** A lock that nobody touched for so long was left behind, whatever machine its owner ran on. */
const STALE_MS = 60_000;

/**
 * Runs `work` while no other process runs the same. This saves work done twice, and nothing more: what is done under a
 * lock stays right without it, because some file systems cannot keep two processes apart.
 *
 * @param onWait called while another process has the lock
 */
export async function withLock<T>(
  path: string,
  options: { signal?: AbortSignal | undefined; onWait?: (() => void) | undefined },
  work: () => Promise<T>,
): Promise<T> {
  while (!(await tryLock(path))) {
    options.onWait?.();
    await delay(POLL_MS, undefined, { signal: options.signal }).catch(() => undefined);
    throwIfAborted(options.signal);
  }
  const touching = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => undefined);
  }, TOUCH_MS).unref();
  try {
    return await work();
  } finally {
    clearInterval(touching);
    await rm(path, { force: true });
  }
}

async function tryLock(path: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${process.pid} ${hostname()}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw outputError(path, error);
  }
  if (await isAbandoned(path)) await rm(path, { force: true });
  return false;
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const [pid = '', host = ''] = (await readFile(path, 'utf8')).trim().split(' ');
    // A lock that is being written is still empty.
    if (host === hostname() && Number(pid) > 0 && !isRunning(Number(pid))) return true;
    return Date.now() - (await stat(path)).mtimeMs > STALE_MS;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false; // it is free again
    throw outputError(path, error);
  }
}
