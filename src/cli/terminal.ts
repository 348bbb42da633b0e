import { printable, printableJson } from '../util/printable.js';

// The one door to the terminal. What passes it may hold names and texts that others wrote, and they must not reach a
// terminal as control sequences.

/** Writes a line for people to standard error. */
export function say(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

/** Writes lines for people to standard output, or to standard error. */
export function printLines(text: string, stream: NodeJS.WriteStream = process.stdout): void {
  stream.write(printableLines(text));
}

/** Writes one JSON document to standard output. Control characters stand in it escaped, as JSON allows. */
export function printJson(value: unknown): void {
  process.stdout.write(`${printableJson(JSON.stringify(value, null, 2))}\n`);
}

function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line))
    .join('\n');
}
