import { UnsupportedError } from './errors.js';
import { printFloat, printInteger } from './numbers.js';
import { quote } from './python-text.js';
import type { Runtime } from './runtime.js';
import {
  Callable,
  Dict,
  DictView,
  Iteration,
  Markup,
  Namespace,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from './values.js';

/** Python's `str(value)`. */
export function toText(runtime: Runtime, value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Undefined) return '';
  if (value instanceof Markup) return value.text;
  return toRepr(runtime, value);
}

/** Python's `repr(value)`. */
export function toRepr(runtime: Runtime, value: Value): string {
  runtime.spend(1);
  if (value === null) return 'None';
  switch (typeof value) {
    case 'string':
      return runtime.text(quote(value));
    case 'bigint':
      return printInteger(value);
    case 'number':
      return printFloat(value);
    case 'boolean':
      return value ? 'True' : 'False';
    default:
      return runtime.text(printObject(runtime, value));
  }
}

function printObject(runtime: Runtime, value: object & Value): string {
  if (Array.isArray(value)) return `[${printAll(runtime, value)}]`;
  if (value instanceof Tuple) {
    return value.items.length === 1 ? `(${printAll(runtime, value.items)},)` : `(${printAll(runtime, value.items)})`;
  }
  if (value instanceof Dict) return printEntries(runtime, value.entries());
  if (value instanceof Undefined) return 'Undefined';
  if (value instanceof Range) {
    return `range(${value.start}, ${value.stop}${value.step === 1n ? '' : `, ${value.step}`})`;
  }
  if (value instanceof DictView) return `dict_${value.kind}([${printAll(runtime, [...value.values()])}])`;
  if (value instanceof Namespace) return `<Namespace ${printEntries(runtime, value.attributes)}>`;
  if (value instanceof Markup) return `Markup(${quote(value.text)})`;
  const printed = value instanceof Callable ? value.printed : 'print' in value ? value.print() : undefined;
  // Python prints the address in memory.
  if (printed === undefined || value instanceof Iteration) throw new UnsupportedError(`printing a ${typeName(value)}`);
  return printed;
}

function printAll(runtime: Runtime, values: readonly Value[]): string {
  let printed = '';
  for (const value of values) {
    if (printed !== '') printed += ', ';
    printed += toRepr(runtime, value);
    runtime.makeText(printed.length);
  }
  return printed;
}

function printEntries(runtime: Runtime, entries: Iterable<readonly [Value, Value]>): string {
  let printed = '';
  for (const [key, value] of entries) {
    if (printed !== '') printed += ', ';
    printed += `${toRepr(runtime, key)}: ${toRepr(runtime, value)}`;
    runtime.makeText(printed.length);
  }
  return `{${printed}}`;
}
