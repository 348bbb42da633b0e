import type { TaskTicket } from './load-addon.js';

export interface TaskHooks {
  signal?: AbortSignal | undefined;
  /** Called with 0..1 while the task runs. */
  onProgress?: ((fraction: number) => void) | undefined;
}

const PROGRESS_INTERVAL_MS = 100;

/** Reports a native task's progress and hands an abort on, for as long as it runs. */
export async function trackTask<T>(ticket: TaskTicket, hooks: TaskHooks, task: Promise<T>): Promise<T> {
  const cancel = (): void => {
    ticket.cancel();
  };
  if (hooks.signal?.aborted) cancel();
  hooks.signal?.addEventListener('abort', cancel, { once: true });
  // Polled, because native code reports from threads that must not call into JavaScript.
  const timer = setInterval(() => hooks.onProgress?.(ticket.progress), PROGRESS_INTERVAL_MS);
  try {
    return await task;
  } finally {
    clearInterval(timer);
    hooks.signal?.removeEventListener('abort', cancel);
  }
}
