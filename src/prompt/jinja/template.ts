import { Activation, reader, type ReadVariable } from './activation.js';
import { RaisedByTemplate, TemplateError } from './errors.js';
import { ExpressionCompiler, type Evaluate, type Place } from './expressions.js';
import { isFilter } from './filters.js';
import { checkAttribute, GLOBALS, strftimeOf } from './globals.js';
import { Loop } from './loop.js';
import { isTrue, iterate, toList } from './operators.js';
import { parseTemplate } from './parser.js';
import { toText } from './print.js';
import { Runtime } from './runtime.js';
import { FunctionScope, scan, scanExpression, scanTarget, Scope, sets, undeclared } from './scope.js';
import type { CalendarDate } from './strftime.js';
import type { Body, Expression, ForNode, IfNode, MacroParts, NamespaceTarget, Statement, Target } from './syntax.js';
import {
  Callable,
  Dict,
  fromJson,
  Iteration,
  Markup,
  Namespace,
  NO_KEYWORDS,
  Tuple,
  typeName,
  Undefined,
  type Keywords,
  type Value,
} from './values.js';

/** A round of a loop, whatever its body does. */
const STEPS_PER_ROUND = 4;

/** How a statement ended. */
type Outcome = 'done' | 'break' | 'continue';
type Execute = (activation: Activation) => Outcome;
type Assign = (activation: Activation, value: Value) => void;

/**
 * A template of Python's Jinja2, in the environment in which transformers renders chat templates: sandboxed, `trim_blocks`,
 * `lstrip_blocks`, `break` and `continue`, `{% generation %}`, `raise_exception`, and its own `tojson`.
 *
 * It renders what Jinja2 renders. What it does not know, it refuses by name (UnsupportedError).
 */
export class JinjaTemplate {
  readonly #execute: Execute;

  /** @throws TemplateError for what is no template, with the line; RangeError for one that nests beyond the stack */
  constructor(source: string) {
    this.#execute = new Compiler().template(parseTemplate(source));
  }

  /**
   * @param variables made of what JSON has
   * @param date what `strftime_now` gives to the template; without one it is not there
   * @param size of the conversation, in characters: the bounds of steps and of texts grow with it
   * @throws TemplateLimitError; TemplateError, with the line unless the template itself raises it; RangeError
   */
  render(variables: Readonly<Record<string, unknown>>, size: number, date?: CalendarDate): string {
    const runtime = new Runtime(size, isFilter);
    const context = new Map(GLOBALS);
    if (date !== undefined) context.set('strftime_now', strftimeOf(date));
    for (const [name, value] of Object.entries(variables)) context.set(name, fromJson(value));
    const activation = new Activation(runtime, context, undefined);
    try {
      this.#execute(activation);
    } catch (error) {
      if (!(error instanceof TemplateError) || error instanceof RaisedByTemplate) throw error;
      throw error.at(runtime.line);
    }
    return activation.out;
  }
}

class Compiler extends ExpressionCompiler {
  template(body: Body): Execute {
    const scope = new Scope(new FunctionScope(undefined));
    scan(scope, body);
    const enter = enterScope(scope);
    const run = this.#body(body, { scope, isBranch: false, inLoop: false });
    return (activation) => {
      enter(activation);
      return run(activation);
    };
  }

  /** Statements. They cost a step for each node in them, less those of bodies of their own. */
  #body(body: Body, place: Place): Execute {
    const outer = this.weight;
    this.weight = 0;
    const statements = body.map((statement) => this.#statement(statement, place));
    const steps = this.weight + statements.length;
    this.weight = outer;
    return (activation) => {
      activation.runtime.spend(steps);
      for (const execute of statements) {
        const outcome = execute(activation);
        if (outcome !== 'done') return outcome;
      }
      return 'done';
    };
  }

  #statement(statement: Statement, place: Place): Execute {
    switch (statement.kind) {
      case 'text': {
        const { text } = statement;
        return (activation) => {
          activation.write(text);
          return 'done';
        };
      }
      case 'print':
        return this.#print(statement.values, place, statement.line);
      case 'if':
        return this.#if(statement, { ...place, isBranch: true });
      case 'for':
        return this.#for(statement, place);
      case 'macro': {
        const assign = this.#assign({ kind: 'name', name: statement.name, line: statement.line }, place);
        const macro = this.#macro(statement, place, statement.name);
        return (activation) => {
          assign(activation, macro(activation));
          return 'done';
        };
      }
      case 'call block': {
        const call = this.call(statement.call, place, this.#macro(statement, place, undefined));
        return this.#writeText(call, statement.line);
      }
      case 'generation': {
        const macro = this.#macro(statement, place, undefined);
        return this.#writeText(
          (activation) => macro(activation).call(activation.runtime, [], NO_KEYWORDS),
          statement.line,
        );
      }
      case 'filter block': {
        const inner = this.#inner(place);
        scan(inner.scope, statement.body);
        scanExpression(inner.scope, statement.filter);
        const capture = this.#capture(statement.body, inner);
        const write = this.#writeText(this.filter(statement.filter, inner), statement.line);
        return (activation) => capture(activation, write);
      }
      case 'with':
        return this.#with(statement, place);
      case 'set': {
        const value = this.expression(statement.value, place);
        const assign = this.#assign(statement.target, place);
        const { line } = statement;
        return (activation) => {
          activation.runtime.line = line;
          assign(activation, value(activation));
          return 'done';
        };
      }
      case 'set block': {
        const inner = this.#inner(place);
        scan(inner.scope, statement.body);
        const capture = this.#capture(statement.body, inner);
        const value: Evaluate = statement.filter ? this.filter(statement.filter, inner) : ({ captured }) => captured;
        const assign = this.#assign(statement.target, place);
        return (activation) =>
          capture(activation, () => {
            assign(activation, value(activation));
            return 'done';
          });
      }
      case 'break':
      case 'continue': {
        const { kind } = statement;
        if (!place.inLoop) throw new TemplateError(`${kind} stands outside of a loop`).at(statement.line);
        return () => kind;
      }
    }
  }

  #print(values: readonly Expression[], place: Place, line: number): Execute {
    const all = values.map((value) => this.expression(value, place));
    return (activation) => {
      activation.runtime.line = line;
      for (const value of all) activation.write(toText(activation.runtime, value(activation)));
      return 'done';
    };
  }

  /** Writes what has to be a text: Jinja2 does not make one of what a call block or a filter block gives. */
  #writeText(evaluate: Evaluate, line: number): Execute {
    return (activation) => {
      activation.runtime.line = line;
      const value = evaluate(activation);
      if (typeof value !== 'string' && !(value instanceof Markup)) {
        throw new TemplateError(`a block gives a ${typeName(value)} and no text`);
      }
      activation.write(toText(activation.runtime, value));
      return 'done';
    };
  }

  #if({ test, body, alternatives, otherwise, line }: IfNode, place: Place): Execute {
    const branches = [{ test, body, line }, ...alternatives].map((branch) => ({
      test: this.expression(branch.test, place),
      body: this.#body(branch.body, place),
      line: branch.line,
    }));
    const last = this.#body(otherwise, place);
    return (activation) => {
      for (const branch of branches) {
        activation.runtime.line = branch.line;
        if (isTrue(branch.test(activation))) return branch.body(activation);
      }
      return last(activation);
    };
  }

  /** A scope of its own within the same function of Python. */
  #inner({ scope, inLoop }: Place, owner = scope.owner): Place {
    return { scope: new Scope(owner, scope), isBranch: false, inLoop };
  }

  /** Runs a body with its output held back, and then, with the output as the captured text, what is done with it. */
  #capture(body: Body, place: Place): (activation: Activation, use: Execute) => Outcome {
    const run = this.#scoped(body, place);
    const leave = leaveScope(place.scope);
    return (activation, use) => {
      const { out } = activation;
      activation.out = '';
      const outcome = run(activation);
      activation.captured = activation.out;
      activation.out = out;
      if (outcome !== 'done') return outcome;
      const used = use(activation);
      leave(activation);
      return used;
    };
  }

  /** A body whose scope is entered first. */
  #scoped(body: Body, place: Place): Execute {
    const enter = enterScope(place.scope);
    const run = this.#body(body, place);
    return (activation) => {
      enter(activation);
      return run(activation);
    };
  }

  #with({ targets, values, body, line }: Extract<Statement, { kind: 'with' }>, place: Place): Execute {
    const inner = this.#inner(place);
    for (const target of targets) scanTarget(inner.scope, target, 'declare');
    scan(inner.scope, body);
    const assignments = targets.map((target, at) => ({
      assign: this.#assign(target, inner),
      value: this.expression(values[at] as Expression, place),
    }));
    const enter = enterScope(inner.scope);
    const run = this.#body(body, inner);
    const leave = leaveScope(inner.scope);
    return (activation) => {
      activation.runtime.line = line;
      enter(activation);
      for (const { assign, value } of assignments) assign(activation, value(activation));
      const outcome = run(activation);
      leave(activation);
      return outcome;
    };
  }

  // Assignments

  #assign(target: Target | Expression, place: Place): Assign {
    this.weight++;
    if (target.kind === 'namespace target') return this.#assignAttribute(target, place);
    if (target.kind === 'tuple') {
      const targets = target.items.map((item) => this.#assign(item, place));
      return (activation, value) => {
        const values = toList(activation.runtime, value);
        if (values.length !== targets.length)
          throw new TemplateError(`${values.length} values are assigned to ${targets.length} names`);
        for (const [at, assign] of targets.entries()) assign(activation, values[at] as Value);
      };
    }
    const variable = target.kind === 'name' ? place.scope.find(target.name) : undefined;
    if (!variable) throw new TemplateError(`a ${target.kind} cannot be assigned to`).at(target.line);
    const { slot } = variable;
    return ({ slots }, value) => {
      slots[slot] = value;
    };
  }

  #assignAttribute({ name, attribute }: NamespaceTarget, place: Place): Assign {
    const read = this.variable(name, place);
    return (activation, value) => {
      const object = read(activation);
      if (!(object instanceof Namespace))
        throw new TemplateError(`${name} is no namespace, so ${name}.${attribute} cannot be set`);
      object.attributes.set(checkAttribute(attribute), value);
    };
  }

  // Loops

  #for(node: ForNode, place: Place): Execute {
    if (sets([node], 'loop')) throw new TemplateError('loop cannot be assigned to within a loop').at(node.line);
    const owner = node.recursive ? new FunctionScope(place.scope.owner) : place.scope.owner;
    const body = { ...this.#inner(place, owner), inLoop: true };
    const hasLoop = node.recursive || undeclared(node.body, ['loop']).has('loop');
    const loopSlot = hasLoop ? body.scope.declare('loop').slot : undefined;
    scanTarget(body.scope, node.target, 'declare');
    scan(body.scope, node.body);
    const otherwise = { ...this.#inner(place, owner), inLoop: place.inLoop && !node.recursive };
    scan(otherwise.scope, node.otherwise);

    const before = this.weight;
    const assign = this.#assign(node.target, body);
    const run = this.#rounds(node, place, {
      loopSlot,
      steps: STEPS_PER_ROUND + this.weight - before,
      assign,
      body: this.#scoped(node.body, body),
      leave: leaveScope(body.scope),
      otherwise: node.otherwise.length > 0 ? this.#scoped(node.otherwise, otherwise) : undefined,
    });
    const values = this.expression(node.iterable, place);
    const { line } = node;
    if (!node.recursive) {
      return (activation) => {
        activation.runtime.line = line;
        return run(activation, activation, values(activation), 0, undefined);
      };
    }
    return (activation) => {
      activation.runtime.line = line;
      const { runtime, context } = activation;
      const recurse = (inner: Value, depth: number): string =>
        runtime.call(() => {
          const own = new Activation(runtime, context, activation);
          run(own, activation, inner, depth, recurse);
          return own.out;
        });
      activation.write(recurse(values(activation), 0));
      return 'done';
    };
  }

  #rounds(
    node: ForNode,
    place: Place,
    parts: {
      readonly loopSlot: number | undefined;
      /** What a round costs, less its body. */
      readonly steps: number;
      readonly assign: Assign;
      readonly body: Execute;
      readonly leave: (activation: Activation) => void;
      readonly otherwise: Execute | undefined;
    },
  ) {
    const filter = node.test ? this.#loopFilter(node.target, node.test, place) : undefined;
    const { loopSlot, steps, assign, body, leave, otherwise } = parts;
    return (
      activation: Activation,
      definer: Activation,
      values: Value,
      depth: number,
      recurse: ((values: Value, depth: number) => string) | undefined,
    ): Outcome => {
      const { runtime, slots } = activation;
      const iterable = filter ? new Iteration(filter(definer, values)) : values;
      const iterator = iterate(iterable);
      const loop = loopSlot === undefined ? undefined : new Loop(runtime, iterable, iterator, depth, recurse);
      let isDone = false;
      for (;;) {
        const next = loop ? loop.next() : iterator.next();
        if (next.done === true) break;
        runtime.spend(steps);
        assign(activation, next.value);
        if (loopSlot !== undefined) slots[loopSlot] = loop;
        const outcome = body(activation);
        // The else of a loop runs unless a round came to its end, as in the functions that Jinja2 makes.
        if (outcome === 'done') isDone = true;
        if (outcome === 'break') break;
      }
      leave(activation);
      return isDone || !otherwise ? 'done' : otherwise(activation);
    };
  }

  /** The items of a loop with a condition: a generator of Python, with variables of its own. */
  #loopFilter(target: Target, test: Expression, place: Place): (definer: Activation, values: Value) => Iterator<Value> {
    const inner = this.#inner(place, new FunctionScope(place.scope.owner));
    scanTarget(inner.scope, target, 'declare');
    scanExpression(inner.scope, test);
    const enter = enterScope(inner.scope);
    const before = this.weight;
    const assign = this.#assign(target, inner);
    const item = this.expression(target, inner);
    const holds = this.expression(test, inner);
    const steps = STEPS_PER_ROUND + this.weight - before;
    return function* (definer, values) {
      const activation = new Activation(definer.runtime, definer.context, definer);
      enter(activation);
      const iterator = iterate(values);
      for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
        definer.runtime.spend(steps);
        assign(activation, next.value);
        if (isTrue(holds(activation))) yield item(activation);
      }
    };
  }

  // Macros

  #macro(parts: MacroParts, place: Place, name: string | undefined): (activation: Activation) => Callable {
    const inner = { ...this.#inner(place, new FunctionScope(place.scope.owner)), inLoop: false };
    const { scope } = inner;
    for (const parameter of parts.parameters) scope.declare(parameter.name);
    for (const value of parts.defaults) scanExpression(scope, value);
    scan(scope, parts.body);
    const names = parts.parameters.map((parameter) => parameter.name);
    const used = undeclared(parts.body, ['caller', 'kwargs', 'varargs']);
    const firstDefault = names.length - parts.defaults.length;
    const hasCallerParameter = names.includes('caller');
    if (used.has('caller') && hasCallerParameter && names.indexOf('caller') < firstDefault) {
      throw new TemplateError('the parameter caller needs a default').at(parts.line);
    }
    const isSpecial = (special: string): boolean => used.has(special) && !names.includes(special);
    const slotIf = (special: string): number | undefined =>
      isSpecial(special) ? scope.declare(special).slot : undefined;
    const special = { caller: slotIf('caller'), kwargs: slotIf('kwargs'), varargs: slotIf('varargs') };

    const before = this.weight;
    const parameters = parts.parameters.map((parameter, at) => ({
      name: parameter.name,
      slot: scope.find(parameter.name)?.slot ?? 0,
      otherwise:
        at < firstDefault
          ? () => new Undefined(`the parameter ${parameter.name} was not given`)
          : this.expression(parts.defaults[at - firstDefault] as Expression, inner),
    }));
    const enter = enterScope(scope);
    const steps = this.weight - before + names.length;
    const body = this.#body(parts.body, inner);
    const attributes = new Map<string, Value>([
      ['name', name ?? null],
      ['arguments', new Tuple(names)],
      ['catch_kwargs', used.has('kwargs') && !names.includes('kwargs')],
      ['catch_varargs', used.has('varargs') && !names.includes('varargs')],
      ['caller', used.has('caller')],
      ['explicit_caller', hasCallerParameter],
    ]);
    const shown = name ?? 'caller';
    const printed = `<Macro ${name === undefined ? 'anonymous' : `'${name}'`}>`;

    return (definer) => {
      const call = (runtime: Runtime, positional: readonly Value[], keywords: Keywords): Value =>
        runtime.call(() => {
          const activation = new Activation(runtime, definer.context, definer);
          const { slots } = activation;
          const left = new Map(keywords);
          const take = (key: string): Value | undefined => {
            const value = left.get(key);
            left.delete(key);
            return value;
          };
          runtime.spend(steps);
          enter(activation);
          for (const [at, parameter] of parameters.entries()) {
            slots[parameter.slot] = at < positional.length ? positional[at] : take(parameter.name);
          }
          if (special.caller !== undefined) {
            slots[special.caller] = take('caller') ?? new Undefined('there is no caller');
          }
          if (special.kwargs !== undefined) slots[special.kwargs] = new Dict(left);
          else if (left.size > 0)
            throw new TemplateError(`the macro ${shown} takes no argument ${[...left.keys()].join(', ')}`);
          if (special.varargs !== undefined) slots[special.varargs] = new Tuple(positional.slice(names.length));
          else if (positional.length > names.length)
            throw new TemplateError(`the macro ${shown} takes fewer arguments`);
          for (const { slot, otherwise } of parameters) {
            if (slots[slot] === undefined) slots[slot] = otherwise(activation);
          }
          body(activation);
          return activation.out;
        });
      return new Callable(shown, call, attributes, printed);
    };
  }
}

/** Sets the variables of a scope to what they begin with. */
function enterScope(scope: Scope): (activation: Activation) => void {
  const settings = scope.origins().map(({ variable: { slot }, origin }): { slot: number; read: ReadVariable } => {
    switch (origin.kind) {
      case 'context':
        return { slot, read: ({ context }) => context.get(origin.name) };
      case 'outer':
        return { slot, read: reader(origin.variable, scope.owner) };
      default:
        return { slot, read: () => undefined };
    }
  });
  return (activation) => {
    for (const { slot, read } of settings) activation.slots[slot] = read(activation);
  };
}

/** Forgets the variables of a scope, which macros that were made in it may still ask for. */
function leaveScope(scope: Scope): (activation: Activation) => void {
  const slots = scope.variables().map(({ slot }) => slot);
  return (activation) => {
    for (const slot of slots) activation.slots[slot] = undefined;
  };
}
