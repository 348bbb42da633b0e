import { UnsupportedError } from './errors.js';

// Python's texts are sequences of code points, JavaScript's of UTF-16 units. Positions and lengths here are Python's.

/** What Python's `str.isspace` and `\s` take for white space, for a character class of a regular expression. */
export const PYTHON_SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const SPACE_CHARACTER = new RegExp(`^[${PYTHON_SPACE}]$`);
const SPACES = new RegExp(`[${PYTHON_SPACE}]+`);
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;
const SURROGATE = /[\ud800-\udfff]/;

/** Whether each unit of the text is a character of its own. */
function isPlain(text: string): boolean {
  return !SURROGATE.test(text);
}

export function lengthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let length = 0;
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) length++;
  return length;
}

/** The unit at which a character begins; the position may be as large as the length. */
function unitOf(text: string, position: number): number {
  if (isPlain(text)) return Math.min(position, text.length);
  let unit = 0;
  for (let at = 0; at < position && unit < text.length; at++) unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
  return unit;
}

/** The character at a position that is within the text. */
export function characterAt(text: string, position: number): string {
  const unit = unitOf(text, position);
  return String.fromCodePoint(text.codePointAt(unit) ?? 0);
}

/** `text[begin:end]` for positions of 0 or more. */
export function slice(text: string, begin: number, end: number): string {
  if (isPlain(text)) return text.slice(begin, Math.max(begin, end));
  const first = unitOf(text, begin);
  return text.slice(first, Math.max(first, unitOf(text, end)));
}

/** The position of a unit. */
export function positionOf(text: string, unit: number): number {
  return lengthOf(text.slice(0, unit));
}

/** -1, 0 or 1, by code points: units would put what is beyond U+FFFF before U+E000. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    if (isSurrogate(a) === isSurrogate(b)) return Math.sign(a - b);
    return isSurrogate(a) ? 1 : -1;
  }
  return Math.sign(left.length - right.length);
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000;
}

function isStripped(character: string, characters: string | undefined): boolean {
  return characters === undefined ? SPACE_CHARACTER.test(character) : characters.includes(character);
}

/** `str.lstrip`: of white space, or of all the given characters. */
export function trimStart(text: string, characters?: string): string {
  let unit = 0;
  while (unit < text.length) {
    const character = String.fromCodePoint(text.codePointAt(unit) ?? 0);
    if (!isStripped(character, characters)) break;
    unit += character.length;
  }
  return text.slice(unit);
}

/** `str.rstrip`: of white space, or of all the given characters. */
export function trimEnd(text: string, characters?: string): string {
  let unit = text.length;
  while (unit > 0) {
    const isPair = unit > 1 && isLowAt(text, unit - 1) && (text.charCodeAt(unit - 2) & 0xfc00) === 0xd800;
    const begin = isPair ? unit - 2 : unit - 1;
    if (!isStripped(text.slice(begin, unit), characters)) break;
    unit = begin;
  }
  return text.slice(0, unit);
}

function isLowAt(text: string, unit: number): boolean {
  return (text.charCodeAt(unit) & 0xfc00) === 0xdc00;
}

/** `str.split()`: at white space. At most `limit` cuts, from the left. */
export function splitAtSpaces(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = trimStart(text);
  while (rest !== '') {
    const found = parts.length < limit ? SPACES.exec(rest) : null;
    parts.push(found ? rest.slice(0, found.index) : rest);
    rest = found ? rest.slice(found.index + found[0].length) : '';
  }
  // What is left over when the cuts are used up keeps its inner white space and its end, as in Python; words have none.
  return parts;
}

/** `str.rsplit()`: at white space. At most `limit` cuts, from the right. */
export function splitAtSpacesFromEnd(text: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = trimEnd(text);
  while (rest !== '') {
    let begin = parts.length < limit ? rest.length : 0;
    while (begin > 0 && !SPACE_CHARACTER.test(rest.charAt(begin - 1))) begin--;
    parts.push(rest.slice(begin));
    rest = trimEnd(rest.slice(0, begin));
  }
  return parts.reverse();
}

/** `str.splitlines`. */
export function splitLines(text: string, keepEnds: boolean): string[] {
  const lines: string[] = [];
  let begin = 0;
  for (const found of text.matchAll(LINE_END)) {
    const end = found.index + found[0].length;
    lines.push(text.slice(begin, keepEnds ? end : found.index));
    begin = end;
  }
  if (begin < text.length) lines.push(text.slice(begin));
  return lines;
}

export function isSpaces(text: string): boolean {
  return text !== '' && trimStart(text) === '';
}

// Titlecase differs from uppercase for a few characters; JavaScript knows uppercase alone.
const TITLECASE_DIFFERS = /[\u01c4-\u01cc\u01f1-\u01f3\u10d0-\u10fa\u10fd-\u10ff]/u;

function titleCharacter(character: string): string {
  const upper = character.toUpperCase();
  if (character === 'ß') return 'Ss';
  if (TITLECASE_DIFFERS.test(character) || lengthOf(upper) > 1) {
    throw new UnsupportedError(`the title case of the character ${character}`);
  }
  return upper;
}

/** `str.capitalize`. */
export function capitalize(text: string): string {
  if (text === '') return '';
  const first = characterAt(text, 0);
  return titleCharacter(first) + text.toLowerCase().slice(first.toLowerCase().length);
}

const CASED = /[\p{Lowercase}\p{Uppercase}\p{Lt}]/u;

/** `str.title`, in which a word begins at each letter that no letter precedes. */
export function titleWords(text: string): string {
  if (/[\u03a3\u0130]/.test(text)) throw new UnsupportedError('the title case of Σ and İ');
  let titled = '';
  let withinWord = false;
  for (const character of text) {
    titled += withinWord ? character.toLowerCase() : titleCharacter(character);
    withinWord = CASED.test(character);
  }
  return titled;
}

/** `str.swapcase`. */
export function swapCase(text: string): string {
  if (/[\u03a3\u0130]/.test(text)) throw new UnsupportedError('the swapped case of Σ and İ');
  let swapped = '';
  for (const character of text) {
    swapped += /\p{Uppercase}/u.test(character)
      ? character.toLowerCase()
      : /\p{Lowercase}/u.test(character)
        ? character.toUpperCase()
        : character;
  }
  return swapped;
}

/** `str.isupper` and `str.islower`: at least one character has the case, and none the other one or title case. */
export function hasOnlyCase(text: string, wanted: 'upper' | 'lower'): boolean {
  const [has, hasNot] =
    wanted === 'upper' ? [/\p{Uppercase}/u, /[\p{Lowercase}\p{Lt}]/u] : [/\p{Lowercase}/u, /[\p{Uppercase}\p{Lt}]/u];
  return has.test(text) && !hasNot.test(text);
}

/** `str.istitle`. */
export function isTitle(text: string): boolean {
  let withinWord = false;
  let found = false;
  for (const character of text) {
    const isUpper = /[\p{Uppercase}\p{Lt}]/u.test(character);
    const isLower = /\p{Lowercase}/u.test(character);
    if (isUpper === withinWord && (isUpper || isLower)) return false;
    withinWord = isUpper || isLower;
    found ||= withinWord;
  }
  return found;
}

const UNPRINTABLE = /[\p{C}\p{Z}]/u;

/** `repr` of a text: in quotes, with escapes for what cannot be printed. */
export function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let quoted = mark;
  for (const character of text) quoted += escapeCharacter(character, mark);
  return quoted + mark;
}

const NAMED_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

function escapeCharacter(character: string, mark: string): string {
  if (character === mark) return `\\${mark}`;
  const named = NAMED_ESCAPES[character];
  if (named !== undefined) return named;
  if (character === ' ' || !UNPRINTABLE.test(character)) return character;
  return numericEscape(character);
}

function numericEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** `ascii` of a text that `quote` gave. */
export function toAscii(quoted: string): string {
  return quoted.replace(/[^\x00-\x7f]/gu, numericEscape);
}
