import { printable } from '../util/printable.js';

/** A line of a summary. */
export type Line = [label: string, text: string];

/** Lines with their texts one below the other, each with a line break. */
export function alignedLines(lines: readonly Line[]): string {
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, text]) => `${label.padEnd(width)}  ${printable(text)}\n`).join('');
}
