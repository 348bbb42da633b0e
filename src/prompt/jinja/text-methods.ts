import { TemplateError, UnsupportedError } from './errors.js';
import { toList } from './operators.js';
import {
  capitalize,
  hasOnlyCase,
  isSpaces,
  isTitle,
  lengthOf,
  positionOf,
  slice,
  splitAtSpaces,
  splitAtSpacesFromEnd,
  splitLines,
  swapCase,
  titleWords,
  trimEnd,
  trimStart,
} from './python-text.js';
import type { Runtime } from './runtime.js';
import { builtIn, integerArgument, textArgument, type Bound, type BuiltIn } from './signature.js';
import { Tuple, type Value } from './values.js';

type Method = (text: string, bound: Bound, runtime: Runtime) => Value;

/** A method that takes its arguments by position alone, as most methods of `str` do. */
function method(parameters: string, run: Method): BuiltIn {
  return builtIn(parameters, (runtime, self, bound) => run(self as string, bound, runtime), true);
}

function named(parameters: string, run: Method): BuiltIn {
  return builtIn(parameters, (runtime, self, bound) => run(self as string, bound, runtime));
}

/** Methods of Python's `str` that no chat template needs, or whose tables JavaScript does not have. */
const UNSUPPORTED = new Set(['casefold', 'encode', 'expandtabs', 'maketrans', 'translate']);

/** The methods of Python's `str`, less `format` and `format_map` (attributes.ts). */
const METHODS: Readonly<Record<string, BuiltIn>> = {
  capitalize: method('', (text) => capitalize(text)),
  center: method('width fill?', (text, [width, fill], runtime) => justify(runtime, text, width, fill, 'center')),
  count: method('part start? end?', (text, [part, start, end]) => {
    const region = regionOf(text, start, end);
    const sought = textArgument(part);
    if (!region) return 0n;
    return BigInt(sought === '' ? lengthOf(region.text) + 1 : region.text.split(sought).length - 1);
  }),
  endswith: method('suffix start? end?', (text, bound) =>
    hasAffix(text, bound, (region, affix) => region.endsWith(affix)),
  ),
  find: method('part start? end?', (text, bound) => find(text, bound, 'first')),
  index: method('part start? end?', (text, bound) => found(find(text, bound, 'first'))),
  isalnum: method('', (text) => /^[\p{L}\p{N}]+$/u.test(text)),
  isalpha: method('', (text) => /^\p{L}+$/u.test(text)),
  isascii: method('', (text) => /^[\x00-\x7f]*$/.test(text)),
  isdecimal: method('', (text) => /^\p{Nd}+$/u.test(text)),
  isdigit: method('', (text) => hasOnlyDigits(text)),
  isidentifier: method('', (text) => {
    if (/[^\x00-\x7f]/.test(text)) throw new UnsupportedError('isidentifier of letters beyond ASCII');
    return /^[A-Za-z_]\w*$/.test(text);
  }),
  islower: method('', (text) => hasOnlyCase(text, 'lower')),
  isnumeric: method('', (text) => hasOnlyDigits(text)),
  isprintable: method('', (text) => !/(?! )[\p{C}\p{Z}]/u.test(text)),
  isspace: method('', (text) => isSpaces(text)),
  istitle: method('', (text) => isTitle(text)),
  isupper: method('', (text) => hasOnlyCase(text, 'upper')),
  join: method('values', (text, [values], runtime) => {
    const parts = toList(runtime, values as Value).map((part) => textArgument(part));
    return joinTexts(runtime, parts, text);
  }),
  ljust: method('width fill?', (text, [width, fill], runtime) => justify(runtime, text, width, fill, 'left')),
  lower: method('', (text) => text.toLowerCase()),
  lstrip: method('characters?', (text, [characters]) => trimStart(text, charactersOf(characters))),
  partition: method('separator', (text, [separator]) => {
    const cut = text.indexOf(nonEmpty(separator));
    return new Tuple(cut < 0 ? [text, '', ''] : cutAt(text, cut, separator));
  }),
  removeprefix: method('prefix', (text, [prefix]) => {
    const affix = textArgument(prefix);
    return text.startsWith(affix) ? text.slice(affix.length) : text;
  }),
  removesuffix: method('suffix', (text, [suffix]) => {
    const affix = textArgument(suffix);
    return text.endsWith(affix) ? text.slice(0, text.length - affix.length) : text;
  }),
  replace: method('old new count?', (text, [old, replacement, count], runtime) =>
    replaceText(runtime, text, textArgument(old), textArgument(replacement), integerArgument(count, -1)),
  ),
  rfind: method('part start? end?', (text, bound) => find(text, bound, 'last')),
  rindex: method('part start? end?', (text, bound) => found(find(text, bound, 'last'))),
  rjust: method('width fill?', (text, [width, fill], runtime) => justify(runtime, text, width, fill, 'right')),
  rpartition: method('separator', (text, [separator]) => {
    const cut = text.lastIndexOf(nonEmpty(separator));
    return new Tuple(cut < 0 ? ['', '', text] : cutAt(text, cut, separator));
  }),
  rsplit: named('sep? maxsplit?', (text, [separator, limit], runtime) =>
    splitText(runtime, text, separator, limit, 'end'),
  ),
  rstrip: method('characters?', (text, [characters]) => trimEnd(text, charactersOf(characters))),
  split: named('sep? maxsplit?', (text, [separator, limit], runtime) =>
    splitText(runtime, text, separator, limit, 'start'),
  ),
  splitlines: named('keepends?', (text, [keepEnds], runtime) => {
    const lines = splitLines(text, integerArgument(keepEnds, 0) !== 0);
    runtime.spend(lines.length);
    return lines;
  }),
  startswith: method('prefix start? end?', (text, bound) =>
    hasAffix(text, bound, (region, affix) => region.startsWith(affix)),
  ),
  strip: method('characters?', (text, [characters]) => stripText(text, charactersOf(characters))),
  swapcase: method('', (text) => swapCase(text)),
  title: method('', (text) => titleWords(text)),
  upper: method('', (text) => text.toUpperCase()),
  zfill: method('width', (text, [width], runtime) => {
    const missing = integerArgument(width) - lengthOf(text);
    if (missing <= 0) return text;
    runtime.makeText(text.length + missing);
    const [, sign = '', digits = ''] = /^([-+]?)([^]*)$/.exec(text) ?? [];
    return sign + '0'.repeat(missing) + digits;
  }),
};

/** The method of that name of Python's `str`. @throws UnsupportedError for one that is not here */
export function textMethod(name: string): BuiltIn | undefined {
  if (UNSUPPORTED.has(name)) throw new UnsupportedError(`the method ${name} of texts`);
  return Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
}

export function stripText(text: string, characters?: string): string {
  return trimEnd(trimStart(text, characters), characters);
}

/** The characters to strip; undefined for white space, which None stands for too. */
export function charactersOf(value: Value | undefined): string | undefined {
  return value === undefined || value === null ? undefined : textArgument(value);
}

export function joinTexts(runtime: Runtime, parts: readonly string[], separator: string): string {
  let length = 0;
  for (const part of parts) length += part.length + separator.length;
  runtime.makeText(length);
  return parts.join(separator);
}

/** Python's `str.replace`: of the first `count`, or of all where it is negative. */
export function replaceText(runtime: Runtime, text: string, old: string, replacement: string, count: number): string {
  const limit = count < 0 ? Infinity : count;
  const pieces = old === '' ? ['', ...Array.from(text), ''] : text.split(old);
  const cuts = Math.min(limit, pieces.length - 1);
  runtime.makeText(text.length + cuts * replacement.length);
  const kept = pieces.slice(cuts).join(old);
  return cuts === 0 ? kept : `${pieces.slice(0, cuts).join(replacement)}${replacement}${kept}`;
}

/** The part of a text that `start` and `end` leave; undefined where `start` is beyond the end. */
function regionOf(
  text: string,
  start: Value | undefined,
  end: Value | undefined,
): { text: string; begin: number } | undefined {
  if ((start ?? null) === null && (end ?? null) === null) return { text, begin: 0 };
  const length = lengthOf(text);
  const place = (value: Value | undefined, otherwise: number): number => {
    const at = (value ?? null) === null ? otherwise : integerArgument(value);
    return at < 0 ? Math.max(0, at + length) : at;
  };
  const begin = place(start, 0);
  const stop = Math.min(length, place(end, length));
  return begin > length || stop < begin ? undefined : { text: slice(text, begin, stop), begin };
}

function find(text: string, [part, start, end]: Bound, which: 'first' | 'last'): bigint {
  const sought = textArgument(part);
  const region = regionOf(text, start, end);
  if (!region) return -1n;
  const unit = which === 'first' ? region.text.indexOf(sought) : region.text.lastIndexOf(sought);
  return unit < 0 ? -1n : BigInt(region.begin + positionOf(region.text, unit));
}

function found(position: bigint): bigint {
  if (position < 0n) throw new TemplateError('a text does not hold the part that is looked for');
  return position;
}

function hasAffix(text: string, [affix, start, end]: Bound, has: (region: string, affix: string) => boolean): boolean {
  const affixes = affix instanceof Tuple ? affix.items : [affix];
  const region = regionOf(text, start, end);
  return affixes.some((one) => {
    const sought = textArgument(one);
    return region !== undefined && has(region.text, sought);
  });
}

function justify(
  runtime: Runtime,
  text: string,
  width: Value | undefined,
  fill: Value | undefined,
  place: 'left' | 'right' | 'center',
): string {
  const character = fill === undefined ? ' ' : textArgument(fill);
  if (lengthOf(character) !== 1) throw new TemplateError('a text is filled up with a single character');
  const wanted = integerArgument(width);
  const missing = wanted - lengthOf(text);
  if (missing <= 0) return text;
  runtime.makeText(text.length + missing);
  // Python's own choice of the side that gets the odd one.
  const centered = Math.floor(missing / 2) + (missing % 2 === 1 && wanted % 2 === 1 ? 1 : 0);
  const before = place === 'left' ? 0 : place === 'right' ? missing : centered;
  return character.repeat(before) + text + character.repeat(missing - before);
}

export function centerText(runtime: Runtime, text: string, width: Value): string {
  return justify(runtime, text, width, undefined, 'center');
}

function nonEmpty(separator: Value | undefined): string {
  const text = textArgument(separator);
  if (text === '') throw new TemplateError('a separator is empty');
  return text;
}

function cutAt(text: string, cut: number, separator: Value | undefined): string[] {
  const middle = textArgument(separator);
  return [text.slice(0, cut), middle, text.slice(cut + middle.length)];
}

function splitText(
  runtime: Runtime,
  text: string,
  separator: Value | undefined,
  limit: Value | undefined,
  from: 'start' | 'end',
): readonly Value[] {
  const most = integerArgument(limit, -1);
  const cuts = most < 0 ? Infinity : most;
  const parts =
    (separator ?? null) === null
      ? (from === 'start' ? splitAtSpaces : splitAtSpacesFromEnd)(text, cuts)
      : splitAt(text, nonEmpty(separator), cuts, from);
  runtime.spend(parts.length);
  return parts;
}

function splitAt(text: string, separator: string, cuts: number, from: 'start' | 'end'): string[] {
  const parts = text.split(separator);
  if (parts.length - 1 <= cuts) return from === 'start' ? parts : splitAllFromEnd(text, separator, Infinity);
  if (from === 'end') return splitAllFromEnd(text, separator, cuts);
  return [...parts.slice(0, cuts), parts.slice(cuts).join(separator)];
}

/** Where separators could overlap, the last ones count. */
function splitAllFromEnd(text: string, separator: string, cuts: number): string[] {
  const parts: string[] = [];
  let end = text.length;
  while (parts.length < cuts && end >= separator.length) {
    const cut = text.lastIndexOf(separator, end - separator.length);
    if (cut < 0) break;
    parts.push(text.slice(cut + separator.length, end));
    end = cut;
  }
  parts.push(text.slice(0, end));
  return parts.reverse();
}

const PERHAPS_DIGIT = /[\p{Nl}\p{No}\p{Script=Han}]/u;

/** `isdigit` and `isnumeric`, where they agree. */
function hasOnlyDigits(text: string): boolean {
  if (PERHAPS_DIGIT.test(text)) throw new UnsupportedError('the question whether numerals beyond digits are digits');
  return /^\p{Nd}+$/u.test(text);
}
