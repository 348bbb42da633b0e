import { skipBlanks } from './json-scan.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

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
