import { createInterface } from 'node:readline/promises';

import { printable } from '../util/printable.js';
import { describePlan, unasked, type ConfirmDownload } from '../models/confirm-download.js';

export interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/**
 * How the command line confirms a large download: it says how much it is, and asks on a terminal. `--yes` answers ahead of
 * time; without a terminal there is no other way.
 *
 * @param beforeAsking called before anything is written
 */
export function confirmOnTerminal(
  { yes, signal, beforeAsking }: { yes: boolean; signal?: AbortSignal | undefined; beforeAsking: () => void },
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): ConfirmDownload {
  return async (plan) => {
    beforeAsking();
    if (yes) {
      output.write(`${printable(describePlan(plan))}\n`);
      return true;
    }
    if (!input.isTTY || !output.isTTY) {
      throw unasked(plan, 'Pass --yes to start it without being asked.');
    }
    const lines = createInterface({ input, output });
    try {
      const closed = new AbortController();
      lines.once('close', () => {
        closed.abort();
      });
      // Ctrl-C at the question and the end of the input both close it.
      const signals = signal === undefined ? [closed.signal] : [closed.signal, signal];
      const answer = await lines
        .question(`${printable(describePlan(plan))} Go on? [y/N] `, { signal: AbortSignal.any(signals) })
        .catch(() => '');
      return /^y(?:es)?$/i.test(answer.trim());
    } finally {
      lines.close();
    }
  };
}
