import type { CliResult } from '../support/children/cli.js';
import type { Random } from '../support/random.js';

/** One hostile thing that is done to the program. Throws where it is not met as it should be. */
export type Round = (random: Random, folder: string) => Promise<void>;

/** Requires that a command is done, or ends with one sentence and a code, no stack trace, and in time. */
export function requireSentence({ code, signal, stdout, stderr }: CliResult, what: string): void {
  if (signal !== null || code === null)
    throw new Error(`${what}: it was ended by ${signal ?? 'nobody'}\n${tail(stderr)}`);
  if (/INFORM_INTERNAL|this is a bug|^ {4}at /m.test(stderr)) throw new Error(`${what}: no sentence\n${tail(stderr)}`);
  if (code !== 0 && code !== 3 && !/\[INFORM_[A-Z_]+\]\n$/.test(stderr)) {
    throw new Error(`${what}: exit code ${code} without a code\n${tail(stderr)}`);
  }
  requirePrintable(stdout + stderr, what);
}

/** Requires that nothing reaches a terminal as a control sequence. */
function requirePrintable(text: string, what: string): void {
  const found = /[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u.exec(text);
  if (found)
    throw new Error(
      `${what}: a raw control character at ${JSON.stringify(text.slice(Math.max(found.index - 40, 0), found.index + 10))}`,
    );
}

function tail(text: string): string {
  return text.slice(-1500);
}
