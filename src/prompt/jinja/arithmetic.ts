import { TemplateError, UnsupportedError } from './errors.js';
import { percentFormat } from './format.js';
import { boundedInteger, integerPower } from './numbers.js';
import { isNumber, toFloat, toInteger, toNumber } from './operators.js';
import type { Runtime } from './runtime.js';
import type { BinaryOperator } from './syntax.js';
import { DictView, Markup, Tuple, typeName, Undefined, type Value } from './values.js';

/** Python's arithmetic. */
export function calculate(runtime: Runtime, operator: BinaryOperator, left: Value, right: Value): Value {
  if (isNumber(left) && isNumber(right)) return calculateNumbers(operator, toNumber(left), toNumber(right));
  if (operator === '%' && typeof left === 'string') return percentFormat(runtime, left, right);
  if (left instanceof Undefined) left.fail();
  if (right instanceof Undefined) right.fail();
  const joined =
    operator === '+' ? join(runtime, left, right) : operator === '*' ? multiply(runtime, left, right) : undefined;
  if (joined !== undefined) return joined;
  if (left instanceof Markup || right instanceof Markup)
    throw new UnsupportedError(`${operator} with text marked as safe`);
  if (left instanceof DictView || right instanceof DictView) throw new UnsupportedError(`${operator} with dict views`);
  throw new TemplateError(`${operator} does not take a ${typeName(left)} and a ${typeName(right)}`);
}

function join(runtime: Runtime, left: Value, right: Value): Value | undefined {
  if (typeof left === 'string' && typeof right === 'string') return runtime.text(left + right);
  if (Array.isArray(left) && Array.isArray(right)) return concatenate(runtime, left as Value[], right as Value[]);
  if (left instanceof Tuple && right instanceof Tuple) return new Tuple(concatenate(runtime, left.items, right.items));
  return undefined;
}

function concatenate(runtime: Runtime, left: readonly Value[], right: readonly Value[]): readonly Value[] {
  runtime.spend(left.length + right.length);
  return [...left, ...right];
}

function multiply(runtime: Runtime, left: Value, right: Value): Value | undefined {
  const count = toInteger(right);
  if (count === undefined) return toInteger(left) === undefined ? undefined : multiply(runtime, right, left);
  const times = Number(count < 0n ? 0n : count);
  if (typeof left === 'string') {
    runtime.makeText(left.length * times);
    return left === '' ? '' : left.repeat(times);
  }
  if (Array.isArray(left)) return repeat(runtime, left as Value[], times);
  if (left instanceof Tuple) return new Tuple(repeat(runtime, left.items, times));
  return undefined;
}

function repeat(runtime: Runtime, items: readonly Value[], times: number): readonly Value[] {
  runtime.spend(items.length * times);
  return items.length === 0 ? [] : Array.from({ length: times }, () => items).flat(1);
}

function calculateNumbers(operator: BinaryOperator, left: bigint | number, right: bigint | number): bigint | number {
  if (typeof left === 'bigint' && typeof right === 'bigint') {
    if (operator !== '/' && !(operator === '**' && right < 0n)) return calculateIntegers(operator, left, right);
  }
  return checkFloat(calculateFloats(operator, left, right), left, right);
}

function calculateIntegers(operator: BinaryOperator, left: bigint, right: bigint): bigint {
  switch (operator) {
    case '+':
      return boundedInteger(left + right);
    case '-':
      return boundedInteger(left - right);
    case '*':
      return boundedInteger(left * right);
    case '**':
      return integerPower(left, right);
    default: {
      if (right === 0n) throw new TemplateError('a number is divided by 0');
      // JavaScript rounds towards 0, Python downwards.
      const remainder = left % right;
      const isOff = remainder !== 0n && remainder < 0n !== right < 0n;
      if (operator === '%') return isOff ? remainder + right : remainder;
      return isOff ? left / right - 1n : left / right;
    }
  }
}

function calculateFloats(operator: BinaryOperator, left: bigint | number, right: bigint | number): number {
  const [a, b] = [toFloat(left), toFloat(right)];
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '**':
      return floatPower(a, b);
    default:
  }
  if (b === 0) throw new TemplateError('a number is divided by 0');
  if (operator === '/') return a / b;
  let remainder = a % b;
  const isOff = remainder !== 0 && remainder < 0 !== b < 0;
  const quotient = (a - remainder) / b - (isOff ? 1 : 0);
  if (isOff) remainder += b;
  if (operator === '%') return remainder === 0 ? (b < 0 ? -0 : 0) : remainder;
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/** For whole exponents alone, and there as exactly as a float can be: C's and JavaScript's `pow` may differ in the last bit. */
function floatPower(base: number, exponent: number): number {
  if (base === 0 && exponent < 0) throw new TemplateError('0 is raised to a negative power');
  if (exponent === 0 || base === 1) return 1;
  if (exponent === 1) return base;
  if (base === 0 && Number.isInteger(exponent)) return exponent % 2 === 1 ? base : 0;
  if (Number.isInteger(base) && Number.isInteger(exponent) && Number.isSafeInteger(base) && Math.abs(exponent) < 1024) {
    const power = BigInt(base) ** BigInt(Math.abs(exponent));
    // Dividing 1 by a power that a float holds exactly rounds once.
    if (Number.isSafeInteger(Number(power))) return exponent < 0 ? 1 / Number(power) : Number(power);
    if (exponent > 0) return Number(power);
  }
  throw new UnsupportedError(`the power ${base} ** ${exponent}`);
}

/** Infinities and what is no number come out of Jinja2 in different ways, or not at all, by where they are written. */
function checkFloat(result: number, left: bigint | number, right: bigint | number): number {
  if (Number.isFinite(result)) return result;
  throw new UnsupportedError(`a number as large as the result for ${left} and ${right}`);
}

export function negate(value: Value): Value {
  if (value instanceof Undefined) value.fail();
  if (!isNumber(value)) throw new TemplateError(`- does not take a ${typeName(value)}`);
  return -toNumber(value);
}

export function affirm(value: Value): Value {
  if (value instanceof Undefined) value.fail();
  if (!isNumber(value)) throw new TemplateError(`+ does not take a ${typeName(value)}`);
  return toNumber(value);
}
