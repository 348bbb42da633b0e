import { TemplateError, UnsupportedError } from './errors.js';
import { formatValue } from './format.js';
import { toRepr, toText } from './print.js';
import { toAscii } from './python-text.js';
import type { Runtime } from './runtime.js';
import type { Value } from './values.js';

/** What the fields of a format look up. */
export interface FormatFields {
  readonly positional: readonly Value[];
  named(name: string): Value | undefined;
  attribute(object: Value, name: string): Value;
  item(object: Value, index: Value): Value;
}

/** Python's `template.format(...)`, as the sandbox of Jinja2 runs it. */
export function strFormat(runtime: Runtime, template: string, fields: FormatFields): string {
  return new Formatter(runtime, fields).format(template, 2);
}

class Formatter {
  /** The number of the next `{}`; none once a field was numbered. */
  #next: number | undefined = 0;

  constructor(
    private readonly runtime: Runtime,
    private readonly fields: FormatFields,
  ) {}

  format(template: string, depth: number): string {
    if (depth < 0) throw new TemplateError('a format nests too deeply');
    let text = '';
    for (let at = 0; at < template.length;) {
      const found = /[{}]/g;
      found.lastIndex = at;
      const brace = found.exec(template);
      text += template.slice(at, brace?.index ?? template.length);
      if (!brace) break;
      at = brace.index + 1;
      if (template[at] === brace[0]) {
        text += brace[0];
        at++;
        continue;
      }
      if (brace[0] === '}') throw new TemplateError('a format has a } without its {');
      const end = endOfField(template, at);
      text += this.#field(template.slice(at, end), depth);
      this.runtime.makeText(text.length);
      at = end + 1;
    }
    return this.runtime.text(text);
  }

  #field(field: string, depth: number): string {
    const found = /^((?:[^[\]!:{}]|\[[^\]]*\])*)(?:!([^]))?(?::([^]*))?$/.exec(field);
    if (!found) throw new TemplateError(`{${field}} is no field of a format`);
    const [, name = '', conversion, specification = ''] = found;
    const value = this.#lookUp(name);
    const layout = this.format(specification, depth - 1);
    switch (conversion) {
      case undefined:
        return formatValue(this.runtime, value, layout);
      case 's':
        return formatValue(this.runtime, toText(this.runtime, value), layout);
      case 'r':
        return formatValue(this.runtime, toRepr(this.runtime, value), layout);
      case 'a':
        return formatValue(this.runtime, toAscii(toRepr(this.runtime, value)), layout);
      default:
        throw new TemplateError(`!${conversion} is no conversion`);
    }
  }

  #lookUp(name: string): Value {
    const [, first = '', rest = ''] = /^([^.[]*)([^]*)$/.exec(name) ?? [];
    let value = this.#first(first, rest);
    for (const [all, attribute, index] of rest.matchAll(/\.([^.[]+)|\[([^\]]+)\]|[^]/g)) {
      if (attribute !== undefined) value = this.fields.attribute(value, attribute);
      else if (index !== undefined) value = this.fields.item(value, /^\d+$/.test(index) ? BigInt(index) : index);
      else throw new TemplateError(`${all} has no place in a field of a format`);
    }
    return value;
  }

  #first(name: string, rest: string): Value {
    if (name === '' && rest !== '') throw new UnsupportedError(`{${rest}} in a format`);
    if (/^\d*$/.test(name)) {
      if (name === '' && this.#next === undefined)
        throw new TemplateError('a format has fields with and without numbers');
      if (name !== '' && this.#next !== undefined && this.#next > 0) {
        throw new TemplateError('a format has fields with and without numbers');
      }
      const index = name === '' ? (this.#next ?? 0) : Number(name);
      this.#next = name === '' ? index + 1 : undefined;
      const value = this.fields.positional[index];
      if (value === undefined) throw new TemplateError('a format has more places than values');
      return value;
    }
    const value = this.fields.named(name);
    if (value === undefined) throw new TemplateError(`the format asks for ${name}, which is not there`);
    return value;
  }
}

function endOfField(template: string, begin: number): number {
  let open = 1;
  for (let at = begin; at < template.length; at++) {
    if (template[at] === '{') open++;
    else if (template[at] === '}' && --open === 0) return at;
  }
  throw new TemplateError('a format has a { without its }');
}
