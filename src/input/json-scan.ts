/** What JSON.parse does not tell: how deep a text nests, how a number was written, and where a text goes wrong. */

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * How deep a row may nest. V8 parses any depth without recursion, but at about 60 bytes a level: a line of 64 MiB of
 * "[" took seconds and gigabytes. Data sets nest a handful of levels.
 */
export const MAX_DEPTH = 64;

export interface JsonScan {
  tooDeep: boolean;
  /** The source text of the top-level "id", when that is a number; of several, the last, as JSON.parse takes it. */
  numericId: string | undefined;
}

/** One pass over a JSON text (valid or not) that looks only at what stands outside its strings. */
export function scanJson(text: string): JsonScan {
  let numericId: string | undefined;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x7b || code === 0x5b) {
      depth++;
      if (depth > MAX_DEPTH) return { tooDeep: true, numericId: undefined };
    } else if (code === 0x7d || code === 0x5d) {
      depth--;
    } else if (code === QUOTE) {
      const end = closingQuote(text, at);
      if (end < 0) break;
      const value = depth === 1 && isIdKey(text, at, end) ? valueAfterKey(text, end + 1) : undefined;
      if (value !== undefined) numericId = numberAt(text, value);
      at = end;
    }
  }
  return { tooDeep: false, numericId };
}

/**
 * The top-level "id" of a JSON text as it is written, where it is a number. JSON.parse cannot keep it:
 * 12345678901234567890 would become 12345678901234567000, and 1.0 would become 1.
 */
export function rawId(text: string): string | undefined {
  return scanJson(text).numericId;
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

function numberAt(text: string, from: number): string | undefined {
  const end = numberEnd(text, from);
  return end === from ? undefined : text.slice(from, end);
}

/** A run of the characters that numbers are made of. Loops, not expressions: these could be millions of digits. */
function numberEnd(text: string, from: number): number {
  let end = from;
  while ('0123456789+-.eE'.includes(text.charAt(end)) && end < text.length) end++;
  return end;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (isBlankAt(text, at)) at++;
  return at;
}

function isBlankAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

export interface JsonProblem {
  /** The index of the character that cannot stand where it is; the text's length where the text ends too early. */
  at: number;
  problem: string;
}

/**
 * Finds what is wrong with a text that JSON.parse refuses (RFC 8259). JSON.parse's own message quotes the row and, for
 * the most common mistake, says no position. The caller has checked the depth with `scanJson`.
 */
export function findJsonProblem(text: string): JsonProblem | undefined {
  return new JsonChecker(text).check();
}

class JsonChecker {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  check(): JsonProblem | undefined {
    const problem = this.#value();
    if (problem !== undefined) return problem;
    return this.#next() === '' ? undefined : this.#unexpected();
  }

  /** Reads one value; recursion is as deep as the text nests, which `scanJson` bounds. */
  #value(): JsonProblem | undefined {
    const first = this.#next();
    if (first === '{') return this.#list('}', () => this.#member());
    if (first === '[') return this.#list(']', () => this.#value());
    if (first === '"') return this.#string();
    if (first === '-' || isDigit(first)) return this.#number();
    for (const word of ['true', 'false', 'null']) {
      if (first === word[0]) return this.#word(word);
    }
    return this.#unexpected();
  }

  #list(close: string, readEntry: () => JsonProblem | undefined): JsonProblem | undefined {
    this.#at++;
    if (this.#next() === close) {
      this.#at++;
      return undefined;
    }
    for (;;) {
      const problem = readEntry();
      if (problem !== undefined) return problem;
      const after = this.#next();
      if (after !== ',' && after !== close) return this.#unexpected();
      this.#at++;
      if (after === close) return undefined;
    }
  }

  #member(): JsonProblem | undefined {
    if (this.#next() !== '"') return this.#unexpected();
    const problem = this.#string();
    if (problem !== undefined) return problem;
    if (this.#next() !== ':') return this.#unexpected();
    this.#at++;
    return this.#value();
  }

  #string(): JsonProblem | undefined {
    const open = this.#at++;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) {
        this.#at++;
        return undefined;
      }
      if (code < 0x20) return { at: this.#at, problem: 'a line break or control character inside a string' };
      if (code === BACKSLASH && !this.#escape()) {
        return this.#at < this.#text.length
          ? { at: this.#at, problem: 'a bad escape inside a string' }
          : unclosed(open);
      }
    }
    return unclosed(open);
  }

  /** Moves from a backslash to the last character of its escape; false leaves `#at` on the character that is wrong. */
  #escape(): boolean {
    this.#at++;
    const kind = this.#text.charAt(this.#at);
    if (kind !== 'u') return kind !== '' && '"\\/bfnrt'.includes(kind);
    for (let digit = 0; digit < 4; digit++) {
      this.#at++;
      if (!/^[0-9a-fA-F]$/.test(this.#text.charAt(this.#at))) return false;
    }
    return true;
  }

  #number(): JsonProblem | undefined {
    if (this.#peek() === '-') this.#at++;
    if (this.#peek() === '0') this.#at++;
    else if (!this.#digits()) return this.#unexpected();
    if (this.#peek() === '.') {
      this.#at++;
      if (!this.#digits()) return this.#unexpected();
    }
    if (this.#peek() === 'e' || this.#peek() === 'E') {
      this.#at++;
      if (this.#peek() === '+' || this.#peek() === '-') this.#at++;
      if (!this.#digits()) return this.#unexpected();
    }
    return undefined;
  }

  #digits(): boolean {
    const from = this.#at;
    while (isDigit(this.#peek())) this.#at++;
    return this.#at > from;
  }

  #word(word: string): JsonProblem | undefined {
    for (const letter of word) {
      if (this.#peek() !== letter) return this.#unexpected();
      this.#at++;
    }
    return undefined;
  }

  /** The character at hand, '' at the end. */
  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  /** Skips white space and gives the character at hand, '' at the end. */
  #next(): string {
    this.#at = skipBlanks(this.#text, this.#at);
    return this.#peek();
  }

  #unexpected(): JsonProblem {
    const point = this.#text.codePointAt(this.#at);
    const problem =
      point === undefined ? 'it ends too early' : `unexpected ${JSON.stringify(String.fromCodePoint(point))}`;
    return { at: this.#at, problem };
  }
}

function unclosed(open: number): JsonProblem {
  return { at: open, problem: 'this string is not closed' };
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}
