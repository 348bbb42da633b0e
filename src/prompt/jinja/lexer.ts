import { TemplateError, UnsupportedError } from './errors.js';
import { unescapeLiteral } from './string-literal.js';
import { PYTHON_SPACE, trimEnd } from './python-text.js';

export type TokenType =
  | 'data'
  | 'block begin'
  | 'block end'
  | 'print begin'
  | 'print end'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'operator'
  | 'end';

export interface Token {
  readonly type: TokenType;
  /** The text, the name, the operator, or the digits. */
  readonly value: string;
  readonly line: number;
}

const SPACE = `[${PYTHON_SPACE}]`;
const TAG_BEGIN = /\{[{%#]/g;
const RAW_BEGIN = new RegExp(`\\{%([-+]?)${SPACE}*raw${SPACE}*(?:-%\\}${SPACE}*|%\\})`, 'y');
const RAW_END = new RegExp(`\\{%([-+]?)${SPACE}*endraw${SPACE}*(?:\\+%\\}|-%\\}${SPACE}*|%\\}\\n?)`, 'g');
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}${SPACE}*|#\\}\\n?`, 'g');
const BLOCK_END = new RegExp(`\\+%\\}|-%\\}${SPACE}*|%\\}\\n?`, 'y');
const PRINT_END = new RegExp(`-\\}\\}${SPACE}*|\\}\\}`, 'y');
const SPACES = new RegExp(`${SPACE}+`, 'y');
const ONLY_SPACES = new RegExp(`^${SPACE}+$`);
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?[eE][+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/y;
const INTEGER = /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|[1-9](?:_?\d)*|0(?:_?0)*/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}><=.:|,;]/y;
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** The tokens of a template, as Jinja2 reads it with `trim_blocks` and `lstrip_blocks`. The last one is of type `end`. */
export function tokenize(template: string): Token[] {
  return new Lexer(template).tokens();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #position = 0;
  #line = 1;
  /** Whether the last token ended with a line end, or is the first. */
  #lineStarts = true;

  constructor(template: string) {
    this.#source = template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  }

  tokens(): Token[] {
    while (this.#position < this.#source.length) this.#text();
    this.#push('end', '');
    return this.#tokens;
  }

  /** Text up to a tag, and the tag. */
  #text(): void {
    const source = this.#source;
    const begin = this.#position;
    TAG_BEGIN.lastIndex = begin;
    const found = TAG_BEGIN.exec(source);
    if (!found) {
      this.#data(source.slice(begin));
      this.#position = source.length;
      return;
    }
    const tag = found[0];
    const text = source.slice(begin, found.index);
    const raw = this.#match(RAW_BEGIN, found.index);
    if (raw) {
      this.#dataBefore(text, raw[1] ?? '', true);
      this.#advance(raw[0]);
      this.#raw();
      return;
    }
    const sign = /[-+]/.exec(source.charAt(found.index + 2))?.[0] ?? '';
    this.#dataBefore(text, sign, tag !== '{{');
    this.#advance(tag + sign);
    if (tag === '{#') this.#comment();
    else if (tag === '{%') this.#inside('block begin', 'block end', BLOCK_END);
    else this.#inside('print begin', 'print end', PRINT_END);
  }

  /** The text before a tag, less the white space that the tag takes. Moves to the tag. */
  #dataBefore(text: string, sign: string, isBlock: boolean): void {
    let kept = text;
    if (sign === '-') kept = trimEnd(text);
    else if (sign !== '+' && isBlock) {
      const lineBegin = text.lastIndexOf('\n') + 1;
      if ((lineBegin > 0 || this.#lineStarts) && ONLY_SPACES.test(text.slice(lineBegin)))
        kept = text.slice(0, lineBegin);
    }
    this.#data(kept);
    this.#line += countLines(text) - countLines(kept);
    this.#position += text.length;
  }

  #data(text: string): void {
    if (text === '') return;
    this.#push('data', text);
    this.#line += countLines(text);
  }

  #raw(): void {
    RAW_END.lastIndex = this.#position;
    const end = RAW_END.exec(this.#source);
    if (!end) {
      this.#checkEnded('a raw block');
      return;
    }
    this.#dataBefore(this.#source.slice(this.#position, end.index), end[1] ?? '', true);
    this.#advance(end[0]);
  }

  #comment(): void {
    COMMENT_END.lastIndex = this.#position;
    const end = COMMENT_END.exec(this.#source);
    if (!end) {
      this.#checkEnded('a comment');
      return;
    }
    this.#advance(this.#source.slice(this.#position, end.index + end[0].length));
  }

  /** Jinja2 takes one that begins at the very end of the template. */
  #checkEnded(what: string): void {
    if (this.#position < this.#source.length) throw new TemplateError(`${what} has no end`).at(this.#line);
  }

  #inside(begin: TokenType, end: TokenType, endPattern: RegExp): void {
    this.#push(begin, '');
    const open: string[] = [];
    while (this.#position < this.#source.length) {
      const closed = open.length === 0 && this.#match(endPattern, this.#position);
      if (closed) {
        this.#push(end, '');
        this.#advance(closed[0]);
        return;
      }
      this.#expressionToken(open);
    }
  }

  #expressionToken(open: string[]): void {
    const spaces = this.#match(SPACES, this.#position);
    if (spaces) {
      this.#advance(spaces[0]);
      return;
    }
    const afterDot = this.#source[this.#position - 1] === '.';
    if (!afterDot && this.#take('float', FLOAT)) return;
    if (this.#take('integer', INTEGER) || this.#take('name', NAME)) return;
    const text = this.#match(STRING, this.#position);
    if (text) {
      this.#push('string', this.#unescape(text[0].slice(1, -1)));
      this.#advance(text[0]);
      return;
    }
    const operator = this.#match(OPERATOR, this.#position);
    if (operator) {
      this.#balance(operator[0], open);
      this.#push('operator', operator[0]);
      this.#advance(operator[0]);
      return;
    }
    const character = String.fromCodePoint(this.#source.codePointAt(this.#position) ?? 0);
    if (/[\p{L}\p{N}]/u.test(character)) throw new UnsupportedError(`the letter ${character} in a name`).at(this.#line);
    throw new TemplateError(`unexpected character ${character}`).at(this.#line);
  }

  #unescape(body: string): string {
    try {
      return unescapeLiteral(body);
    } catch (error) {
      throw error instanceof TemplateError ? error.at(this.#line) : error;
    }
  }

  #balance(operator: string, open: string[]): void {
    const closing = CLOSING[operator];
    if (closing !== undefined) open.push(closing);
    else if (/[)\]}]/.test(operator) && open.pop() !== operator) {
      throw new TemplateError(`unexpected ${operator}`).at(this.#line);
    }
  }

  #take(type: TokenType, pattern: RegExp): boolean {
    const found = this.#match(pattern, this.#position);
    if (!found) return false;
    this.#push(type, found[0]);
    this.#advance(found[0]);
    return true;
  }

  #match(pattern: RegExp, position: number): RegExpExecArray | null {
    pattern.lastIndex = position;
    return pattern.exec(this.#source);
  }

  #push(type: TokenType, value: string): void {
    this.#tokens.push({ type, value, line: this.#line });
  }

  #advance(text: string): void {
    this.#position += text.length;
    this.#line += countLines(text);
    this.#lineStarts = text.endsWith('\n');
  }
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}
