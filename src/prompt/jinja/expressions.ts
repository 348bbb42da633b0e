import { reader, type Activation, type ReadVariable } from './activation.js';
import { callValue, getAttribute, getItem, getSlice } from './attributes.js';
import { TemplateError, UnsupportedError } from './errors.js';
import { filterFault, runFilter } from './filters.js';
import { affirm, calculate, negate } from './arithmetic.js';
import { compare, isTrue, toList } from './operators.js';
import { toText } from './print.js';
import { isConstant, type Scope } from './scope.js';
import type { Arguments, CallNode, Expression, FilterNode, NameNode } from './syntax.js';
import { isTest, runTest } from './tests.js';
import { Dict, NO_KEYWORDS, Tuple, Undefined, type Keywords, type Value } from './values.js';

export type Evaluate = (activation: Activation) => Value;

/** Where in a template an expression stands. */
export interface Place {
  readonly scope: Scope;
  /** Within a branch, where Jinja2 looks for filters and tests only when they run. */
  readonly isBranch: boolean;
  /** Whether `break` and `continue` have a loop. */
  readonly inLoop: boolean;
}

/** The arguments of a call, evaluated. */
interface Evaluated {
  readonly positional: readonly Value[];
  readonly keywords: Keywords;
}

/** What Jinja2 leaves as it is written, unless it is part of another expression. */
const NEVER_FOLDED: ReadonlySet<Expression['kind']> = new Set(['constant', 'name', 'tuple', 'list', 'dict']);

function cannotBeKey(key: Expression): boolean {
  return key.kind === 'list' || key.kind === 'dict' || (key.kind === 'tuple' && key.items.some(cannotBeKey));
}

/** Compiles expressions to functions of JavaScript. */
export class ExpressionCompiler {
  /** Nodes compiled so far: what running them costs in steps. */
  protected weight = 0;
  /** How many operations the node at hand lies within that Jinja2 computes ahead where they are constant. */
  #folded = 0;

  protected expression(node: Expression, place: Place): Evaluate {
    this.weight++;
    if (NEVER_FOLDED.has(node.kind)) return this.#compiled(node, place);
    this.#folded++;
    try {
      return this.#compiled(node, place);
    } finally {
      this.#folded--;
    }
  }

  #compiled(node: Expression, place: Place): Evaluate {
    switch (node.kind) {
      case 'constant': {
        const { value } = node;
        return () => value;
      }
      case 'name':
        return this.#name(node, place);
      case 'tuple': {
        const items = this.#all(node.items, place);
        return (activation) => new Tuple(items(activation));
      }
      case 'list':
        return this.#all(node.items, place);
      case 'dict': {
        // Within an operation Jinja2 makes what is constant up to the first pair that is not while it compiles, and fails there.
        const variable = node.pairs.findIndex(({ key, value }) => !isConstant(key) || !isConstant(value));
        const constant = variable < 0 ? node.pairs : node.pairs.slice(0, variable);
        if (this.#folded > 0 && constant.some(({ key }) => cannotBeKey(key))) {
          throw new TemplateError('a list or a dict cannot be a key').at(node.line);
        }
        const keys = this.#all(
          node.pairs.flatMap(({ key, value }) => [key, value]),
          place,
        );
        return (activation) => {
          const values = keys(activation);
          const dict = new Dict();
          for (let at = 0; at < values.length; at += 2) dict.set(values[at] as Value, values[at + 1] as Value);
          return dict;
        };
      }
      case 'condition':
        return this.#condition(node, { ...place, isBranch: true });
      case 'and': {
        const [left, right] = [this.expression(node.left, place), this.expression(node.right, place)];
        return (activation) => {
          const value = left(activation);
          return isTrue(value) ? right(activation) : value;
        };
      }
      case 'or': {
        const [left, right] = [this.expression(node.left, place), this.expression(node.right, place)];
        return (activation) => {
          const value = left(activation);
          return isTrue(value) ? value : right(activation);
        };
      }
      case 'not': {
        const operand = this.expression(node.operand, place);
        return (activation) => !isTrue(operand(activation));
      }
      case 'compare':
        return this.#compare(node, place);
      case 'binary': {
        const [left, right] = [this.expression(node.left, place), this.expression(node.right, place)];
        const { operator } = node;
        return (activation) => calculate(activation.runtime, operator, left(activation), right(activation));
      }
      case 'unary': {
        const operand = this.expression(node.operand, place);
        const apply = node.operator === '-' ? negate : affirm;
        return (activation) => apply(operand(activation));
      }
      case 'concat': {
        const parts = this.#all(node.parts, place);
        return (activation) => {
          const { runtime } = activation;
          return runtime.text(parts(activation).reduce<string>((text, part) => text + toText(runtime, part), ''));
        };
      }
      case 'attribute': {
        const object = this.expression(node.object, place);
        const { name } = node;
        return (activation) => getAttribute(activation.runtime, object(activation), name);
      }
      case 'item':
        return this.#item(node, place);
      case 'call':
        return this.call(node, place);
      case 'filter':
        return this.filter(node, place);
      case 'test':
        return this.#test(node, place);
      case 'slice':
      case 'namespace target':
        throw new TemplateError(`a ${node.kind} has no place here`).at(node.line);
    }
  }

  /** @param caller the value of the argument `caller`, for call blocks */
  protected call({ callee, arguments: given, line }: CallNode, place: Place, caller?: Evaluate): Evaluate {
    const evaluate = this.expression(callee, place);
    const values = this.#arguments(given, place, line, caller);
    return (activation) => {
      const called = evaluate(activation);
      const { positional, keywords } = values(activation);
      return callValue(activation.runtime, called, positional, keywords);
    };
  }

  protected filter({ input, name, arguments: given, line }: FilterNode, place: Place): Evaluate {
    this.#check(filterFault(name), place, line);
    const value = input ? this.expression(input, place) : ({ captured }: Activation) => captured;
    const values = this.#arguments(given, place, line);
    return (activation) => {
      const filtered = value(activation);
      const { positional, keywords } = values(activation);
      return runFilter(activation.runtime, name, filtered, positional, keywords);
    };
  }

  /** Reads a variable; undefined where it is not set. */
  protected variable(name: string, place: Place): ReadVariable {
    const variable = place.scope.find(name);
    // Jinja2 fails here as well: the filters of a set block may only name what the template names elsewhere.
    if (!variable) throw new TemplateError(`the filter of a set block names ${name}, which its template does not know`);
    return reader(variable, place.scope.owner);
  }

  #name({ name, line }: NameNode, place: Place): Evaluate {
    if (name === 'self') throw new UnsupportedError('the variable self').at(line);
    const read = this.variable(name, place);
    const isOuter = place.scope.find(name)?.scope !== place.scope.owner;
    const isGiven = place.scope.isGiven(name);
    const hint =
      name === 'strftime_now'
        ? 'strftime_now is not given to templates, so that no score depends on the date'
        : `${name} is undefined`;
    return (activation) => {
      const value = read(activation);
      if (value !== undefined) return value;
      // Jinja2 prints its own mark for variables that are gone.
      if (isGiven && isOuter) throw new UnsupportedError('a macro that is called after the loop that it stands in');
      return new Undefined(hint);
    };
  }

  #all(nodes: readonly Expression[], place: Place): (activation: Activation) => Value[] {
    const items = nodes.map((node) => this.expression(node, place));
    return (activation) => items.map((item) => item(activation));
  }

  #condition(node: Extract<Expression, { kind: 'condition' }>, place: Place): Evaluate {
    const test = this.expression(node.test, place);
    const then = this.expression(node.then, place);
    const otherwise = node.otherwise
      ? this.expression(node.otherwise, place)
      : () => new Undefined('the condition does not hold, and there is no else');
    return (activation) => (isTrue(test(activation)) ? then(activation) : otherwise(activation));
  }

  #compare(node: Extract<Expression, { kind: 'compare' }>, place: Place): Evaluate {
    const first = this.expression(node.left, place);
    const operations = node.operations.map(({ operator, right }) => ({
      operator,
      right: this.expression(right, place),
    }));
    return (activation) => {
      let left = first(activation);
      for (const { operator, right } of operations) {
        const value = right(activation);
        if (!compare(activation.runtime, operator, left, value)) return false;
        left = value;
      }
      return true;
    };
  }

  #item(node: Extract<Expression, { kind: 'item' }>, place: Place): Evaluate {
    const object = this.expression(node.object, place);
    if (node.index.kind === 'slice') {
      const [start, stop, step] = [node.index.start, node.index.stop, node.index.step].map((bound) =>
        bound ? this.expression(bound, place) : undefined,
      );
      return (activation) =>
        getSlice(activation.runtime, object(activation), start?.(activation), stop?.(activation), step?.(activation));
    }
    const index = this.expression(node.index, place);
    return (activation) => getItem(activation.runtime, object(activation), index(activation));
  }

  #test(node: Extract<Expression, { kind: 'test' }>, place: Place): Evaluate {
    const { name, line } = node;
    this.#check(isTest(name) ? undefined : new TemplateError(`there is no test ${name}`), place, line);
    const input = this.expression(node.input, place);
    const values = this.#arguments(node.arguments, place, line);
    return (activation) => {
      const value = input(activation);
      const { positional, keywords } = values(activation);
      return runTest(activation.runtime, name, value, positional, keywords);
    };
  }

  /** What is missing is an error at once, except in a branch that may never run. */
  #check(fault: TemplateError | undefined, place: Place, line: number): void {
    if (!fault || place.isBranch) return;
    throw fault.at(line);
  }

  #arguments(given: Arguments, place: Place, line: number, caller?: Evaluate): (activation: Activation) => Evaluated {
    const positional = this.#all(given.positional, place);
    if (given.keywords.length === 0 && !given.rest && !given.keywordRest && !caller) {
      return (activation) => ({ positional: positional(activation), keywords: NO_KEYWORDS });
    }
    const named = given.keywords.map(({ name, value }) => ({ name, value: this.expression(value, place) }));
    if (caller) {
      if (named.some(({ name }) => name === 'caller'))
        throw new TemplateError('the argument caller is there twice').at(line);
      named.push({ name: 'caller', value: caller });
    }
    const rest = given.rest && this.expression(given.rest, place);
    const keywordRest = given.keywordRest && this.expression(given.keywordRest, place);
    return (activation) => {
      const values = positional(activation);
      const keywords = new Map(named.map(({ name, value }) => [name, value(activation)]));
      const all = rest ? [...values, ...toList(activation.runtime, rest(activation))] : values;
      if (keywordRest) addKeywords(keywords, keywordRest(activation));
      return { positional: all, keywords };
    };
  }
}

function addKeywords(keywords: Map<string, Value>, more: Value): void {
  if (!(more instanceof Dict)) throw new TemplateError('what follows ** is no dict');
  for (const [name, value] of more.entries()) {
    if (typeof name !== 'string') throw new TemplateError('an argument has a name that is no text');
    if (keywords.has(name)) throw new TemplateError(`the argument ${name} is given twice`);
    keywords.set(name, value);
  }
}
