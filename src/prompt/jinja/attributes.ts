import { TemplateError, UnsupportedError } from './errors.js';
import { equals, toInteger, toList } from './operators.js';
import { characterAt, lengthOf, slice } from './python-text.js';
import type { Runtime } from './runtime.js';
import { builtIn, callBuiltIn, type BuiltIn } from './signature.js';
import { strFormat, type FormatFields } from './str-format.js';
import { textMethod } from './text-methods.js';
import {
  Callable,
  Dict,
  DictView,
  GroupTuple,
  Iteration,
  Markup,
  Namespace,
  NO_KEYWORDS,
  orElse,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Keywords,
  type Value,
} from './values.js';

/** What the sandbox of Jinja2 hides, because it would change a list or a dictionary. */
const HIDDEN_OF_LISTS = new Set(['append', 'clear', 'extend', 'insert', 'pop', 'remove', 'reverse', 'sort']);
const HIDDEN_OF_DICTS = new Set(['clear', 'pop', 'popitem', 'setdefault', 'update']);
const UNSUPPORTED_OF_NUMBERS = new Set(
  'as_integer_ratio bit_count bit_length conjugate denominator from_bytes fromhex hex imag is_integer numerator real to_bytes'.split(
    ' ',
  ),
);

const DICT_METHODS: Readonly<Record<string, BuiltIn>> = {
  copy: builtIn('', (_, self) => self, true),
  get: builtIn(
    'key default?',
    (_, self, [key, otherwise]) => orElse((self as Dict).get(key as Value), orElse(otherwise, null)),
    true,
  ),
  items: builtIn('', (_, self) => new DictView('items', self as Dict), true),
  keys: builtIn('', (_, self) => new DictView('keys', self as Dict), true),
  values: builtIn('', (_, self) => new DictView('values', self as Dict), true),
};

/** Those of lists, tuples and ranges. */
const SEQUENCE_METHODS: Readonly<Record<string, BuiltIn>> = {
  count: builtIn(
    'value',
    (runtime, self, [value]) =>
      BigInt(toList(runtime, self).filter((item) => equals(runtime, item, value as Value)).length),
    true,
  ),
  index: builtIn(
    'value',
    (runtime, self, [value]) => {
      const index = toList(runtime, self).findIndex((item) => equals(runtime, item, value as Value));
      if (index < 0) throw new TemplateError(`a ${typeName(self)} does not hold the value that is looked for`);
      return BigInt(index);
    },
    true,
  ),
};

const LIST_METHODS: Readonly<Record<string, BuiltIn>> = {
  ...SEQUENCE_METHODS,
  copy: builtIn('', (_, self) => self, true),
};

/** `object.name` of a template: the attribute, or else the item. */
export function getAttribute(runtime: Runtime, object: Value, name: string): Value {
  const attribute = attributeOf(runtime, object, name);
  if (attribute !== undefined) return attribute;
  const item = object instanceof Dict ? object.get(name) : undefined;
  return item === undefined ? lacking(object, name) : item;
}

/** `object[index]` of a template: the item, or else, for a text, the attribute. */
export function getItem(runtime: Runtime, object: Value, index: Value): Value {
  const item = itemOf(object, index);
  if (item !== undefined) return item;
  const name = index instanceof Markup ? index.text : index;
  const attribute = typeof name === 'string' ? attributeOf(runtime, object, name) : undefined;
  return attribute === undefined ? lacking(object, index) : attribute;
}

function lacking(object: Value, name: Value): Undefined {
  const shown = typeof name === 'string' || typeof name === 'bigint' ? String(name) : typeName(name);
  return new Undefined(`a ${typeName(object)} has no ${shown}`);
}

/** The attribute of that name alone. Undefined where there is none. */
export function attributeOf(runtime: Runtime, object: Value, name: string): Value | undefined {
  if (object instanceof Undefined) object.fail();
  if (name.startsWith('__') && name.endsWith('__')) {
    // Those of Python's objects are hidden, and an item of such a name would be behind them or not.
    if (object instanceof Dict && object.has(name)) throw new UnsupportedError(`the name ${name}`);
    return undefined;
  }
  if (typeof object === 'string') return attributeOfText(runtime, object, name);
  if (object instanceof Dict) {
    if (name === 'fromkeys') throw new UnsupportedError('fromkeys of a dict');
    return HIDDEN_OF_DICTS.has(name) ? hidden(object, name) : bind(object, name, DICT_METHODS);
  }
  if (Array.isArray(object)) {
    return HIDDEN_OF_LISTS.has(name) ? hidden(object, name) : bind(object, name, LIST_METHODS);
  }
  if (object instanceof GroupTuple && (name === 'grouper' || name === 'list')) return object[name];
  if (object instanceof Tuple) return bind(object, name, SEQUENCE_METHODS);
  if (object instanceof Range) {
    if (name === 'start' || name === 'stop' || name === 'step') return object[name];
    return bind(object, name, SEQUENCE_METHODS);
  }
  if (object instanceof Namespace) return object.attributes.get(name);
  if (object instanceof Callable) return object.attributes.get(name);
  if (typeof object === 'object' && object !== null && 'attribute' in object) return object.attribute(name);
  const isHalfKnown =
    object instanceof Markup ||
    object instanceof Iteration ||
    object instanceof DictView ||
    UNSUPPORTED_OF_NUMBERS.has(name);
  if (object !== null && isHalfKnown) throw new UnsupportedError(`${name} of a ${typeName(object)}`);
  return undefined;
}

function hidden(object: Value, name: string): Undefined {
  return new Undefined(`${name} would change a ${typeName(object)}, which templates may not`);
}

function bind(object: Value, name: string, methods: Readonly<Record<string, BuiltIn>>): Callable | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!method) return undefined;
  return new Callable(name, (runtime, positional, keywords) =>
    callBuiltIn(runtime, name, method, object, positional, keywords),
  );
}

function attributeOfText(runtime: Runtime, text: string, name: string): Callable | undefined {
  if (name === 'format' || name === 'format_map') {
    return new Callable(name, (_, positional, keywords) => {
      const fields = name === 'format' ? { positional, named: keywords } : fieldsOfMap(positional, keywords);
      return strFormat(runtime, text, {
        positional: fields.positional,
        named: (field) => fields.named.get(field),
        attribute: (object, attribute) => getAttribute(runtime, object, attribute),
        item: (object, index) => getItem(runtime, object, index),
      } satisfies FormatFields);
    });
  }
  const method = textMethod(name);
  if (!method) return undefined;
  return new Callable(name, (_, positional, keywords) =>
    callBuiltIn(runtime, name, method, text, positional, keywords),
  );
}

function fieldsOfMap(
  [map, ...others]: readonly Value[],
  keywords: Keywords,
): { positional: readonly Value[]; named: Pick<Dict, 'get'> } {
  if (!(map instanceof Dict) || others.length > 0 || keywords.size > 0) {
    throw new TemplateError('format_map takes one dict');
  }
  return { positional: [], named: map };
}

function itemOf(object: Value, index: Value): Value | undefined {
  if (object instanceof Dict) return isHashable(index) ? object.get(index) : undefined;
  if (object instanceof Undefined) object.fail();
  const position = toInteger(index);
  if (object instanceof Markup && position !== undefined) throw new UnsupportedError('an item of text marked as safe');
  if (position === undefined) return undefined;
  const at = Number(position);
  if (Array.isArray(object)) return (object as Value[]).at(at);
  if (object instanceof Tuple) return object.items.at(at);
  const length = typeof object === 'string' ? lengthOf(object) : object instanceof Range ? object.length : 0;
  const place = at < 0 ? at + length : at;
  if (place < 0 || place >= length) return undefined;
  return typeof object === 'string' ? characterAt(object, place) : (object as Range).at(place);
}

function isHashable(value: Value): boolean {
  if (value instanceof Tuple) return value.items.every(isHashable);
  return !Array.isArray(value) && !(value instanceof Dict);
}

/** `object[start:stop:step]`, with undefined for what is left out. */
export function getSlice(
  runtime: Runtime,
  object: Value,
  start: Value | undefined,
  stop: Value | undefined,
  step: Value | undefined,
): Value {
  const stride = bound(step) ?? 1;
  if (object instanceof Markup) throw new UnsupportedError('a slice of text marked as safe');
  if (typeof object === 'string') {
    const places = placesOf(lengthOf(object), bound(start), bound(stop), stride);
    if (stride === 1) return slice(object, places.start, places.stop);
    return sliceOf(runtime, Array.from(object), places).join('');
  }
  if (Array.isArray(object)) {
    return sliceOf(runtime, object as Value[], placesOf(object.length, bound(start), bound(stop), stride));
  }
  if (object instanceof Tuple) {
    return new Tuple(sliceOf(runtime, object.items, placesOf(object.items.length, bound(start), bound(stop), stride)));
  }
  if (object instanceof Range) {
    const places = placesOf(object.length, bound(start), bound(stop), stride);
    return new Range(object.at(places.start), object.at(places.stop), object.step * BigInt(stride));
  }
  if (object instanceof Undefined) object.fail();
  // An error in Jinja2 too, unless what is cut is written out, as in 1[:2].
  throw new UnsupportedError(`a slice of a ${typeName(object)}`);
}

function bound(value: Value | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  const integer = toInteger(value);
  if (integer === undefined) throw new TemplateError(`a ${typeName(value)} bounds a slice`);
  return Number(integer);
}

interface Places {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** The bounds of a slice within a sequence of that length. */
function placesOf(length: number, start: number | undefined, stop: number | undefined, step: number): Places {
  if (step === 0) throw new TemplateError('a slice has the step 0');
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const place = (at: number): number => Math.min(highest, Math.max(lowest, at < 0 ? at + length : at));
  return {
    start: start === undefined ? (step > 0 ? lowest : highest) : place(start),
    stop: stop === undefined ? (step > 0 ? highest : lowest) : place(stop),
    step,
  };
}

function sliceOf<T>(runtime: Runtime, items: readonly T[], { start, stop, step }: Places): T[] {
  const chosen: T[] = [];
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) {
    runtime.spend(1);
    chosen.push(items[at] as T);
  }
  return chosen;
}

/** Calls what a template calls. */
export function callValue(
  runtime: Runtime,
  callee: Value,
  positional: readonly Value[],
  keywords: Keywords = NO_KEYWORDS,
): Value {
  if (callee instanceof Callable) return callee.call(runtime, positional, keywords);
  if (callee instanceof Undefined) callee.fail();
  if (typeof callee === 'object' && callee !== null && 'callable' in callee && callee.callable) {
    return callee.callable.call(runtime, positional, keywords);
  }
  throw new TemplateError(`a ${typeName(callee)} is called, which is no function`);
}
