/** What JSON.parse does not tell: how deep a text nests, how its id was written, and which numbers are Python's alone. */

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * How deep a row may nest. V8 parses any depth without recursion, but at about 60 bytes a level: a line of 64 MiB of
 * "[" took seconds and gigabytes. Data sets nest a handful of levels.
 */
export const MAX_DEPTH = 64;

export interface JsonScan {
  tooDeep: boolean;
  /** Where the value of the top-level "id" begins; of several, the last, as JSON.parse takes it. */
  idAt: number | undefined;
}

/** One pass over a JSON text (valid or not) that looks only at what stands outside its strings. */
export function scanJson(text: string): JsonScan {
  let idAt: number | undefined;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isOpening(code)) {
      depth++;
      if (depth > MAX_DEPTH) return { tooDeep: true, idAt: undefined };
    } else if (isClosing(code)) {
      depth--;
    } else if (code === QUOTE) {
      const end = closingQuote(text, at);
      if (end < 0) break;
      if (depth === 1 && isIdKey(text, at, end)) idAt = valueAfterKey(text, end + 1) ?? idAt;
      at = end;
    }
  }
  return { tooDeep: false, idAt };
}

/**
 * The value that begins at `idAt` as it is written, on one line, where that is a number, a list or an object; undefined
 * for others, which JSON.stringify gives back. JSON.parse cannot keep a number: 12345678901234567890 would become
 * 12345678901234567000, and 1.0 would become 1.
 */
export function rawId(text: string, idAt = scanJson(text).idAt): string | undefined {
  if (idAt === undefined || '"tfn'.includes(text.charAt(idAt))) return undefined;
  // Line breaks stand only between tokens: in strings they are escaped.
  return text.slice(idAt, valueEnd(text, idAt)).replace(/[\r\n]+[ \t\r\n]*/g, ' ');
}

/** The index after the value that begins at `from`, which is no string. */
function valueEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isOpening(code)) depth++;
    else if (isClosing(code)) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (code === QUOTE) {
      const end = closingQuote(text, at);
      if (end < 0) break;
      at = end;
    } else if (depth === 0 && (code === 0x2c || isBlankAt(text, at))) return at;
  }
  return text.length;
}

/** The members of an object that JSON.parse takes, each value as it is written; of a name that stands twice, the last. */
export function membersOf(text: string): [name: string, json: string][] {
  const members = new Map<string, string>();
  for (let at = skipBlanks(text, 0) + 1; ;) {
    at = skipBlanks(text, at);
    if (text.charCodeAt(at) !== QUOTE) break;
    const nameEnd = closingQuote(text, at) + 1;
    const from = skipBlanks(text, skipBlanks(text, nameEnd) + 1);
    const end = text.charCodeAt(from) === QUOTE ? closingQuote(text, from) + 1 : valueEnd(text, from);
    members.set(JSON.parse(text.slice(at, nameEnd)) as string, text.slice(from, end));
    at = skipBlanks(text, end);
    if (text.charCodeAt(at) !== COMMA) break;
    at++;
  }
  return [...members];
}

/** The numbers that Python's json writes and reads and that JSON does not have. */
const NON_FINITE = /NaN|-?Infinity/g;

/**
 * A text with NaN, Infinity and -Infinity, outside of strings, replaced; undefined where it has none.
 *
 * @param replacement what stands for each, with blanks around it: a word must not join what stands beside it
 */
export function replaceNonFinite(text: string, replacement: (word: string) => string): string | undefined {
  if (text.search(NON_FINITE) < 0) return undefined;
  const parts: string[] = [];
  for (let from = 0; from < text.length;) {
    const open = text.indexOf('"', from);
    parts.push(text.slice(from, open < 0 ? text.length : open).replace(NON_FINITE, replacement));
    if (open < 0) break;
    const close = closingQuote(text, open);
    from = close < 0 ? text.length : close + 1;
    parts.push(text.slice(open, from));
  }
  const replaced = parts.join('');
  return replaced === text ? undefined : replaced;
}

export function hasNonFinite(text: string): boolean {
  return replaceNonFinite(text, () => ' 0 ') !== undefined;
}

/** The index of the quote that closes the string opened at `open`, or -1. */
function closingQuote(text: string, open: number): number {
  for (let quote = text.indexOf('"', open + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slash = quote;
    while (text.charCodeAt(slash - 1) === BACKSLASH) slash--;
    if ((quote - slash) % 2 === 0) return quote;
  }
  return -1;
}

/** "id", any of whose letters may be written as an escape. */
const ID_KEY = /^"(?:i|\\u0069)(?:d|\\u0064)"$/;

function isIdKey(text: string, open: number, close: number): boolean {
  const length = close - open + 1;
  return length >= 4 && length <= 14 && ID_KEY.test(text.slice(open, close + 1));
}

/** Where the value starts when a colon follows, else undefined: then the string before was a value itself. */
function valueAfterKey(text: string, from: number): number | undefined {
  const colon = skipBlanks(text, from);
  return text.charCodeAt(colon) === COLON ? skipBlanks(text, colon + 1) : undefined;
}

/** The index of the first character from `from` on that is no white space of JSON. */
export function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlankAt(text, at)) at++;
  return at;
}

function isBlankAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

function isOpening(code: number): boolean {
  return code === 0x7b || code === 0x5b;
}

function isClosing(code: number): boolean {
  return code === 0x7d || code === 0x5d;
}
