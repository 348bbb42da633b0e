import { closeSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { systemCodeOf } from '../errors.js';
import { ExitCode } from './exit-codes.js';
import type { ChartRoom } from './histogram-text.js';
import { outputError } from '../util/files/file-errors.js';
import { printable, printableJson } from '../util/printable.js';

// The one door to the terminal. What passes it may hold names and texts that others wrote, and they must not reach a
// terminal as control sequences. And it never ends a command: standard error is for people, and they may have left.

/** Bytes that may wait for a reader of standard error; what comes when there are more is not shown. */
const MAX_WAITING_BYTES = 2 ** 20;
/** At the end of a command a reader of standard error that takes nothing is waited for as long as this. */
const STALLED_MS = 2000;
const LOOK_AGAIN_MS = 50;
const DEFAULT_COLUMNS = 80;

let errorFailed = false;
let outputFailure: Error | undefined;

/** Makes failures of both streams known here, instead of letting them end the process. */
export function openTerminal(): void {
  process.stderr.on('error', () => {
    errorFailed = true;
  });
  process.stdout.on('error', (error) => {
    outputFailure ??= error;
  });
  forgetVanishedTerminal();
}

/** Standard error, for what is written bit by bit. Whether it can be written makes no difference to who writes. */
export const errorStream = {
  write(text: string): void {
    if (!errorFailed && process.stderr.writableLength <= MAX_WAITING_BYTES) process.stderr.write(text);
  },
  get isTTY(): boolean {
    return process.stderr.isTTY;
  },
  get columns(): number | undefined {
    return process.stderr.columns;
  },
};

/** Help texts are wrapped to the terminal, and to this many columns at most. */
const MAX_HELP_COLUMNS = 110;

/** How help is laid out: for the terminal that it is printed on; headings are bold there unless NO_COLOR is set. */
export function helpStyle(): { columns: number; bold: (text: string) => string } {
  const { isTTY, columns } = process.stdout;
  const plain = !isTTY || process.env['TERM'] === 'dumb' || (process.env['NO_COLOR'] ?? '') !== '';
  return {
    columns: isTTY ? Math.min(MAX_HELP_COLUMNS, columns) : MAX_HELP_COLUMNS,
    bold: plain ? (text) => text : (text) => `\x1b[1m${text}\x1b[22m`,
  };
}

/** Whether a standard stream is a terminal. */
export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  return isatty(descriptor);
}

/** Where a chart is drawn on standard error; undefined where no terminal is, as in a log. */
export function chartRoom(env: NodeJS.ProcessEnv = process.env): ChartRoom | undefined {
  if (!errorStream.isTTY) return undefined;
  return { columns: errorStream.columns ?? DEFAULT_COLUMNS, blocks: showsBlocks(env) };
}

/** Whether a terminal has more than ASCII, by its locale as POSIX reads it; Windows' have. */
function showsBlocks(env: NodeJS.ProcessEnv): boolean {
  if (env['TERM'] === 'dumb') return false;
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG'].map((name) => env[name]).find((value) => value);
  return process.platform === 'win32' || /utf-?8/i.test(locale ?? '');
}

/** Writes a line for people to standard error. */
export function say(line: string): void {
  errorStream.write(`${printable(line)}\n`);
}

/** Writes lines for people to standard error. */
export function sayLines(text: string): void {
  errorStream.write(printableLines(text));
}

/** Writes lines for people to standard output. */
export function printLines(text: string): void {
  process.stdout.write(printableLines(text));
}

/** Writes a text that holds nothing but our own words, which may be bold, to standard output. */
export function printHelp(text: string): void {
  process.stdout.write(text);
}

/** Writes one JSON document to standard output. Control characters stand in it escaped, as JSON allows. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value, null, 2))}\n`);
}

/**
 * Resolves when standard output has taken everything, or its reader has left.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE
 */
export async function outputTaken(): Promise<void> {
  await nextTurn(); // in which failures of what was written at last are told
  // A command that has written nothing does not need it, and nothing is tried.
  if (process.stdout.writableLength > 0) {
    await new Promise<void>((resolve) => {
      process.stdout.write('', () => {
        resolve();
      });
    });
  }
  if (outputFailure !== undefined && systemCodeOf(outputFailure) !== 'EPIPE') {
    throw outputError('Standard output', outputFailure);
  }
}

/** Ends the process; at once where a reader of standard error has stopped to read, who would hold it up for good. */
export async function leave(exitCode: number): Promise<void> {
  process.exitCode = exitCode;
  let waiting = Infinity;
  let stalledSince = performance.now();
  while (!errorFailed && process.stderr.writableLength > 0) {
    if (process.stderr.writableLength < waiting) {
      waiting = process.stderr.writableLength;
      stalledSince = performance.now();
    } else if (performance.now() - stalledSince > STALLED_MS) {
      process.exit(exitCode);
    }
    await delay(LOOK_AGAIN_MS);
  }
  // What a reader of standard output has not taken by then is not waited for.
  if (exitCode === ExitCode.interrupted) process.exit(exitCode);
}

/**
 * When Node ends, it sets the modes of each terminal back to what they were at its start, and aborts where that fails because the
 * terminal is gone. It passes over descriptors that have been closed.
 */
function forgetVanishedTerminal(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.once('exit', () => {
    for (const descriptor of terminals) {
      if (!isatty(descriptor)) closeSync(descriptor);
    }
  });
}

function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n');
}
