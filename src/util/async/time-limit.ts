import { createContext, Script } from 'node:vm';

/** Synchronous JavaScript went on for longer than it may. */
export class TimeLimitError extends Error {}

// V8 can end JavaScript that does not come back, a regular expression included, from another thread; node:vm is the way to
// it. What runs is the caller's own function, in its own realm. A call costs some 50 microseconds, so several tasks share one.
const context = createContext({ task: undefined as unknown });
const callTask = new Script('task()');

/**
 * Runs `task`, and ends it in the middle of whatever it does when it takes longer.
 *
 * @throws TimeLimitError; what `task` throws
 */
export function withTimeLimit(milliseconds: number, task: () => void): void {
  context['task'] = task;
  try {
    callTask.runInContext(context, { timeout: milliseconds });
  } catch (error) {
    if (isTimeout(error)) {
      throw new TimeLimitError(`it did not come to an end within ${milliseconds / 1000} s`, { cause: error });
    }
    throw error;
  } finally {
    context['task'] = undefined;
  }
}

/** The error is one of the context's own, so `instanceof Error` says no. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
