import { TemplateError, UnsupportedError } from './errors.js';
import { Loop } from './loop.js';
import { calculate } from './arithmetic.js';
import { callableOf, compare, contains, equals, isNumber, iterateIfPossible, lengthIfSized } from './operators.js';
import { toText } from './print.js';
import { hasOnlyCase } from './python-text.js';
import type { Runtime } from './runtime.js';
import { builtIn, callBuiltIn, type BuiltIn } from './signature.js';
import type { CompareOperator } from './syntax.js';
import { Dict, hashKey, Markup, Range, Tuple, typeName, Undefined, type Keywords, type Value } from './values.js';

function test(parameters: string, holds: (value: Value, other: Value, runtime: Runtime) => boolean): BuiltIn {
  return builtIn(parameters, (runtime, value, [other]) => holds(value, other ?? null, runtime));
}

function comparison(operator: CompareOperator): BuiltIn {
  return builtIn('other', (runtime, value, [other]) => compare(runtime, operator, value, other as Value), true);
}

const TESTS: Readonly<Record<string, BuiltIn>> = {
  boolean: test('', (value) => typeof value === 'boolean'),
  callable: test('', (value) => callableOf(value) !== undefined || value instanceof Undefined),
  defined: test('', (value) => !(value instanceof Undefined)),
  divisibleby: test('num', (value, num, runtime) => equals(runtime, calculate(runtime, '%', value, num), 0n)),
  eq: comparison('=='),
  escaped: test('', (value) => value instanceof Markup),
  even: test('', (value, _, runtime) => equals(runtime, calculate(runtime, '%', value, 2n), 0n)),
  false: test('', (value) => value === false),
  filter: test('', (value, _, runtime) => isKnown(value, runtime.isFilter)),
  float: test('', (value) => typeof value === 'number'),
  ge: comparison('>='),
  gt: comparison('>'),
  in: test('seq', (value, seq, runtime) => contains(runtime, seq, value)),
  integer: test('', (value) => typeof value === 'bigint'),
  iterable: test('', (value) => isIterable(value)),
  le: comparison('<='),
  lower: test('', (value, _, runtime) => hasOnlyCase(toText(runtime, value), 'lower')),
  lt: comparison('<'),
  mapping: test('', (value) => value instanceof Dict),
  ne: comparison('!='),
  none: test('', (value) => value === null),
  number: test('', (value) => isNumber(value)),
  odd: test('', (value, _, runtime) => equals(runtime, calculate(runtime, '%', value, 2n), 1n)),
  sameas: test('other', (value, other, runtime) => isSame(runtime, value, other)),
  sequence: test('', (value) => isSequence(value)),
  string: test('', (value) => typeof value === 'string' || value instanceof Markup),
  test: test('', (value) => isKnown(value, isTest)),
  true: test('', (value) => value === true),
  undefined: test('', (value) => value instanceof Undefined),
  upper: test('', (value, _, runtime) => hasOnlyCase(toText(runtime, value), 'upper')),
};

const ALIASES: Readonly<Record<string, string>> = {
  '==': 'eq',
  equalto: 'eq',
  '!=': 'ne',
  '>': 'gt',
  greaterthan: 'gt',
  '>=': 'ge',
  '<': 'lt',
  lessthan: 'lt',
  '<=': 'le',
};

export function isTest(name: string): boolean {
  return Object.hasOwn(TESTS, ALIASES[name] ?? name);
}

/** Runs a test, by its name. */
export function runTest(
  runtime: Runtime,
  name: string,
  value: Value,
  positional: readonly Value[],
  keywords: Keywords,
): boolean {
  const found = isTest(name) ? TESTS[ALIASES[name] ?? name] : undefined;
  if (!found) throw new TemplateError(`there is no test ${name}`);
  return callBuiltIn(runtime, name, found, value, positional, keywords) === true;
}

function isKnown(name: Value, has: (name: string) => boolean): boolean {
  return typeof name === 'string' ? has(name) : hashKey(name) === undefined;
}

function isIterable(value: Value): boolean {
  return value instanceof Markup || value instanceof Loop || iterateIfPossible(value) !== undefined;
}

function isSequence(value: Value): boolean {
  if (value instanceof Markup) return true;
  const isIndexed =
    typeof value === 'string' ||
    Array.isArray(value) ||
    value instanceof Tuple ||
    value instanceof Dict ||
    value instanceof Range ||
    value instanceof Undefined;
  return isIndexed && lengthIfSized(value) !== undefined;
}

/** Python's `value is other`. Which equal texts and numbers are one object is its own affair. */
function isSame(runtime: Runtime, value: Value, other: Value): boolean {
  const isShared =
    typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number' || value instanceof Tuple;
  if (isShared && typeName(value) === typeName(other) && equals(runtime, value, other)) {
    throw new UnsupportedError(`sameas of equal values of type ${typeName(value)}`);
  }
  return value === other;
}
