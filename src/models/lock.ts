import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { tryOpenLocked, type LockedFile } from '../addon/locked-file.js';
import { throwIfAborted } from '../util/abort.js';
import { withOutputErrors } from '../util/files/file-errors.js';
import { makeFolder } from '../util/files/make-folder.js';

const POLL_MS = 500;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** The sentence of INFORM_ABORTED when the signal ends the waiting. */
  readonly interrupted: string;
  /** Called again and again while another process has the lock. */
  readonly onWait?: (() => void) | undefined;
  /** Whether the file stays, because other tools wait for the lock of the same file. */
  readonly keep?: boolean | undefined;
}

/**
 * Runs `work` while no other process runs the same. On a file system that keeps no locks the work is done nevertheless,
 * and told so: several processes may be at it.
 *
 * @throws InformError INFORM_ABORTED, INFORM_OUTPUT_UNWRITABLE, and what `work` throws
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: (isLocked: boolean) => Promise<T>,
): Promise<T> {
  await withOutputErrors(path, makeFolder(dirname(path)));
  const { file, unlocked } = await waitForLock(path, options);
  try {
    return await work(!unlocked);
  } finally {
    // Removed while it is held: a process that waits for it sees that what it opened has lost its name. One that cannot be removed
    // does no harm, and must not hide what the work came to.
    if (options.keep !== true) await rm(path, { force: true }).catch(() => undefined);
    await file.close();
  }
}

async function waitForLock(path: string, { signal, interrupted, onWait }: LockOptions): Promise<LockedFile> {
  for (;;) {
    const locked = await tryOpenLocked(path, path);
    if (locked !== undefined) return locked;
    onWait?.();
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    throwIfAborted(signal, interrupted);
  }
}
