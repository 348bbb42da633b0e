import { inspect } from 'node:util';

const MOST_CHARACTERS = 60;

/** Any value at all, in one line: JSON has no word for infinity, big integers and loops. */
export function showValue(value: unknown): string {
  const kind = Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value;
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return `${shorten(text)} (${kind})`;
}

function shorten(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 3)}…` : text;
}
