import { TemplateError } from './errors.js';
import type { Runtime } from './runtime.js';

/**
 * A value of a template: a Python `str` is a string, an `int` a bigint, a `float` a number, a `list` an array, None null. The
 * other types are classes of their own. No list and no dictionary is ever changed, as the sandbox of Jinja2 forbids it.
 */
export type Value =
  | string
  | bigint
  | number
  | boolean
  | null
  | readonly Value[]
  | Tuple
  | Dict
  | Undefined
  | Range
  | DictView
  | Iteration
  | Namespace
  | Callable
  | Markup
  | TemplateObject;

export class Tuple {
  constructor(readonly items: readonly Value[]) {}
}

/** A group of the filter `groupby`: a tuple whose items have names as well. */
export class GroupTuple extends Tuple {
  constructor(
    readonly grouper: Value,
    readonly list: readonly Value[],
  ) {
    super([grouper, list]);
  }
}

/** What a name, an attribute or an item that is not there gives. Most uses of it fail, with the hint. */
export class Undefined {
  constructor(readonly hint: string) {}

  fail(): never {
    throw new TemplateError(this.hint);
  }
}

export class Range {
  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint,
  ) {}

  get length(): number {
    const span = this.step > 0n ? this.stop - this.start : this.start - this.stop;
    const step = this.step > 0n ? this.step : -this.step;
    return span <= 0n ? 0 : Number((span + step - 1n) / step);
  }

  at(position: number): bigint {
    return this.start + BigInt(position) * this.step;
  }

  *values(): Generator<bigint> {
    const { length } = this;
    for (let position = 0; position < length; position++) yield this.at(position);
  }
}

/** `dict.keys()`, `dict.values()` or `dict.items()`. */
export class DictView {
  constructor(
    readonly kind: 'keys' | 'values' | 'items',
    readonly dict: Dict,
  ) {}

  values(): Iterable<Value> {
    if (this.kind === 'keys') return this.dict.keys();
    return this.kind === 'values' ? this.dict.values() : this.dict.items();
  }
}

/** A generator or an iterator of Python: its values come once, as they are asked for. */
export class Iteration {
  constructor(
    readonly values: Iterator<Value>,
    readonly name = 'generator',
  ) {}
}

export class Namespace {
  constructor(readonly attributes: Map<string, Value>) {}
}

/** Text that the filters `safe` and `escape` marked as HTML; what Python does with it beside printing differs from text. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Keywords = ReadonlyMap<string, Value>;
export const NO_KEYWORDS: Keywords = new Map();

/** A function, a method or a class. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (runtime: Runtime, positional: readonly Value[], keywords: Keywords) => Value,
    /** Attributes that templates may read. */
    readonly attributes: ReadonlyMap<string, Value> = NO_KEYWORDS,
    /** How it prints; most print their address in memory, which no template can mean. */
    readonly printed?: string,
  ) {}
}

/** An object with attributes of its own: `loop`, a cycler. */
export interface TemplateObject {
  readonly typeName: string;
  attribute(name: string): Value | undefined;
  print(): string | undefined;
  readonly callable: Callable | undefined;
}

/** A dictionary in the order of insertion, whose keys are equal as in Python: 1, 1.0 and True are one key. */
export class Dict {
  readonly #entries = new Map<unknown, readonly [key: Value, value: Value]>();

  constructor(entries: Iterable<readonly [Value, Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashKey(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(hashKey(key));
  }

  /** For the code that makes the dictionary. An equal key that is there stays, with the new value. */
  set(key: Value, value: Value): void {
    const hash = hashKey(key);
    const old = this.#entries.get(hash);
    this.#entries.set(hash, [old ? old[0] : key, value]);
  }

  *keys(): Generator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }

  *values(): Generator<Value> {
    for (const [, value] of this.#entries.values()) yield value;
  }

  *items(): Generator<Tuple> {
    for (const [key, value] of this.#entries.values()) yield new Tuple([key, value]);
  }

  entries(): Iterable<readonly [key: Value, value: Value]> {
    return this.#entries.values();
  }
}

/** The value, or another one where there is none; None is a value. */
export function orElse(value: Value | undefined, otherwise: Value): Value {
  return value === undefined ? otherwise : value;
}

/** Two values have the same key exactly if Python takes them for one key. Begins with NUL where it is no text's own. */
export function hashKey(value: Value): unknown {
  if (typeof value === 'string') return value.startsWith('\0') ? `\0text${value}` : value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (value instanceof Undefined) return '\0undefined';
  if (value instanceof Tuple) return `\0tuple${value.items.map(partOfKey).join('')}`;
  if (value instanceof Markup) return hashKey(value.text);
  if (Array.isArray(value) || value instanceof Dict || value instanceof DictView) {
    throw new TemplateError(`a ${typeName(value)} cannot be a key`);
  }
  return value;
}

function partOfKey(value: Value): string {
  const key = hashKey(value);
  if (typeof key === 'object' && key !== null) throw new TemplateError('a tuple with objects cannot be a key here');
  const text = `${typeof key}${String(key)}`;
  return `${text.length}:${text}`;
}

/** As Python calls the type. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'boolean':
      return 'bool';
    default:
  }
  if (Array.isArray(value)) return 'list';
  if (value instanceof Tuple) return 'tuple';
  if (value instanceof Dict) return 'dict';
  if (value instanceof DictView) return `dict_${value.kind}`;
  if (value instanceof Iteration) return value.name;
  if (value instanceof Undefined) return 'undefined value';
  if (value instanceof Range) return 'range';
  if (value instanceof Namespace) return 'namespace';
  if (value instanceof Markup) return 'text marked as safe';
  if (value instanceof Callable) return 'function';
  return (value as TemplateObject).typeName;
}

/** A value of JavaScript, made of what JSON has, as a value of a template. Whole numbers are of type int. */
export function fromJson(value: unknown): Value {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isInteger(value) ? BigInt(value) : value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return value.map(fromJson);
      return new Dict(Object.entries(value).map(([key, item]) => [key, fromJson(item)] as const));
    default:
      throw new TypeError(`a template cannot take a ${typeof value}`);
  }
}
