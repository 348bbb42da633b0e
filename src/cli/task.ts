import type { ProgressStatus } from '../util/progress-status.js';
import { onInterrupt, type Interrupt } from './interrupt.js';
import { Progress } from './terminal-progress.js';

/** What a command's work gets: a signal that Ctrl-C fires, and a place to show how far it is. */
export interface Task {
  readonly signal: AbortSignal;
  /** The signal of the operating system that fired it. */
  readonly interruptedBy: Interrupt['by'];
  /** Shows how far the work is. */
  update: (status: ProgressStatus) => void;
  /** Writes a line that stays. */
  note: (line: string) => void;
  /** Takes the progress off the screen before something else is written. */
  clear: () => void;
}

/** The frame of a command: runs its work with progress on standard error, and leaves nothing on the screen. */
export async function runTask<T>(
  work: (task: Task) => Promise<T>,
  progress = new Progress(),
  interrupt = onInterrupt(),
): Promise<T> {
  try {
    return await work({
      signal: interrupt.signal,
      interruptedBy: interrupt.by,
      update: (status) => {
        progress.update(status);
      },
      note: (line) => {
        progress.note(line);
      },
      clear: () => {
        progress.clear();
      },
    });
  } finally {
    progress.clear();
    interrupt.release();
  }
}
