import { TemplateError, UnsupportedError } from './errors.js';
import { compareTexts, lengthOf } from './python-text.js';
import type { Runtime } from './runtime.js';
import type { CompareOperator } from './syntax.js';
import {
  Callable,
  Dict,
  DictView,
  Iteration,
  Markup,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

/** Python's `bool(value)`. */
export function isTrue(value: Value): boolean {
  if (value === null) return false;
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'string':
      return value !== '';
    case 'bigint':
      return value !== 0n;
    case 'number':
      return value !== 0;
    default:
      return lengthIfSized(value) !== 0;
  }
}

/** Python's `len(value)`; undefined where it has none. */
export function lengthIfSized(value: Value): number | undefined {
  if (typeof value === 'string') return lengthOf(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof Undefined) return 0;
  if (value instanceof Range) return value.length;
  if (value instanceof DictView) return value.dict.size;
  if (value instanceof Markup) return lengthOf(value.text);
  if (isObject(value)) {
    const length = value.attribute('length');
    if (typeof length === 'bigint') return Number(length);
  }
  return undefined;
}

function isObject(value: Value): value is Exclude<Value, string> & { attribute(name: string): Value | undefined } {
  return typeof value === 'object' && value !== null && 'attribute' in value;
}

/** The values that a loop over this one takes; undefined where Python does not iterate. */
export function iterateIfPossible(value: Value): Iterator<Value> | undefined {
  if (Array.isArray(value)) return (value as readonly Value[]).values();
  if (typeof value === 'string') return value[Symbol.iterator]();
  if (value instanceof Tuple) return value.items.values();
  if (value instanceof Dict) return value.keys();
  if (value instanceof Iteration) return value.values;
  if (value instanceof Range) return value.values();
  if (value instanceof DictView) return value.values()[Symbol.iterator]();
  if (value instanceof Undefined) return [].values();
  if (value instanceof Markup) throw new UnsupportedError('a loop over text marked as safe');
  return undefined;
}

export function iterate(value: Value): Iterator<Value> {
  const iterator = iterateIfPossible(value);
  if (iterator) return iterator;
  if (typeName(value) === 'loop') throw new UnsupportedError('the variable loop as a list');
  throw new TemplateError(`a ${typeName(value)} cannot be iterated over`);
}

/** Python's `list(value)`. */
export function toList(runtime: Runtime, value: Value): readonly Value[] {
  if (Array.isArray(value)) {
    runtime.spend(value.length);
    return value as readonly Value[];
  }
  const items: Value[] = [];
  const iterator = iterate(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    runtime.spend(1);
    items.push(next.value);
  }
  return items;
}

/** Whether the value counts as a number: Python's booleans do. */
export function isNumber(value: Value): value is bigint | number | boolean {
  return typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean';
}

/** A boolean as the integer that it is in Python. */
export function toNumber(value: bigint | number | boolean): bigint | number {
  return typeof value === 'boolean' ? BigInt(value) : value;
}

/** The value as an integer where Python takes one, such as an index; undefined for a float and all else. */
export function toInteger(value: Value): bigint | undefined {
  return typeof value === 'bigint' ? value : typeof value === 'boolean' ? BigInt(value) : undefined;
}

/** Python's `left == right`. */
export function equals(runtime: Runtime, left: Value, right: Value): boolean {
  if (typeof left === 'string' || left === null) return left === (right instanceof Markup ? right.text : right);
  if (isNumber(left)) return isNumber(right) && toNumber(left) == toNumber(right);
  if (left === right) return true;
  if (left instanceof Markup) return equals(runtime, left.text, right);
  runtime.spend(1);
  if (Array.isArray(left)) return Array.isArray(right) && allEqual(runtime, left as Value[], right as Value[]);
  if (left instanceof Tuple) return right instanceof Tuple && allEqual(runtime, left.items, right.items);
  if (left instanceof Dict) return right instanceof Dict && equalDicts(runtime, left, right);
  if (left instanceof Undefined) return right instanceof Undefined;
  if (left instanceof Range && right instanceof Range) {
    const { length } = left;
    if (length !== right.length) return false;
    return length === 0 || (left.start === right.start && (length === 1 || left.step === right.step));
  }
  if (left instanceof DictView && right instanceof DictView) {
    if (left.kind === 'values' || right.kind === 'values') return false;
    throw new UnsupportedError('a comparison of dict views');
  }
  return false;
}

function allEqual(runtime: Runtime, left: readonly Value[], right: readonly Value[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((item, index) => {
    runtime.spend(1);
    return equals(runtime, item, right[index] as Value);
  });
}

function equalDicts(runtime: Runtime, left: Dict, right: Dict): boolean {
  if (left.size !== right.size) return false;
  for (const [key, value] of left.entries()) {
    runtime.spend(1);
    const other = right.get(key);
    if (other === undefined || !equals(runtime, value, other)) return false;
  }
  return true;
}

/** Less than 0, 0 or more than 0. @throws TemplateError for types that Python does not order */
export function order(runtime: Runtime, left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right);
  if (isNumber(left) && isNumber(right)) {
    const [a, b] = [toNumber(left), toNumber(right)];
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (Array.isArray(left) && Array.isArray(right)) return orderAll(runtime, left as Value[], right as Value[]);
  if (left instanceof Tuple && right instanceof Tuple) return orderAll(runtime, left.items, right.items);
  if (left instanceof Undefined) left.fail();
  if (right instanceof Undefined) right.fail();
  if (left instanceof DictView && right instanceof DictView) throw new UnsupportedError('a comparison of dict views');
  throw new TemplateError(`a ${typeName(left)} and a ${typeName(right)} have no order`);
}

function orderAll(runtime: Runtime, left: readonly Value[], right: readonly Value[]): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    runtime.spend(1);
    const [a, b] = [left[index] as Value, right[index] as Value];
    if (!equals(runtime, a, b)) return order(runtime, a, b);
  }
  return left.length - right.length;
}

/** Python's `needle in container`. */
export function contains(runtime: Runtime, container: Value, needle: Value): boolean {
  if (typeof container === 'string') {
    const text = needle instanceof Markup ? needle.text : needle;
    if (typeof text !== 'string') throw new TemplateError(`a text cannot hold a ${typeName(needle)}`);
    return container.includes(text);
  }
  if (container instanceof Dict) return container.has(needle);
  if (container instanceof DictView && container.kind === 'keys') return container.dict.has(needle);
  if (container instanceof Markup) throw new UnsupportedError('a search in text marked as safe');
  const iterator = iterate(container);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    runtime.spend(1);
    if (equals(runtime, needle, next.value)) return true;
  }
  return false;
}

export function compare(runtime: Runtime, operator: CompareOperator, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return equals(runtime, left, right);
    case '!=':
      return !equals(runtime, left, right);
    case '<':
      return order(runtime, left, right) < 0;
    case '<=':
      return order(runtime, left, right) <= 0;
    case '>':
      return order(runtime, left, right) > 0;
    case '>=':
      return order(runtime, left, right) >= 0;
    case 'in':
      return contains(runtime, right, left);
    case 'not in':
      return !contains(runtime, right, left);
  }
}

/** @throws UnsupportedError for integers that no float holds: Python rounds their quotients, not them */
export function toFloat(value: bigint | number): number {
  const float = Number(value);
  if (typeof value === 'bigint' && !Number.isSafeInteger(float)) {
    throw new UnsupportedError('a float of an integer of more than 53 bits');
  }
  return float;
}

export function callableOf(value: Value): Callable | undefined {
  if (value instanceof Callable) return value;
  return isObject(value) && 'callable' in value ? value.callable : undefined;
}
