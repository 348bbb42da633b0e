import { TemplateError, UnsupportedError } from './errors.js';

const SIMPLE: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * The text of a string literal, given what stands between its quotes.
 *
 * Jinja2 turns what is not ASCII into Python's escapes and then reads all escapes, so a backslash before such a character
 * takes the backslash of its escape away: `'\é'` is the four characters `\xe9`.
 */
export function unescapeLiteral(body: string): string {
  return body.replace(
    /\\(?:([0-7]{1,3})|([xuU])([0-9a-fA-F]*)|([^]))/gu,
    (
      all,
      octal: string | undefined,
      kind: string | undefined,
      digits: string | undefined,
      other: string | undefined,
    ) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      if (kind !== undefined) return fromHex(kind, digits ?? '');
      const character = other ?? '';
      if (character === 'N') throw new UnsupportedError('\\N{...} in a text');
      const simple = SIMPLE[character];
      if (simple !== undefined) return simple;
      return (character.codePointAt(0) ?? 0) < 128 ? all : `\\${pythonEscape(character)}`;
    },
  );
}

function fromHex(kind: string, digits: string): string {
  const wanted = HEX_DIGITS[kind] ?? 0;
  if (digits.length < wanted) throw new TemplateError(`a text ends within the escape \\${kind}`);
  const code = Number.parseInt(digits.slice(0, wanted), 16);
  if (code > 0x10ffff) throw new TemplateError('a text names a character that does not exist');
  if (code >= 0xd800 && code < 0xe000) throw new UnsupportedError('half of a surrogate pair in a text');
  return String.fromCodePoint(code) + digits.slice(wanted);
}

function pythonEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return `x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `u${code.toString(16).padStart(4, '0')}` : `U${code.toString(16).padStart(8, '0')}`;
}
