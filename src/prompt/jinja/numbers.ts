import { TemplateError, UnsupportedError } from './errors.js';
import { PYTHON_SPACE, trimEnd, trimStart } from './python-text.js';

/** Python refuses to print a longer integer. */
const MAX_DIGITS = 4300;
/** Integers that templates may make: far more than Python prints. */
const MAX_BITS = 2 ** 16;

/** @throws TemplateError for an integer that Python does not print */
export function printInteger(value: bigint): string {
  const digits = value.toString();
  if (digits.replace('-', '').length > MAX_DIGITS)
    throw new TemplateError('an integer has too many digits to be printed');
  return digits;
}

/** @throws UnsupportedError for results that Python would compute and no template needs */
export function boundedInteger(value: bigint): bigint {
  const size = value < 0n ? -value : value;
  if (size >> BigInt(MAX_BITS) !== 0n) throw new UnsupportedError(`an integer of more than ${MAX_BITS} bits`);
  return value;
}

/** `base ** exponent` for an exponent of 0 or more. */
export function integerPower(base: bigint, exponent: bigint): bigint {
  const size = (base < 0n ? -base : base).toString(2).length;
  if (size > 1 && exponent * BigInt(size - 1) > BigInt(MAX_BITS)) {
    throw new UnsupportedError(`an integer of more than ${MAX_BITS} bits`);
  }
  if (exponent > BigInt(MAX_BITS)) return exponent % 2n === 0n ? base * base : base;
  return base ** exponent;
}

/** `repr` of a float: the shortest digits that mean it, with an exponent below 1e-4 and from 1e16 on. */
export function printFloat(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '', exponentText = ''] = Math.abs(value).toExponential().split('e');
  const exponent = Number(exponentText);
  const digits = mantissa.replace('.', '');
  if (exponent < -4 || exponent >= 16) return sign + withExponent(digits, exponent);
  const fixed = fromDigits(digits, exponent);
  return sign + (fixed.includes('.') ? fixed : `${fixed}.0`);
}

/** `d.dddde+XX` of significant digits, the first of which counts 10^exponent. */
export function withExponent(digits: string, exponent: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  const size = Math.abs(exponent).toString().padStart(2, '0');
  return `${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${size}`;
}

/** Significant digits, the first of which counts 10^exponent, without an exponent. */
export function fromDigits(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = digits.slice(exponent + 1);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** A float of 0 or more as a fraction of integers, exactly. */
function toFraction(value: number): [numerator: bigint, denominator: bigint] {
  let numerator = value;
  let denominator = 1n;
  while (!Number.isInteger(numerator)) {
    // Doubling is exact, and a float needs at most 1074 of them.
    numerator *= 2;
    denominator *= 2n;
  }
  return [BigInt(numerator), denominator];
}

function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

/** A float of 0 or more times 10^decimals, rounded to an integer, halves to even, as C does it. */
function scaled(value: number, decimals: number): bigint {
  const [numerator, denominator] = toFraction(value);
  return decimals >= 0
    ? divideHalfEven(numerator * 10n ** BigInt(decimals), denominator)
    : divideHalfEven(numerator, denominator * 10n ** BigInt(-decimals));
}

/** C's `%.{decimals}f` of a float of 0 or more. */
export function fixedDigits(value: number, decimals: number): string {
  const digits = scaled(value, decimals)
    .toString()
    .padStart(decimals + 1, '0');
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** A float of 0 or more, rounded to `count` significant digits, the first of which counts 10^exponent. */
export function significantDigits(value: number, count: number): { digits: string; exponent: number } {
  if (value === 0) return { digits: '0'.repeat(count), exponent: 0 };
  const exponent = Number(value.toExponential().split('e')[1]);
  const digits = scaled(value, count - 1 - exponent).toString();
  return digits.length > count ? { digits: digits.slice(0, count), exponent: exponent + 1 } : { digits, exponent };
}

/** Python's `round(value, decimals)`. */
export function roundFloat(value: number, decimals: number): number {
  if (!Number.isFinite(value) || value === 0 || decimals > 323) return value;
  const size = decimals < -400 ? 0n : scaled(Math.abs(value), decimals);
  const rounded = Number(`${size}e${-decimals}`);
  return value < 0 ? -rounded : rounded;
}

/** Python's `round(value, decimals)` for an integer: halves go to even. */
export function roundInteger(value: bigint, decimals: bigint): bigint {
  if (decimals >= 0n) return value;
  const unit = integerPower(10n, -decimals);
  const size = value < 0n ? -value : value;
  const rounded = divideHalfEven(size, unit) * unit;
  return value < 0n ? -rounded : rounded;
}

const NOT_ASCII_DIGIT = /(?![0-9])\p{Nd}/u;
const SPACE_OUTSIDE = new RegExp(`^[${PYTHON_SPACE}]|[${PYTHON_SPACE}]$`);

function prepare(text: string): string {
  if (NOT_ASCII_DIGIT.test(text)) throw new UnsupportedError('a number written in other digits than 0 to 9');
  return SPACE_OUTSIDE.test(text) ? trimStart(trimEnd(text)) : text;
}

const PREFIXES: Readonly<Record<string, number>> = { b: 2, o: 8, x: 16 };

/** Python's `int(text, base)`; undefined where it raises a ValueError. */
export function parseInteger(text: string, base: number): bigint | undefined {
  if (base !== 0 && (base < 2 || base > 36)) return undefined;
  const found = /^([-+]?)(?:0([bBoOxX])_?)?([0-9a-zA-Z]+(?:_[0-9a-zA-Z]+)*)$/.exec(prepare(text));
  if (!found) return undefined;
  const [all, sign = '', letter = '', written = ''] = found;
  const prefixBase = PREFIXES[letter.toLowerCase()];
  let digits = written.replaceAll('_', '');
  let digitsBase = base;
  if (prefixBase !== undefined && (base === 0 || base === prefixBase)) digitsBase = prefixBase;
  else {
    // What looks like a prefix are digits of this base, such as 0b1 in base 16.
    digits = all.replace(/^[-+]/, '').replaceAll('_', '');
    if (letter !== '' && /^[-+]?0[bBoOxX]_/.test(all)) return parseDigits(digits, base, sign);
    if (base === 0) {
      if (/^0+[1-9]/.test(digits)) return undefined;
      digitsBase = 10;
    }
  }
  return parseDigits(digits, digitsBase, sign);
}

function parseDigits(digits: string, base: number, sign: string): bigint | undefined {
  if (base === 10 && digits.length > MAX_DIGITS) return undefined;
  let value = 0n;
  for (const character of digits) {
    const digit = Number.parseInt(character, 36);
    if (!(digit < base)) return undefined;
    value = value * BigInt(base) + BigInt(digit);
  }
  return boundedInteger(sign === '-' ? -value : value);
}

/** Python's `float(text)`; undefined where it raises a ValueError. */
export function parseFloatText(text: string): number | undefined {
  const trimmed = prepare(text);
  if (/^[-+]?nan$/i.test(trimmed)) throw new UnsupportedError('the float nan');
  const infinite = /^([-+]?)inf(?:inity)?$/i.exec(trimmed);
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity;
  if (!/^[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][-+]?\d+(?:_\d+)*)?$/.test(trimmed))
    return undefined;
  return Number(trimmed.replaceAll('_', ''));
}
