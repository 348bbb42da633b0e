import { attributeOf, getItem } from './attributes.js';
import { TemplateError, UnsupportedError } from './errors.js';
import { percentFormat, truncate } from './format.js';
import { dumpJson } from './json.js';
import { parseFloatText, parseInteger, roundFloat, roundInteger } from './numbers.js';
import { calculate } from './arithmetic.js';
import {
  equals,
  isNumber,
  isTrue,
  iterate,
  lengthIfSized,
  order,
  toFloat,
  toInteger,
  toList,
  toNumber,
} from './operators.js';
import { toText } from './print.js';
import { capitalize, lengthOf, PYTHON_SPACE, slice, splitLines } from './python-text.js';
import type { Runtime } from './runtime.js';
import { builtIn, callBuiltIn, integerArgument, textArgument, type BuiltIn } from './signature.js';
import { runTest } from './tests.js';
import { centerText, charactersOf, joinTexts, replaceText, stripText } from './text-methods.js';
import {
  Dict,
  GroupTuple,
  hashKey,
  Iteration,
  Markup,
  orElse,
  Range,
  Tuple,
  typeName,
  Undefined,
  type Keywords,
  type Value,
} from './values.js';

/** Filters of Jinja2 that are for web pages, draw lots, or lay text out in ways of their own. */
const UNSUPPORTED = new Set('filesizeformat pprint random striptags urlencode urlize wordwrap xmlattr'.split(' '));

const FILTERS: Readonly<Record<string, BuiltIn>> = {
  abs: builtIn('', (_, value) => absolute(value), true),
  attr: builtIn('name', (runtime, value, [name]) => {
    const attribute = textArgument(name);
    return orElse(attributeOf(runtime, value, attribute), new Undefined(`a ${typeName(value)} has no ${attribute}`));
  }),
  batch: builtIn(
    'linecount fill_with?',
    (runtime, value, [count, fill]) => new Iteration(batch(runtime, value, count as Value, fill ?? null)),
  ),
  capitalize: builtIn('', (runtime, value) => capitalize(softText(runtime, value))),
  center: builtIn('width?', (runtime, value, [width]) =>
    centerText(runtime, softText(runtime, value), orElse(width, 80n)),
  ),
  default: builtIn('default_value? boolean?', (_, value, [otherwise, boolean]) =>
    value instanceof Undefined || (boolean !== undefined && isTrue(boolean) && !isTrue(value))
      ? orElse(otherwise, '')
      : value,
  ),
  dictsort: builtIn('case_sensitive? by? reverse?', (runtime, value, [caseSensitive, by, reverse]) => {
    if (value instanceof Undefined) value.fail();
    if (!(value instanceof Dict)) throw new TemplateError(`dictsort takes a dict and no ${typeName(value)}`);
    if (by !== undefined && by !== 'key' && by !== 'value')
      throw new TemplateError('dictsort sorts by key or by value');
    const place = by === 'value' ? 1 : 0;
    const keyOf = (item: Value): Value => {
      const key = (item as Tuple).items[place] as Value;
      return isTruthy(caseSensitive) ? key : ignoreCase(key);
    };
    return sortBy(runtime, [...value.items()], keyOf, isSet(reverse));
  }),
  escape: builtIn('', (runtime, value) => escapeHtml(runtime, value), true),
  first: builtIn('', (_, value) => {
    const next = iterate(value).next();
    return next.done === true ? new Undefined('a sequence without a first item') : next.value;
  }),
  float: builtIn('default?', (_, value, [otherwise]) => toFloatOr(value, orElse(otherwise, 0))),
  forceescape: builtIn('', (runtime, value) => escapeHtml(runtime, toText(runtime, value))),
  groupby: builtIn('attribute default? case_sensitive?', (runtime, value, [attribute, otherwise, caseSensitive]) =>
    groupBy(runtime, value, attribute as Value, otherwise ?? null, isTruthy(caseSensitive)),
  ),
  indent: builtIn('width? first? blank?', (runtime, value, [width, first, blank]) =>
    indent(runtime, value, orElse(width, 4n), isTruthy(first), isTruthy(blank)),
  ),
  int: builtIn('default? base?', (_, value, [otherwise, base]) =>
    toIntegerOr(value, orElse(otherwise, 0n), orElse(base, 10n)),
  ),
  items: builtIn('', (_, value) => {
    // Jinja2 writes this filter as a generator, so what it refuses it refuses when the first item is taken.
    return new Iteration(items(value));
  }),
  join: builtIn('d? attribute?', (runtime, value, [separator, attribute]) => {
    const get = attributeGetter(runtime, attribute ?? null);
    const between = toText(runtime, orElse(separator, ''));
    return joinTexts(
      runtime,
      toList(runtime, value).map((item) => toText(runtime, get(item))),
      between,
    );
  }),
  last: builtIn('', (_, value) => {
    const next = reversed(value).next();
    return next.done === true ? new Undefined('a sequence without a last item') : next.value;
  }),
  length: builtIn(
    '',
    (_, value) => {
      const length = lengthIfSized(value);
      if (length === undefined) throw new TemplateError(`a ${typeName(value)} has no length`);
      return BigInt(length);
    },
    true,
  ),
  list: builtIn('', (runtime, value) => toList(runtime, value)),
  lower: builtIn('', (runtime, value) => softText(runtime, value).toLowerCase()),
  max: builtIn('case_sensitive? attribute?', (runtime, value, [caseSensitive, attribute]) =>
    extreme(runtime, value, isTruthy(caseSensitive), attribute ?? null, 1),
  ),
  min: builtIn('case_sensitive? attribute?', (runtime, value, [caseSensitive, attribute]) =>
    extreme(runtime, value, isTruthy(caseSensitive), attribute ?? null, -1),
  ),
  replace: builtIn('old new count?', (runtime, value, [old, replacement, count]) =>
    replaceText(
      runtime,
      toText(runtime, value),
      toText(runtime, old as Value),
      toText(runtime, replacement as Value),
      count === null ? -1 : integerArgument(count, -1),
    ),
  ),
  reverse: builtIn('', (runtime, value) => {
    if (value instanceof Markup) throw new UnsupportedError('text marked as safe in the filter reverse');
    if (typeof value === 'string') return Array.from(value).reverse().join('');
    if (value instanceof Iteration) return [...toList(runtime, value)].reverse();
    return new Iteration(reversed(value), 'reverse iterator');
  }),
  round: builtIn('precision? method?', (runtime, value, [precision, method]) =>
    round(runtime, value, orElse(precision, 0n), orElse(method, 'common')),
  ),
  safe: builtIn('', (runtime, value) => new Markup(toText(runtime, value))),
  slice: builtIn(
    'slices fill_with?',
    (runtime, value, [slices, fill]) => new Iteration(columns(runtime, value, slices as Value, fill ?? null)),
  ),
  sort: builtIn('reverse? case_sensitive? attribute?', (runtime, value, [reverse, caseSensitive, attribute]) => {
    const getters = attributeGetters(runtime, attribute ?? null);
    const keyOf = (item: Value): Value =>
      getters.map((get) => (isTruthy(caseSensitive) ? get(item) : ignoreCase(get(item))));
    return sortBy(runtime, toList(runtime, value), keyOf, isSet(reverse));
  }),
  string: builtIn('', (runtime, value) => (value instanceof Markup ? value : toText(runtime, value))),
  sum: builtIn('attribute? start?', (runtime, value, [attribute, start]) => {
    const get = attributeGetter(runtime, attribute ?? null);
    if (typeof start === 'string') throw new TemplateError('sum does not add texts');
    return toList(runtime, value).reduce<Value>(
      (sum, item) => {
        const next = get(item);
        // Newer versions of Python carry what rounding loses along, older ones do not.
        if (typeof next === 'number') throw new UnsupportedError('the filter sum on floats');
        return calculate(runtime, '+', sum, next);
      },
      orElse(start, 0n),
    );
  }),
  title: builtIn('', (runtime, value) =>
    softText(runtime, value)
      .split(WORD_BEGIN)
      .map((part) => {
        const first = lengthOf(part) > 0 ? slice(part, 0, 1) : '';
        return first.toUpperCase() + part.slice(first.length).toLowerCase();
      })
      .join(''),
  ),
  tojson: builtIn(
    'ensure_ascii? indent? separators? sort_keys?',
    (runtime, value, [ensureAscii, indentation, separators, sortKeys]) => {
      // Python's json looks at neither for a text.
      const isText = typeof value === 'string' || value instanceof Markup;
      const indentText = isText ? undefined : indentOf(indentation ?? null);
      const given = separators === undefined || separators === null ? undefined : pairOf(runtime, separators);
      const [itemSeparator, keySeparator] =
        given === undefined || isText
          ? [indentText === undefined ? ', ' : ',', ': ']
          : [textArgument(given[0]), textArgument(given[1])];
      return dumpJson(runtime, value, {
        ensureAscii: isTruthy(ensureAscii),
        indent: indentText,
        itemSeparator,
        keySeparator,
        sortKeys: isTruthy(sortKeys),
      });
    },
  ),
  trim: builtIn('chars?', (runtime, value, [characters]) =>
    stripText(softText(runtime, value), charactersOf(characters)),
  ),
  truncate: builtIn('length? killwords? end? leeway?', (_, value, [length, killWords, end, leeway]) =>
    truncateText(value, orElse(length, 255n), isTruthy(killWords), textArgument(orElse(end, '...')), leeway ?? null),
  ),
  unique: builtIn(
    'case_sensitive? attribute?',
    (runtime, value, [caseSensitive, attribute]) =>
      new Iteration(unique(runtime, value, isTruthy(caseSensitive), attribute ?? null)),
  ),
  upper: builtIn('', (runtime, value) => softText(runtime, value).toUpperCase()),
  wordcount: builtIn('', (runtime, value) => BigInt(softText(runtime, value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)),
};

const WORD_BEGIN = new RegExp(`([-${PYTHON_SPACE}({\\[<]+)`);

const ALIASES: Readonly<Record<string, string>> = { count: 'length', d: 'default', e: 'escape' };

type Variadic = (runtime: Runtime, value: Value, positional: readonly Value[], keywords: Keywords) => Value;

/** Filters that hand their arguments on. */
const VARIADIC: Readonly<Record<string, Variadic>> = {
  format: (runtime, value, positional, keywords) => {
    if (positional.length > 0 && keywords.size > 0)
      throw new TemplateError('format takes arguments by place or by name');
    return percentFormat(
      runtime,
      softText(runtime, value),
      keywords.size > 0 ? new Dict(keywords) : new Tuple(positional),
    );
  },
  map: (runtime, value, positional, keywords) => new Iteration(mapped(runtime, value, positional, keywords)),
  reject: (runtime, value, positional, keywords) =>
    new Iteration(selected(runtime, value, positional, keywords, false, false)),
  rejectattr: (runtime, value, positional, keywords) =>
    new Iteration(selected(runtime, value, positional, keywords, false, true)),
  select: (runtime, value, positional, keywords) =>
    new Iteration(selected(runtime, value, positional, keywords, true, false)),
  selectattr: (runtime, value, positional, keywords) =>
    new Iteration(selected(runtime, value, positional, keywords, true, true)),
};

/** Whether Jinja2, as transformers sets it up, has a filter of that name. */
export function isFilter(name: string): boolean {
  return isSupported(name) || UNSUPPORTED.has(name);
}

function isSupported(name: string): boolean {
  return Object.hasOwn(FILTERS, ALIASES[name] ?? name) || Object.hasOwn(VARIADIC, name);
}

/** The error for a filter that cannot be run; undefined for one that can. */
export function filterFault(name: string): TemplateError | undefined {
  if (isSupported(name)) return undefined;
  return UNSUPPORTED.has(name)
    ? new UnsupportedError(`the filter ${name}`)
    : new TemplateError(`there is no filter ${name}`);
}

/** Runs a filter, by its name. */
export function runFilter(
  runtime: Runtime,
  name: string,
  value: Value,
  positional: readonly Value[],
  keywords: Keywords,
): Value {
  const variadic = Object.hasOwn(VARIADIC, name) ? VARIADIC[name] : undefined;
  if (variadic) return variadic(runtime, value, positional, keywords);
  const filter = FILTERS[ALIASES[name] ?? name];
  if (!filter) throw filterFault(name) ?? new TemplateError(name);
  return callBuiltIn(runtime, name, filter, value, positional, keywords);
}

/** A switch of Python's `sorted`, which takes integers and booleans alone. */
function isSet(value: Value | undefined): boolean {
  return integerArgument(value, 0) !== 0;
}

function isTruthy(value: Value | undefined): boolean {
  return value !== undefined && isTrue(value);
}

/** The value as a text that is no Markup, whose methods work in other ways. */
function softText(runtime: Runtime, value: Value): string {
  if (value instanceof Markup) throw new UnsupportedError('a filter on text marked as safe');
  return toText(runtime, value);
}

function ignoreCase(value: Value): Value {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

/** What the `attribute` of a filter means: `name`, `name.0.name`, a number, or the item itself for None. */
function attributeGetter(runtime: Runtime, attribute: Value, otherwise: Value = null): (item: Value) => Value {
  if (attribute === null) return (item) => item;
  const parts = typeof attribute === 'string' ? attribute.split('.').map(partOf) : [attribute];
  return (item) =>
    parts.reduce<Value>((found, part) => {
      const next = getItem(runtime, found, part);
      return next instanceof Undefined && otherwise !== null ? otherwise : next;
    }, item);
}

function partOf(part: string): Value {
  return /^\d+$/.test(part) ? BigInt(part) : part;
}

/** Those of a list such as `age,name`. */
function attributeGetters(runtime: Runtime, attribute: Value): ((item: Value) => Value)[] {
  const attributes: Value[] = typeof attribute === 'string' ? attribute.split(',') : [attribute];
  return attributes.map((one) => attributeGetter(runtime, one));
}

function sortBy(runtime: Runtime, values: readonly Value[], keyOf: (item: Value) => Value, reverse: boolean): Value[] {
  const sign = reverse ? -1 : 1;
  runtime.spend(values.length);
  return values
    .map((value) => ({ value, key: keyOf(value) }))
    .sort((a, b) => sign * order(runtime, a.key, b.key))
    .map(({ value }) => value);
}

function absolute(value: Value): Value {
  if (!isNumber(value)) throw new TemplateError(`abs takes a number and no ${typeName(value)}`);
  const number = toNumber(value);
  return typeof number === 'bigint' ? (number < 0n ? -number : number) : Math.abs(number);
}

function* batch(runtime: Runtime, value: Value, count: Value, fill: Value): Generator<Value> {
  let row: Value[] = [];
  const iterator = iterate(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    runtime.spend(1);
    if (equals(runtime, BigInt(row.length), count)) {
      yield row;
      row = [];
    }
    row.push(next.value);
  }
  if (row.length === 0) return;
  const missing = fill === null ? 0 : integerArgument(count) - row.length;
  if (missing > 0) {
    runtime.spend(missing);
    for (let at = 0; at < missing; at++) row.push(fill);
  }
  yield row;
}

function* columns(runtime: Runtime, value: Value, slices: Value, fill: Value): Generator<Value> {
  const items = toList(runtime, value);
  const count = integerArgument(slices);
  if (count === 0) throw new TemplateError('slice makes no 0 slices');
  const each = Math.floor(items.length / count);
  const withExtra = items.length - each * count;
  let begin = 0;
  for (let column = 0; column < count; column++) {
    runtime.spend(1);
    const end = begin + each + (column < withExtra ? 1 : 0);
    const cut = items.slice(begin, end);
    yield fill !== null && column >= withExtra ? [...cut, fill] : cut;
    begin = end;
  }
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };

function escapeHtml(runtime: Runtime, value: Value): Markup {
  if (value instanceof Markup) return value;
  return new Markup(runtime.text(toText(runtime, value).replace(/[&<>'"]/g, (character) => HTML[character] ?? '')));
}

function toFloatOr(value: Value, otherwise: Value): Value {
  if (value instanceof Undefined) value.fail();
  if (isNumber(value)) return toFloat(toNumber(value));
  const text = value instanceof Markup ? value.text : value;
  return orElse(typeof text === 'string' ? parseFloatText(text) : undefined, otherwise);
}

function toIntegerOr(value: Value, otherwise: Value, base: Value): Value {
  if (value instanceof Undefined) value.fail();
  if (value instanceof Markup) throw new UnsupportedError('the filter int on text marked as safe');
  if (isNumber(value)) {
    const number = toNumber(value);
    if (typeof number === 'bigint') return number;
    // Python catches the error for an infinite number in a second try alone, which fails in the same way.
    return Number.isFinite(number) ? truncate(number) : infinite();
  }
  if (typeof value !== 'string') return otherwise;
  // A base that is no integer is an error that Jinja2 catches.
  const radix = toInteger(base);
  const integer = radix === undefined ? undefined : parseInteger(value, Number(radix));
  if (integer !== undefined) return integer;
  const float = parseFloatText(value);
  return float === undefined || !Number.isFinite(float) ? otherwise : truncate(float);
}

function infinite(): never {
  throw new UnsupportedError('the filter int on an infinite number');
}

function groupBy(runtime: Runtime, value: Value, attribute: Value, otherwise: Value, caseSensitive: boolean): Value {
  const get = attributeGetter(runtime, attribute, otherwise);
  const keyOf = (item: Value): Value => (caseSensitive ? get(item) : ignoreCase(get(item)));
  const groups: { key: Value; items: Value[] }[] = [];
  for (const item of sortBy(runtime, toList(runtime, value), keyOf, false)) {
    const key = keyOf(item);
    const last = groups.at(-1);
    if (last && equals(runtime, last.key, key)) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return groups.map(({ items: group }) => new GroupTuple(get(group[0] as Value), group));
}

function indent(runtime: Runtime, value: Value, width: Value, first: boolean, blank: boolean): string {
  const unit = typeof width === 'string' ? width : ' '.repeat(boundedWidth(runtime, integerArgument(width)));
  const lines = splitLines(`${textArgument(value)}\n`, false);
  runtime.makeText(lines.length * unit.length + textArgument(value).length);
  const indented = lines.map((line, at) => (at === 0 || (line === '' && !blank) ? line : unit + line));
  return (first ? unit : '') + indented.join('\n');
}

function boundedWidth(runtime: Runtime, width: number): number {
  runtime.makeText(Math.max(0, width));
  return Math.max(0, width);
}

function* items(value: Value): Generator<Value> {
  if (value instanceof Undefined) return;
  if (!(value instanceof Dict)) throw new TemplateError(`items takes a dict and no ${typeName(value)}`);
  yield* value.items();
}

/** Python's `reversed(value)`. */
function reversed(value: Value): Iterator<Value> {
  if (value instanceof Undefined) return [].values();
  if (value instanceof Range) return backwards(value.length, (at) => value.at(at));
  const list =
    typeof value === 'string'
      ? Array.from(value)
      : Array.isArray(value)
        ? (value as Value[])
        : value instanceof Tuple
          ? value.items
          : value instanceof Dict
            ? [...value.keys()]
            : undefined;
  if (list) return backwards(list.length, (at) => list[at] as Value);
  if (typeName(value).startsWith('dict_')) return backwardsOf([...iterateAll(value)]);
  throw new TemplateError(`a ${typeName(value)} cannot be taken backwards`);
}

function* iterateAll(value: Value): Generator<Value> {
  const iterator = iterate(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value;
}

function backwardsOf(values: readonly Value[]): Iterator<Value> {
  return backwards(values.length, (at) => values[at] as Value);
}

function* backwards(length: number, at: (position: number) => Value): Generator<Value> {
  for (let position = length - 1; position >= 0; position--) yield at(position);
}

/** The first of the largest values for a sign of 1, of the smallest for -1. */
function extreme(runtime: Runtime, value: Value, caseSensitive: boolean, attribute: Value, sign: number): Value {
  const get = attributeGetter(runtime, attribute);
  const keyOf = (item: Value): Value => (caseSensitive ? get(item) : ignoreCase(get(item)));
  const [first, ...others] = toList(runtime, value);
  if (first === undefined) return new Undefined('a sequence without a largest and a smallest item');
  let best = { item: first, key: keyOf(first) };
  for (const item of others) {
    const key = keyOf(item);
    if (sign * order(runtime, key, best.key) > 0) best = { item, key };
  }
  return best.item;
}

function round(runtime: Runtime, value: Value, precision: Value, method: Value): Value {
  if (method !== 'common' && method !== 'ceil' && method !== 'floor') {
    throw new TemplateError('round takes the methods common, ceil and floor');
  }
  if (!isNumber(value)) {
    if (value instanceof Undefined) value.fail();
    throw new TemplateError(`round takes a number and no ${typeName(value)}`);
  }
  const number = toNumber(value);
  if (method === 'common') {
    if (precision === null) return typeof number === 'bigint' ? number : truncate(roundFloat(number, 0));
    const decimals = integerArgument(precision);
    return typeof number === 'bigint' ? roundInteger(number, BigInt(decimals)) : roundFloat(number, decimals);
  }
  const factor = calculate(runtime, '**', 10n, precision);
  const product = calculate(runtime, '*', number, factor);
  const whole =
    typeof product === 'number' ? BigInt(method === 'ceil' ? Math.ceil(product) : Math.floor(product)) : product;
  return calculate(runtime, '/', whole, factor);
}

function indentOf(indentation: Value): string | undefined {
  if (indentation === null) return undefined;
  if (typeof indentation === 'string') return indentation;
  const width = integerArgument(indentation);
  if (width > 1000) throw new UnsupportedError('an indent of more than 1000 spaces');
  return ' '.repeat(Math.max(0, width));
}

/** Python's `a, b = value`. */
function pairOf(runtime: Runtime, value: Value): readonly [Value, Value] {
  const [first, second, ...more] = toList(runtime, value);
  if (first === undefined || second === undefined || more.length > 0)
    throw new TemplateError('separators are two texts');
  return [first, second];
}

function truncateText(value: Value, length: Value, killWords: boolean, end: string, leeway: Value): Value {
  // A length that is no whole number is compared as it is, and is an error only where text is cut.
  const room = comparable(length);
  const slack = leeway === null ? 5 : comparable(leeway);
  if (!(room >= lengthOf(end)) || !(slack >= 0)) throw new TemplateError('truncate leaves no room for its end');
  // What is short enough stays what it is, a list as well.
  if ((lengthIfSized(value) ?? Infinity) <= room + slack) return value;
  const text = textArgument(value);
  const cut = slice(text, 0, integerArgument(length) - lengthOf(end));
  const space = cut.lastIndexOf(' ');
  return (killWords || space < 0 ? cut : cut.slice(0, space)) + end;
}

/** A number of any kind, as Python compares it. */
function comparable(value: Value): number {
  return isNumber(value) ? Number(toNumber(value)) : integerArgument(value);
}

function* unique(runtime: Runtime, value: Value, caseSensitive: boolean, attribute: Value): Generator<Value> {
  const get = attributeGetter(runtime, attribute);
  const seen = new Set<unknown>();
  const iterator = iterate(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    runtime.spend(1);
    const key = hashKey(caseSensitive ? get(next.value) : ignoreCase(get(next.value)));
    if (seen.has(key)) continue;
    seen.add(key);
    yield next.value;
  }
}

function* mapped(runtime: Runtime, value: Value, positional: readonly Value[], keywords: Keywords): Generator<Value> {
  if (!isTrue(value)) return;
  const change = mapperOf(runtime, positional, keywords);
  const iterator = iterate(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    runtime.spend(1);
    yield change(next.value);
  }
}

function mapperOf(runtime: Runtime, positional: readonly Value[], keywords: Keywords): (item: Value) => Value {
  const attribute = keywords.get('attribute');
  if (positional.length === 0 && attribute !== undefined) {
    const unknown = [...keywords.keys()].find((name) => name !== 'attribute' && name !== 'default');
    if (unknown !== undefined) throw new TemplateError(`map takes no argument ${unknown}`);
    return attributeGetter(runtime, attribute, keywords.get('default') ?? null);
  }
  const [name, ...others] = positional;
  if (name === undefined) throw new TemplateError('map takes a filter or an attribute');
  return (item) => runFilter(runtime, nameOf(name, 'filter'), item, others, keywords);
}

function nameOf(name: Value, kind: string): string {
  if (typeof name !== 'string') throw new TemplateError(`a ${typeName(name)} is no name of a ${kind}`);
  return name;
}

function* selected(
  runtime: Runtime,
  value: Value,
  positional: readonly Value[],
  keywords: Keywords,
  wanted: boolean,
  byAttribute: boolean,
): Generator<Value> {
  if (!isTrue(value)) return;
  const [attribute, ...rest] = byAttribute ? positional : [null, ...positional];
  if (attribute === undefined) throw new TemplateError('selectattr and rejectattr take an attribute');
  const get = attributeGetter(runtime, attribute);
  const [test, ...others] = rest;
  const iterator = iterate(value);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    runtime.spend(1);
    const item = get(next.value);
    const holds = test === undefined ? isTrue(item) : runTest(runtime, nameOf(test, 'test'), item, others, keywords);
    if (holds === wanted) yield next.value;
  }
}
