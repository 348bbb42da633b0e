import { RaisedByTemplate, TemplateError, TemplateLimitError, UnsupportedError } from './errors.js';
import { iterate, toInteger, toList } from './operators.js';
import { toText } from './print.js';
import type { Runtime } from './runtime.js';
import { strftime, type CalendarDate } from './strftime.js';
import { builtIn, callBuiltIn, type BuiltIn } from './signature.js';
import {
  Callable,
  Dict,
  Namespace,
  orElse,
  Range,
  typeName,
  Undefined,
  type Keywords,
  type TemplateObject,
  type Value,
} from './values.js';

/** As Jinja's own sandbox, in which transformers renders (MAX_RANGE in jinja2/sandbox.py). */
const MAX_RANGE = 100_000;

function global(name: string, call: Callable['call'], attributes?: ReadonlyMap<string, Value>): [string, Callable] {
  return [name, new Callable(name, call, attributes)];
}

function named(name: string, definition: BuiltIn): [string, Callable] {
  return global(name, (runtime, positional, keywords) =>
    callBuiltIn(runtime, name, definition, null, positional, keywords),
  );
}

/** The functions that transformers gives to every template, less `strftime_now` (see chat-template.ts). */
export const GLOBALS: ReadonlyMap<string, Value> = new Map<string, Value>([
  named(
    'raise_exception',
    builtIn('message', (runtime, _, [message]) => {
      throw new RaisedByTemplate(toText(runtime, message as Value));
    }),
  ),
  named(
    'range',
    builtIn('first second? step?', (_, __, [first, second, step]) => makeRange(first as Value, second, step), true),
  ),
  global('dict', makeDict, new Map([['fromkeys', new Callable('fromkeys', dictFromKeys)]])),
  global('namespace', (runtime, positional, keywords) => {
    const attributes = new Map<string, Value>();
    for (const [name, value] of makeDict(runtime, positional, keywords).entries()) {
      if (typeof name !== 'string') throw new UnsupportedError('a namespace with names that are no texts');
      attributes.set(checkAttribute(name), value);
    }
    return new Namespace(attributes);
  }),
  named(
    'joiner',
    builtIn('sep?', (_, __, [separator]) => new Joiner(orElse(separator, ', ')).callable),
  ),
  global('cycler', (_, items, keywords) => {
    if (items.length === 0 || keywords.size > 0) throw new TemplateError('cycler takes items');
    return new Cycler(items);
  }),
  global('lipsum', () => {
    throw new UnsupportedError('lipsum, which makes text by chance,');
  }),
]);

/** `strftime_now` on a given day. */
export function strftimeOf(date: CalendarDate): Callable {
  const [, callable] = named(
    'strftime_now',
    builtIn('format', (runtime, _, [format]) => strftime(date, toText(runtime, format as Value))),
  );
  return callable;
}

/** @throws TemplateError for the names that transformers keeps out of namespaces */
export function checkAttribute(name: string): string {
  if (name.startsWith('_')) throw new TemplateError(`a namespace holds no name that begins with _, such as ${name}`);
  return name;
}

/** Python's `range`. */
function makeRange(first: Value, second: Value | undefined, third: Value | undefined): Range {
  const [start, stop, step] = [second === undefined ? 0n : first, orElse(second, first), orElse(third, 1n)].map(
    (value) => {
      const integer = toInteger(value);
      if (integer === undefined) throw new TemplateError(`range() takes integers and no ${typeName(value)}`);
      return integer;
    },
  ) as [bigint, bigint, bigint];
  if (step === 0n) throw new TemplateError('range() has the step 0');
  const range = new Range(start, stop, step);
  if (range.length > MAX_RANGE) throw new TemplateLimitError(`range() has more than ${MAX_RANGE} numbers`);
  return range;
}

function makeDict(runtime: Runtime, positional: readonly Value[], keywords: Keywords): Dict {
  const [source, ...others] = positional;
  if (others.length > 0) throw new TemplateError('dict takes one value and named ones');
  if (source instanceof Undefined) source.fail();
  const dict = new Dict(
    source === undefined ? [] : source instanceof Dict ? source.entries() : pairsOf(runtime, source),
  );
  for (const [name, value] of keywords) dict.set(name, value);
  return dict;
}

function* pairsOf(runtime: Runtime, source: Value): Generator<readonly [Value, Value]> {
  for (const pair of toList(runtime, source)) {
    const [key, value, ...others] = toList(runtime, pair);
    if (key === undefined || value === undefined || others.length > 0) throw new TemplateError('dict takes pairs');
    yield [key, value];
  }
}

function dictFromKeys(_: Runtime, positional: readonly Value[], keywords: Keywords): Dict {
  const [keys, value = null, ...others] = positional;
  if (keys === undefined || others.length > 0 || keywords.size > 0)
    throw new TemplateError('fromkeys takes keys and a value');
  const dict = new Dict();
  const iterator = iterate(keys);
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) dict.set(next.value, value);
  return dict;
}

/** What `joiner` makes: nothing at the first call, the separator at all others. */
class Joiner {
  #isUsed = false;
  readonly callable: Callable;

  constructor(separator: Value) {
    this.callable = new Callable(
      'joiner',
      () => {
        const result = this.#isUsed ? separator : '';
        this.#isUsed = true;
        return result;
      },
      new Map([['sep', separator]]),
    );
  }
}

/** What `cycler` makes: its items in turn, again and again. */
class Cycler implements TemplateObject {
  readonly typeName = 'cycler';
  readonly callable = undefined;
  #position = 0;

  constructor(private readonly items: readonly Value[]) {}

  attribute(name: string): Value | undefined {
    switch (name) {
      case 'current':
        return this.items[this.#position];
      case 'next':
        return new Callable('next', () => {
          const item = this.items[this.#position] as Value;
          this.#position = (this.#position + 1) % this.items.length;
          return item;
        });
      case 'reset':
        return new Callable('reset', () => {
          this.#position = 0;
          return null;
        });
      default:
        return undefined;
    }
  }

  print(): undefined {
    return undefined;
  }
}
