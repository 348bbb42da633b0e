import { TemplateError, UnsupportedError } from './errors.js';
import { toInteger } from './operators.js';
import type { Runtime } from './runtime.js';
import { Markup, typeName, Undefined, type Keywords, type Value } from './values.js';

/** The arguments by parameter; undefined for those that were left out. */
export type Bound = readonly (Value | undefined)[];

/** A function of Python with its parameters: each by name, with `?` where it may be left out. */
export interface BuiltIn {
  readonly parameters: readonly string[];
  readonly required: number;
  /** Functions that C implements take no names. */
  readonly positionalOnly: boolean;
  readonly run: (runtime: Runtime, self: Value, bound: Bound) => Value;
}

export function builtIn(parameters: string, run: BuiltIn['run'], positionalOnly = false): BuiltIn {
  const names = parameters === '' ? [] : parameters.split(' ');
  return {
    parameters: names.map((name) => name.replace('?', '')),
    required: names.filter((name) => !name.endsWith('?')).length,
    positionalOnly,
    run,
  };
}

/** Calls a built-in function as Python binds its arguments. */
export function callBuiltIn(
  runtime: Runtime,
  name: string,
  { parameters, required, positionalOnly, run }: BuiltIn,
  self: Value,
  positional: readonly Value[],
  keywords: Keywords,
): Value {
  if (positional.length > parameters.length) throw new TemplateError(`${name} takes fewer arguments`);
  let bound: (Value | undefined)[] | readonly Value[] = positional;
  if (keywords.size > 0) {
    const all: (Value | undefined)[] = [...positional];
    for (const [keyword, value] of keywords) {
      const index = positionalOnly ? -1 : parameters.indexOf(keyword);
      if (index < 0) throw new TemplateError(`${name} takes no argument ${keyword}`);
      if (all[index] !== undefined) throw new TemplateError(`${name} is given the argument ${keyword} twice`);
      all[index] = value;
    }
    bound = all;
  }
  for (let index = positional.length; index < required; index++) {
    if (bound[index] === undefined) throw new TemplateError(`${name} lacks the argument ${parameters[index] ?? ''}`);
  }
  return run(runtime, self, bound);
}

/** An argument that has to be a text. */
export function textArgument(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) throw new UnsupportedError('text marked as safe as an argument');
  if (value instanceof Undefined) value.fail();
  throw new TemplateError(`a text is needed where a ${typeName(value ?? null)} is given`);
}

/** An argument that has to be an integer, as a number of JavaScript; the default where it is left out. */
export function integerArgument(value: Value | undefined, otherwise?: number): number {
  if (value === undefined && otherwise !== undefined) return otherwise;
  const integer = value === undefined ? undefined : toInteger(value);
  if (integer === undefined) {
    if (value instanceof Undefined) value.fail();
    throw new TemplateError(`an integer is needed where a ${typeName(value ?? null)} is given`);
  }
  return Number(integer);
}
