import { ExitCode } from './exit-codes.js';
import { hangupIsIgnored } from './hangup.js';

/**
 * Milliseconds within which signals are one: under npm and npx a Ctrl-C arrives from the terminal and once more from npm. Nobody
 * presses it twice that fast.
 */
const SAME_MS = 300;

/** The signals that end a run. */
let signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Ignores SIGHUP for good where that was wanted at the start. */
export function keepHangupIgnored(): void {
  if (!hangupIsIgnored()) return;
  signals = ['SIGINT', 'SIGTERM'];
  process.on('SIGHUP', () => undefined);
}

/** SIGINT and its like end the run in order; a second one ends the process at once. */
export function onInterrupt(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  let firstAt = 0;
  const handle = (): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      controller.abort();
    } else if (performance.now() - firstAt >= SAME_MS) {
      process.exit(ExitCode.interrupted);
    }
  };
  for (const name of signals) process.on(name, handle);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, handle);
    },
  };
}
