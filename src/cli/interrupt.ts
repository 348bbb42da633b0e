import { ExitCode } from './exit-codes.js';
import { hangupIsIgnored } from './hangup.js';

/**
 * Milliseconds within which signals are one: under npm and npx a Ctrl-C arrives from the terminal and once more from npm. Nobody
 * presses it twice that fast.
 */
const SAME_MS = 300;

/** The signals that end a run. */
let signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'];

/** Ignores SIGHUP for good where that was wanted at the start. */
export function keepHangupIgnored(): void {
  if (!hangupIsIgnored()) return;
  signals = signals.filter((name) => name !== 'SIGHUP');
  process.on('SIGHUP', () => undefined);
}

export interface Interrupt {
  readonly signal: AbortSignal;
  /** The signal that ended the run, where one did. */
  readonly by: () => NodeJS.Signals | undefined;
  readonly release: () => void;
  /** From now on a scheduler sends them, as a warning and then once more: only SIGINT is impatient. */
  readonly schedule: () => void;
}

/**
 * SIGINT and its like end the run in order; a second one ends the process at once. SIGUSR1 is what schedulers send ahead of a time limit.
 */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  let firstAt = 0;
  let scheduled = false;
  let by: NodeJS.Signals | undefined;
  const handle = (name: NodeJS.Signals): void => {
    if (by === undefined) {
      by = name;
      firstAt = performance.now();
      controller.abort();
    } else if (scheduled && name !== 'SIGINT') {
      return;
    } else if (performance.now() - firstAt >= SAME_MS) {
      process.exit(ExitCode.interrupted);
    }
  };
  for (const name of signals) process.on(name, handle);
  return {
    signal: controller.signal,
    by: () => by,
    release: () => {
      for (const name of signals) process.off(name, handle);
    },
    schedule: () => {
      scheduled = true;
    },
  };
}
