import { CARRIAGE_RETURN, CLOSE_BRACE, COMMA, LINE_FEED, OPEN_BRACE, OPEN_BRACKET, QUOTE, isBlank } from './bytes.js';

/** Names under which one object holds the rows of a whole file. */
const NAMES = ['data', 'rows', 'samples', 'examples', 'train', 'test', 'validation', 'instances', 'items', 'records'];

/** The list begins within so many bytes. */
const MOST_WRAPPER_BYTES = 64 * 1024;

/** Where the list of rows begins, and under which name. */
export interface Wrapped {
  name: string;
  /** The index of its "[". */
  at: number;
}

/**
 * Looks whether a file is one object that holds its rows in a list, such as `{"version": 1, "data": [{…}, …]}`. Lines of objects
 * that have such a list each are not: then the first object ends where the second one begins.
 *
 * @param head the file's beginning, from its first "{" on
 * @param ended whether that is all of it
 * @returns undefined where it is not, 'more' where more has to be seen
 */
export function findWrapped(head: Buffer, ended: boolean): Wrapped | 'more' | undefined {
  const short = ended || head.length >= MOST_WRAPPER_BYTES ? undefined : 'more';
  for (let at = afterBlanks(head, 1); ;) {
    const keyEnd = head[at] === QUOTE ? stringEnd(head, at) : undefined;
    if (keyEnd === undefined) return at >= head.length || head[at] === QUOTE ? short : undefined;
    const name = head.toString('utf8', at + 1, keyEnd - 1);
    const value = afterBlanks(head, afterBlanks(head, keyEnd) + 1);
    if (value >= head.length) return short;
    if (head[value] === OPEN_BRACKET && NAMES.includes(name)) {
      const first = afterBlanks(head, value + 1);
      if (first >= head.length) return short;
      return head[first] === OPEN_BRACE ? confirmed(head, { name, at: value }, first, ended) : undefined;
    }
    const end = valueEnd(head, value);
    if (end === undefined) return short;
    at = afterBlanks(head, end);
    if (at >= head.length) return short;
    if (head[at] !== COMMA) return undefined;
    at = afterBlanks(head, at + 1);
  }
}

/** Turns of one conversation are no rows, and objects of one line each no wrapper. */
function confirmed(head: Buffer, wrapped: Wrapped, first: number, ended: boolean): Wrapped | 'more' | undefined {
  const firstKey = afterBlanks(head, first + 1);
  const keyEnd = head[firstKey] === QUOTE ? stringEnd(head, firstKey) : undefined;
  if (keyEnd !== undefined && ['role', 'from'].includes(head.toString('utf8', firstKey + 1, keyEnd - 1)))
    return undefined;
  const end = valueEnd(head, 0);
  if (end === undefined) return ended || head.length >= MOST_WRAPPER_BYTES ? wrapped : 'more';
  const next = afterBlanks(head, end);
  if (next < head.length) return head[next] === OPEN_BRACE ? undefined : wrapped;
  return ended ? wrapped : head.length >= MOST_WRAPPER_BYTES ? undefined : 'more';
}

function afterBlanks(bytes: Buffer, from: number): number {
  let at = from;
  while (isBlank(bytes[at])) at++;
  return at;
}

/** The index after the string that begins at `from`. */
function stringEnd(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(QUOTE, from + 1); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) {
    let slash = at;
    while (bytes[slash - 1] === 0x5c) slash--;
    if ((at - slash) % 2 === 0) return at + 1;
  }
  return undefined;
}

/** The index after the value that begins at `from`; undefined where its end is not there. */
function valueEnd(bytes: Buffer, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      const end = stringEnd(bytes, at);
      if (end === undefined) return undefined;
      at = end - 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === 0x5d) depth--;
    else if (depth === 0 && from !== at && (byte === COMMA || byte === LINE_FEED || byte === CARRIAGE_RETURN))
      return at;
    else continue;
    if (depth < 0) return at;
    if (depth === 0) return at + 1;
  }
  return undefined;
}
