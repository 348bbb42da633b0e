import { TemplateError, UnsupportedError } from './errors.js';
import { fixedDigits, fromDigits, printFloat, printInteger, significantDigits, withExponent } from './numbers.js';
import { isNumber, toFloat, toInteger, toNumber } from './operators.js';
import { toRepr, toText } from './print.js';
import { lengthOf, slice, toAscii } from './python-text.js';
import type { Runtime } from './runtime.js';
import { Dict, Markup, Range, Tuple, typeName, Undefined, type Value } from './values.js';

interface Layout {
  readonly fill: string;
  /** Where the text goes; `=` puts the fill between the sign and the digits. */
  readonly align: '<' | '>' | '^' | '=';
  readonly width: number;
}

function pad(runtime: Runtime, prefix: string, text: string, { fill, align, width }: Layout): string {
  const missing = width - lengthOf(prefix + text);
  if (missing <= 0) return prefix + text;
  runtime.makeText(missing);
  if (align === '=') return prefix + fill.repeat(missing) + text;
  const before = align === '<' ? 0 : align === '>' ? missing : Math.floor(missing / 2);
  return fill.repeat(before) + prefix + text + fill.repeat(missing - before);
}

/** The digits of a float of 0 or more, as C prints them for one of e, f and g. */
function floatDigits(value: number, type: string, precision: number): string {
  if (!Number.isFinite(value)) throw new UnsupportedError('the layout of an infinite number');
  if (precision > 1000) throw new UnsupportedError('a precision of more than 1000 digits');
  if (type === 'f') return fixedDigits(value, precision);
  if (type === 'e') {
    const { digits, exponent } = significantDigits(value, precision + 1);
    return withExponent(digits, exponent);
  }
  const count = Math.max(precision, 1);
  const { digits, exponent } = significantDigits(value, count);
  const kept = digits.replace(/0+$/, '').padEnd(1, '0');
  if (exponent < -4 || exponent >= count) return withExponent(kept, exponent);
  return fromDigits(kept, exponent);
}

const RADIX: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  b: [2, '0b'],
  o: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

const SPECIFICATION = /^(?:([^])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([^])?$/u;

/** Python's `format(value, specification)`. */
export function formatValue(runtime: Runtime, value: Value, specification: string): string {
  if (specification === '') return toText(runtime, value);
  if (typeof value !== 'string' && !isNumber(value)) {
    if (value instanceof Markup) throw new UnsupportedError('the layout of text marked as safe');
    throw new TemplateError(`a ${typeName(value)} takes no layout such as ${specification}`);
  }
  const found = SPECIFICATION.exec(specification);
  if (!found) throw new TemplateError(`${specification} is no layout`);
  const [, fill, align, sign, z, alternative, zero, widthText, grouping, precisionText, type] = found;
  if (z !== undefined) throw new UnsupportedError('z in a layout');
  const isText = typeof value === 'string';
  const layout: Layout = {
    fill: fill ?? (zero === undefined ? ' ' : '0'),
    align: (align as Layout['align'] | undefined) ?? (isText ? '<' : zero === undefined ? '>' : '='),
    width: Number(widthText ?? 0),
  };
  const precision = precisionText === undefined ? undefined : Number(precisionText);
  if (isText) {
    if ((type ?? 's') !== 's' || layout.align === '=' || (sign ?? alternative ?? grouping) !== undefined) {
      throw new TemplateError(`${specification} is no layout for a text`);
    }
    return pad(runtime, '', precision === undefined ? value : slice(value, 0, precision), layout);
  }
  const number = toNumber(value);
  const isNegative = number < 0 || Object.is(number, -0);
  const digits = numberDigits(number, type, precision, alternative !== undefined);
  if (grouping !== undefined && layout.align === '=' && layout.fill === '0' && layout.width > 0) {
    throw new UnsupportedError('zeros in front of grouped digits');
  }
  const prefix = (isNegative ? '-' : sign === '+' || sign === ' ' ? sign : '') + digits.prefix;
  if (type === 'c' && (sign ?? alternative ?? grouping) !== undefined) {
    throw new TemplateError(`${specification} is no layout for a character`);
  }
  return pad(
    runtime,
    prefix,
    group(digits.text, grouping, type),
    type === 'c' && align === undefined && zero === undefined ? { ...layout, align: '<' } : layout,
  );
}

function group(digits: string, separator: string | undefined, type: string | undefined): string {
  if (separator === undefined) return digits;
  if (type === 'b' || type === 'o' || type === 'x' || type === 'X') {
    if (separator === ',') throw new TemplateError(`a layout with , and ${type}`);
    return digits.replace(/\B(?=(?:[0-9a-fA-F]{4})+$)/g, separator);
  }
  const [, whole = '', rest = ''] = /^(\d*)([^]*)$/.exec(digits) ?? [];
  return whole.replace(/\B(?=(?:\d{3})+$)/g, separator) + rest;
}

/** The digits of a number without its sign, by the type of a format specification. */
function numberDigits(
  value: bigint | number,
  type: string | undefined,
  precision: number | undefined,
  alternative: boolean,
): { prefix: string; text: string } {
  if (typeof value === 'bigint' && (type === undefined || 'bcdoxX'.includes(type))) {
    if (precision !== undefined) throw new TemplateError('a precision for an integer');
    if (type === 'c') return { prefix: '', text: toCharacter(value) };
    const size = value < 0n ? -value : value;
    const radix = type === undefined ? undefined : RADIX[type];
    if (!radix) return { prefix: '', text: printInteger(size) };
    const text = size.toString(radix[0]);
    return { prefix: alternative ? radix[1] : '', text: type === 'X' ? text.toUpperCase() : text };
  }
  if (alternative) throw new UnsupportedError('# in the layout of a float');
  const size = Math.abs(toFloat(value));
  if (type === undefined) {
    if (precision !== undefined) throw new UnsupportedError('a precision without a type in the layout of a float');
    return { prefix: '', text: printFloat(size) };
  }
  if (type === '%') return { prefix: '', text: `${floatDigits(size * 100, 'f', precision ?? 6)}%` };
  if (type === 'n') throw new UnsupportedError('n in the layout of a number');
  if (!'eEfFgG'.includes(type)) throw new TemplateError(`${type} is no layout for a number`);
  const text = floatDigits(size, type.toLowerCase(), precision ?? 6);
  return { prefix: '', text: type === 'E' || type === 'G' ? text.toUpperCase() : text };
}

function toCharacter(value: bigint): string {
  if (value < 0n || value > 0x10ffffn) throw new TemplateError(`no character has the number ${value}`);
  if (value >= 0xd800n && value < 0xe000n) throw new UnsupportedError('half of a surrogate pair');
  return String.fromCodePoint(Number(value));
}

const CONVERSION = /%(?:\(([^()]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([^])/uy;

/** Python's `template % value`. */
export function percentFormat(runtime: Runtime, template: string, value: Value): string {
  const source = new PercentArguments(value);
  let text = '';
  let position = 0;
  for (;;) {
    const percent = template.indexOf('%', position);
    if (percent < 0) break;
    text += template.slice(position, percent);
    CONVERSION.lastIndex = percent;
    const found = CONVERSION.exec(template);
    if (!found) throw new TemplateError(`${template.slice(percent)} is no format`);
    text += convert(runtime, source, found);
    runtime.makeText(text.length);
    position = percent + found[0].length;
  }
  source.checkAllUsed();
  return runtime.text(text + template.slice(position));
}

function convert(runtime: Runtime, source: PercentArguments, found: RegExpExecArray): string {
  const [all, key, flags = '', widthText, precisionText, type = ''] = found;
  if (type === '%') {
    if (all !== '%%') throw new UnsupportedError(`the format ${all}`);
    return '%';
  }
  if (key !== undefined) source.choose(key);
  const width = widthText === '*' ? source.nextInteger() : Number(widthText ?? 0);
  const hasPrecision = all.includes('.', key === undefined ? 0 : key.length + 2);
  const precision =
    precisionText === '*' ? source.nextInteger() : hasPrecision ? Number(precisionText ?? 0) : undefined;
  if (width < 0 || (precision ?? 0) < 0) throw new UnsupportedError('a negative width in a format');
  const value = source.next();
  const isLeft = flags.includes('-');
  if ('sra'.includes(type)) {
    const text = type === 's' ? toText(runtime, value) : toRepr(runtime, value);
    if (type === 's' && value instanceof Markup) throw new UnsupportedError('% with text marked as safe');
    const shown = type === 'a' ? toAscii(text) : text;
    return pad(runtime, '', precision === undefined ? shown : slice(shown, 0, precision), {
      fill: ' ',
      align: isLeft ? '<' : '>',
      width,
    });
  }
  if (type === 'c') {
    const code = toInteger(value);
    if (code === undefined && !(typeof value === 'string' && lengthOf(value) === 1)) {
      throw new TemplateError('%c takes an integer or a character');
    }
    const text = code === undefined ? (value as string) : toCharacter(code);
    return pad(runtime, '', text, { fill: ' ', align: isLeft ? '<' : '>', width });
  }
  const isZero = flags.includes('0') && !isLeft;
  const { isNegative, prefix, text } = percentNumber(type, value, precision, flags.includes('#'));
  const sign = isNegative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return pad(runtime, sign + prefix, text, {
    fill: isZero ? '0' : ' ',
    align: isLeft ? '<' : isZero ? '=' : '>',
    width,
  });
}

function percentNumber(
  type: string,
  value: Value,
  precision: number | undefined,
  alternative: boolean,
): { isNegative: boolean; prefix: string; text: string } {
  if (value instanceof Undefined) value.fail();
  if (!isNumber(value)) throw new TemplateError(`%${type} does not take a ${typeName(value)}`);
  const number = toNumber(value);
  if ('diuoxX'.includes(type)) {
    if (typeof number === 'number' && 'oxX'.includes(type)) throw new TemplateError(`%${type} does not take a float`);
    const integer = typeof number === 'bigint' ? number : truncate(number);
    const kind = 'iu'.includes(type) ? 'd' : type;
    const { prefix, text } = numberDigits(integer, kind, undefined, alternative);
    if ((precision ?? 0) > 1000) throw new UnsupportedError('a precision of more than 1000 digits');
    return { isNegative: integer < 0n, prefix, text: text.padStart(precision ?? 0, '0') };
  }
  if (!'eEfFgG'.includes(type)) throw new TemplateError(`%${type} is no format`);
  const float = toFloat(number);
  const { text } = numberDigits(float, type, precision, alternative);
  return { isNegative: float < 0 || Object.is(float, -0), prefix: '', text };
}

/** Python's `int(value)` of a float. */
export function truncate(value: number): bigint {
  if (!Number.isFinite(value)) throw new TemplateError('an infinite number has no integer');
  return BigInt(Math.trunc(value));
}

/** What stands to the right of `%`. */
class PercentArguments {
  readonly #mapping: boolean;
  #left: readonly Value[];

  constructor(private readonly value: Value) {
    this.#left = value instanceof Tuple ? value.items : [value];
    this.#mapping =
      value instanceof Dict || value instanceof Undefined || value instanceof Range || Array.isArray(value);
  }

  /** `%(key)`: the value of the key is the one that comes next. */
  choose(key: string): void {
    const chosen = this.value instanceof Dict ? this.value.get(key) : undefined;
    if (chosen === undefined) throw new TemplateError(`the format asks for ${key}, which is not there`);
    this.#left = [chosen];
  }

  next(): Value {
    const [value, ...left] = this.#left;
    if (value === undefined) throw new TemplateError('a format has more places than values');
    this.#left = left;
    return value;
  }

  nextInteger(): number {
    const integer = toInteger(this.next());
    if (integer === undefined) throw new TemplateError('* in a format takes an integer');
    return Number(integer);
  }

  checkAllUsed(): void {
    if (this.#left.length > 0 && !this.#mapping) throw new TemplateError('a format has fewer places than values');
  }
}
