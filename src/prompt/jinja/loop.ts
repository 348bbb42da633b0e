import { TemplateError } from './errors.js';
import { equals, lengthIfSized } from './operators.js';
import type { Runtime } from './runtime.js';
import { Callable, Iteration, Tuple, Undefined, type TemplateObject, type Value } from './values.js';

/** Renders the body of a recursive loop over other values. */
export type Recurse = (values: Value, depth: number) => string;

/** The variable `loop`. It asks for the next item only when the loop or the template needs to know it, as Jinja2 does. */
export class Loop implements TemplateObject {
  readonly typeName = 'loop';
  #index = -1;
  #length: number | undefined;
  #iterator: Iterator<Value>;
  #ahead: IteratorResult<Value, unknown> | undefined;
  #current: Value | undefined;
  #before: Value | undefined;
  #changed: readonly Value[] | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly values: Value,
    iterator: Iterator<Value>,
    private readonly depth: number,
    private readonly recurse: Recurse | undefined,
  ) {
    this.#iterator = iterator;
  }

  /** Goes to the next item. */
  next(): IteratorResult<Value, unknown> {
    const next = this.#ahead ?? this.#iterator.next();
    this.#ahead = undefined;
    if (next.done === true) return next;
    this.#index++;
    this.#before = this.#current;
    this.#current = next.value;
    return next;
  }

  attribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return BigInt(this.#index + 1);
      case 'index0':
        return BigInt(this.#index);
      case 'revindex':
        return BigInt(this.#total() - this.#index);
      case 'revindex0':
        return BigInt(this.#total() - this.#index - 1);
      case 'first':
        return this.#index === 0;
      case 'last':
        return this.#peek().done === true;
      case 'length':
        return BigInt(this.#total());
      case 'depth':
        return BigInt(this.depth + 1);
      case 'depth0':
        return BigInt(this.depth);
      case 'previtem':
        return this.#index === 0 ? new Undefined('there is no previous item') : this.#before;
      case 'nextitem': {
        const next = this.#peek();
        return next.done === true ? new Undefined('there is no next item') : next.value;
      }
      case 'cycle':
        return new Callable('cycle', (_, items) => {
          if (items.length === 0) throw new TemplateError('cycle takes items');
          return items[this.#index % items.length] as Value;
        });
      case 'changed':
        return new Callable('changed', (runtime, items) => this.#hasChanged(runtime, items));
      default:
        return undefined;
    }
  }

  print(): string {
    return `<LoopContext ${this.#index + 1}/${this.#total()}>`;
  }

  get callable(): Callable {
    return new Callable('loop', (_, positional) => {
      const [values] = positional;
      if (!this.recurse) throw new TemplateError('loop is called in a loop that is not recursive');
      if (values === undefined || positional.length > 1)
        throw new TemplateError('loop takes the values of the inner loop');
      return this.recurse(values, this.depth + 1);
    });
  }

  #peek(): IteratorResult<Value, unknown> {
    this.#ahead ??= this.#iterator.next();
    return this.#ahead;
  }

  #total(): number {
    this.#length ??= this.values instanceof Iteration ? this.#count() : lengthIfSized(this.values);
    return this.#length ?? 0;
  }

  /** Takes all that is left, to know how many there are. */
  #count(): number {
    const left: Value[] = [];
    for (let next = this.#iterator.next(); next.done !== true; next = this.#iterator.next()) {
      this.runtime.spend(1);
      left.push(next.value);
    }
    this.#iterator = left.values();
    return left.length + this.#index + 1 + (this.#ahead && this.#ahead.done !== true ? 1 : 0);
  }

  #hasChanged(runtime: Runtime, items: readonly Value[]): boolean {
    const old = this.#changed;
    if (old && equals(runtime, new Tuple(old), new Tuple(items))) return false;
    this.#changed = items;
    return true;
  }
}
