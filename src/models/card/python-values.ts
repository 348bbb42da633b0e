/** A value that an example in Python states without computing it. */
export type PythonValue = string | number | boolean | null | PythonValue[] | { [key: string]: PythonValue };

/** Deeper than any conversation, so that hostile text ends in no stack's overflow. */
const MAX_DEPTH = 16;

/**
 * The values that a piece of Python gives to names at the beginning of a line, in the order of the code: strings, numbers, lists and
 * dicts of them, and names that were given such a value before. What is computed is left out. Nothing is run.
 */
export function pythonValues(code: string): Map<string, PythonValue> {
  const values = new Map<string, PythonValue>();
  const assignment = /^([A-Za-z_]\w*)[ \t]*=(?!=)/gm;
  for (let found = assignment.exec(code); found !== null; found = assignment.exec(code)) {
    const reader = new Reader(code, assignment.lastIndex, values);
    const value = reader.statement();
    if (value === undefined) continue;
    values.set(found[1] ?? '', value);
    assignment.lastIndex = reader.at; // what looks like an assignment inside of a string is none
  }
  return values;
}

class Reader {
  constructor(
    private readonly code: string,
    public at: number,
    private readonly names: ReadonlyMap<string, PythonValue>,
  ) {}

  /** A value with nothing behind it; undefined for anything else. */
  statement(): PythonValue | undefined {
    const value = this.#value(0);
    if (value === undefined) return undefined;
    const end = /[ \t]*(?:#.*)?(?:\r?\n|$)/y;
    end.lastIndex = this.at;
    return end.test(this.code) ? value : undefined;
  }

  #value(depth: number): PythonValue | undefined {
    if (depth > MAX_DEPTH) return undefined;
    this.#space(depth > 0);
    const next = this.code[this.at];
    if (next === '[' || next === '(') return this.#list(depth, next === '[' ? ']' : ')');
    if (next === '{') return this.#dict(depth);
    return this.#strings(depth) ?? this.#word();
  }

  /** Strings beside each other are one. */
  #strings(depth: number): string | undefined {
    let text: string | undefined;
    for (let part = this.#string(); part !== undefined; part = this.#string()) {
      text = (text ?? '') + part;
      this.#space(depth > 0);
    }
    return text;
  }

  #string(): string | undefined {
    const literal = /([rR]?)("""|'''|"|')/y;
    literal.lastIndex = this.at;
    const [opening, raw = '', quote = ''] = literal.exec(this.code) ?? [];
    if (opening === undefined) return undefined;
    let text = '';
    for (let at = this.at + opening.length; at < this.code.length;) {
      if (this.code.startsWith(quote, at)) {
        this.at = at + quote.length;
        return text;
      }
      const character = this.code[at] ?? '';
      if (character === '\n' && quote.length === 1) return undefined;
      if (character !== '\\') {
        text += character;
        at++;
        continue;
      }
      const escape = raw === '' ? escapeAt(this.code, at) : { text: this.code.slice(at, at + 2), length: 2 };
      if (escape === undefined) return undefined;
      text += escape.text;
      at += escape.length;
    }
    return undefined;
  }

  /** In brackets, or in parentheses, where a value alone is that value. */
  #list(depth: number, end: string): PythonValue | undefined {
    this.at++;
    const items: PythonValue[] = [];
    let commas = 0;
    for (;;) {
      this.#space(true);
      if (this.#take(end)) break;
      const item = this.#value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
      this.#space(true);
      if (this.#take(',')) commas++;
      else if (this.#take(end)) break;
      else return undefined;
    }
    return end === ')' && commas === 0 && items.length === 1 ? items[0] : items;
  }

  #dict(depth: number): PythonValue | undefined {
    this.at++;
    const entries = new Map<string, PythonValue>();
    for (;;) {
      this.#space(true);
      if (this.#take('}')) break;
      const key = this.#strings(depth + 1);
      this.#space(true);
      if (key === undefined || !this.#take(':')) return undefined;
      const value = this.#value(depth + 1);
      if (value === undefined) return undefined;
      entries.set(key, value);
      this.#space(true);
      if (this.#take(',')) continue;
      if (this.#take('}')) break;
      return undefined;
    }
    return Object.fromEntries(entries);
  }

  /** A number, a constant, or a name that has a value. */
  #word(): PythonValue | undefined {
    const word = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[A-Za-z_]\w*/y;
    word.lastIndex = this.at;
    const [text] = word.exec(this.code) ?? [];
    if (text === undefined) return undefined;
    this.at += text.length;
    if (/^[-\d]/.test(text)) return Number(text);
    const constant = CONSTANTS.get(text);
    return constant === undefined ? this.names.get(text) : constant;
  }

  #take(text: string): boolean {
    if (!this.code.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Blanks, and between brackets line breaks and comments as well. */
  #space(acrossLines: boolean): void {
    const blank = acrossLines ? /(?:[ \t\r\n]|\\\r?\n|#.*)*/y : /(?:[ \t]|\\\r?\n)*/y;
    blank.lastIndex = this.at;
    blank.exec(this.code);
    this.at = blank.lastIndex;
  }
}

const CONSTANTS = new Map<string, PythonValue>([
  ['True', true],
  ['False', false],
  ['None', null],
]);

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '\n': '',
};

/** What an escape at `at` stands for; undefined for one that is not read. */
function escapeAt(code: string, at: number): { text: string; length: number } | undefined {
  const simple = SIMPLE_ESCAPES[code[at + 1] ?? ''];
  if (simple !== undefined) return { text: simple, length: 2 };
  const [whole, byte, unit, point] =
    /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(code.slice(at, at + 10)) ?? [];
  const value = parseInt(byte ?? unit ?? point ?? '', 16);
  if (whole === undefined || value > 0x10ffff) return undefined;
  return { text: String.fromCodePoint(value), length: whole.length };
}
