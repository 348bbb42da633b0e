import type { FunctionScope, Variable } from './scope.js';
import type { Runtime } from './runtime.js';
import type { Value } from './values.js';

/** A run of the template, of a macro, or of the body of a recursive loop. */
export class Activation {
  /** The variables, by their slots. Undefined for those that are not set. */
  readonly slots: (Value | undefined)[] = [];
  /** What was written so far. */
  out = '';
  /** The text of the block whose filter runs. */
  captured = '';

  constructor(
    readonly runtime: Runtime,
    /** The variables that the caller gives, and the functions of Jinja2. */
    readonly context: ReadonlyMap<string, Value>,
    readonly parent: Activation | undefined,
  ) {}

  write(text: string): void {
    this.out = this.runtime.append(this.out, text);
  }
}

export type ReadVariable = (activation: Activation) => Value | undefined;

/** Reads a variable from within a function. */
export function reader(variable: Variable, from: FunctionScope): ReadVariable {
  const { slot } = variable;
  let hops = 0;
  for (let scope: FunctionScope | undefined = from; scope !== variable.scope; scope = scope?.parent) hops++;
  switch (hops) {
    case 0:
      return ({ slots }) => slots[slot];
    case 1:
      return ({ parent }) => parent?.slots[slot];
    default:
      return (activation) => {
        let owner: Activation | undefined = activation;
        for (let hop = 0; hop < hops; hop++) owner = owner?.parent;
        return owner?.slots[slot];
      };
  }
}
