import { TemplateError } from './errors.js';
import { printFloat } from './numbers.js';
import { order } from './operators.js';
import type { Runtime } from './runtime.js';
import { Dict, Markup, Tuple, typeName, type Value } from './values.js';

export interface JsonOptions {
  readonly ensureAscii: boolean;
  /** What a level is indented by; undefined for everything on one line. */
  readonly indent: string | undefined;
  readonly itemSeparator: string;
  readonly keySeparator: string;
  readonly sortKeys: boolean;
}

/** Python's `json.dumps`. */
export function dumpJson(runtime: Runtime, value: Value, options: JsonOptions): string {
  return new Writer(runtime, options).write(value, '\n');
}

class Writer {
  #length = 0;

  constructor(
    private readonly runtime: Runtime,
    private readonly options: JsonOptions,
  ) {}

  /** @param lineEnd that ends a line of the level that the value is on */
  write(value: Value, lineEnd: string): string {
    this.runtime.spend(1);
    if (value === null) return this.#count('null');
    switch (typeof value) {
      case 'string':
        return this.#count(this.#text(value));
      case 'boolean':
        return this.#count(String(value));
      case 'bigint':
        return this.#count(value.toString());
      case 'number':
        return this.#count(floatOf(value));
      default:
    }
    if (Array.isArray(value)) return this.#list(value as Value[], lineEnd);
    if (value instanceof Tuple) return this.#list(value.items, lineEnd);
    if (value instanceof Dict) return this.#dict(value, lineEnd);
    if (value instanceof Markup) return this.#count(this.#text(value.text));
    throw new TemplateError(`a ${typeName(value)} cannot be written as JSON`);
  }

  /** Bounds what is written in all, also while it is no whole text yet. */
  #count(part: string): string {
    this.#length += part.length;
    if (this.#length > 2 ** 20) this.runtime.makeText(this.#length);
    return part;
  }

  #list(items: readonly Value[], lineEnd: string): string {
    if (items.length === 0) return this.#count('[]');
    const inner = this.#inner(lineEnd);
    const parts = items.map((item) => this.write(item, inner));
    return this.#wrap('[', parts, ']', inner, lineEnd);
  }

  #dict(dict: Dict, lineEnd: string): string {
    if (dict.size === 0) return this.#count('{}');
    const inner = this.#inner(lineEnd);
    const entries = [...dict.entries()];
    if (this.options.sortKeys) entries.sort(([a], [b]) => order(this.runtime, a, b));
    const parts = entries.map(([key, value]) => {
      const name = this.#count(this.#text(keyOf(key)));
      return `${name}${this.options.keySeparator}${this.write(value, inner)}`;
    });
    return this.#wrap('{', parts, '}', inner, lineEnd);
  }

  #inner(lineEnd: string): string {
    return this.options.indent === undefined ? '' : lineEnd + this.options.indent;
  }

  #wrap(open: string, parts: readonly string[], close: string, inner: string, lineEnd: string): string {
    this.#count(inner.repeat(parts.length));
    const outer = this.options.indent === undefined ? '' : lineEnd;
    return `${open}${inner}${parts.join(this.options.itemSeparator + inner)}${outer}${close}`;
  }

  #text(text: string): string {
    const pattern = this.options.ensureAscii ? /["\\]|[^ -~]/g : /["\\\x00-\x1f]/g;
    return `"${text.replace(pattern, escapeUnit)}"`;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escapeUnit(unit: string): string {
  return ESCAPES[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function floatOf(value: number): string {
  if (Number.isFinite(value)) return printFloat(value);
  return value > 0 ? 'Infinity' : '-Infinity';
}

function keyOf(key: Value): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'bigint') return key.toString();
  if (typeof key === 'number') return floatOf(key);
  if (typeof key === 'boolean' || key === null) return String(key);
  throw new TemplateError(`a ${typeName(key)} cannot be a key in JSON`);
}
