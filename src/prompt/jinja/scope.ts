import type { Arguments, Body, Expression, MacroParts, Statement, Target } from './syntax.js';

// Jinja2 decides by the text of a template, not while it runs, which variable a name means: it compiles a template to
// functions of Python with variables of their own. What a name means in a loop, a macro or a branch follows from that, so
// the same decisions are made here.

/** The variables of a function: of the template, of a macro, of the body of a recursive loop. */
export class FunctionScope {
  readonly #slots = new Map<string, number>();

  constructor(readonly parent: FunctionScope | undefined) {}

  /** Scopes of one level of nesting follow each other and share their variables of one name. */
  slotOf(level: number, name: string): number {
    const key = `${level} ${name}`;
    const slot = this.#slots.get(key) ?? this.#slots.size;
    this.#slots.set(key, slot);
    return slot;
  }
}

/** A variable, by its place. */
export interface Variable {
  readonly scope: FunctionScope;
  readonly slot: number;
}

/** Where the value of a variable comes from when its scope is entered. */
export type Origin =
  | { readonly kind: 'given' }
  | { readonly kind: 'undefined' }
  | { readonly kind: 'context'; readonly name: string }
  | { readonly kind: 'outer'; readonly variable: Variable };

interface Entry {
  readonly variable: Variable;
  readonly origin: Origin;
}

/** The names that a block of a template knows. */
export class Scope {
  readonly #level: number;
  #entries = new Map<string, Entry>();
  #stores = new Set<string>();

  constructor(
    readonly owner: FunctionScope,
    private readonly parent?: Scope,
  ) {
    this.#level = parent ? parent.#level + 1 : 0;
  }

  find(name: string): Variable | undefined {
    return this.#entries.get(name)?.variable ?? this.parent?.find(name);
  }

  /** Whether the name is that of a variable which its block itself sets: of a loop, a parameter. */
  isGiven(name: string): boolean {
    const entry = this.#entries.get(name);
    return entry ? entry.origin.kind === 'given' : (this.parent?.isGiven(name) ?? false);
  }

  /** What entering the scope sets. */
  origins(): readonly { readonly variable: Variable; readonly origin: Origin }[] {
    return [...this.#entries.values()].filter(({ origin }) => origin.kind !== 'given');
  }

  /** All variables of the scope itself. */
  variables(): readonly Variable[] {
    return [...this.#entries.values()].map(({ variable }) => variable);
  }

  declare(name: string): Variable {
    this.#stores.add(name);
    return this.#define(name, { kind: 'given' });
  }

  load(name: string): void {
    if (!this.find(name)) this.#define(name, { kind: 'context', name });
  }

  store(name: string): void {
    this.#stores.add(name);
    if (this.#entries.has(name)) return;
    const outer = this.parent?.find(name);
    this.#define(name, outer ? { kind: 'outer', variable: outer } : { kind: 'undefined' });
  }

  /** The names of branches of which at most one runs: what one of them sets has its value from before. */
  branches(bodies: readonly (() => void)[]): void {
    const before = { entries: this.#entries, stores: this.#stores };
    const after: (typeof before)[] = [];
    for (const visit of bodies) {
      this.#entries = new Map(before.entries);
      this.#stores = new Set(before.stores);
      visit();
      after.push({ entries: this.#entries, stores: this.#stores });
    }
    this.#entries = new Map(before.entries);
    this.#stores = new Set(before.stores);
    const stored = new Set<string>();
    for (const { entries, stores } of after) {
      for (const [name, entry] of entries) this.#entries.set(name, entry);
      for (const name of stores) {
        if (!before.stores.has(name)) stored.add(name);
        this.#stores.add(name);
      }
    }
    for (const name of stored) {
      const outer = this.parent?.find(name);
      this.#define(name, outer ? { kind: 'outer', variable: outer } : { kind: 'context', name });
    }
  }

  #define(name: string, origin: Origin): Variable {
    const variable = { scope: this.owner, slot: this.owner.slotOf(this.#level, name) };
    this.#entries.set(name, { variable, origin });
    return variable;
  }
}

/** Makes the names known that statements read and set, less what is within scopes of their own. */
export function scan(scope: Scope, body: Body): void {
  for (const statement of body) scanStatement(scope, statement);
}

function scanStatement(scope: Scope, statement: Statement): void {
  switch (statement.kind) {
    case 'print':
      for (const value of statement.values) scanExpression(scope, value);
      return;
    case 'if': {
      scanExpression(scope, statement.test);
      scope.branches([
        () => {
          scan(scope, statement.body);
        },
        () => {
          scan(scope, statement.alternatives);
        },
        () => {
          scan(scope, statement.otherwise);
        },
      ]);
      return;
    }
    case 'for':
      scanExpression(scope, statement.iterable);
      return;
    case 'macro':
      scope.store(statement.name);
      return;
    case 'call block':
      scanExpression(scope, statement.call);
      return;
    case 'filter block':
      scanExpression(scope, statement.filter);
      return;
    case 'with':
      for (const value of statement.values) scanExpression(scope, value);
      return;
    case 'set':
      scanExpression(scope, statement.value);
      scanTarget(scope, statement.target);
      return;
    case 'set block':
      scanTarget(scope, statement.target);
      return;
    default:
  }
}

/** Makes the names known that are assigned to; `declare` for those that the block itself sets. */
export function scanTarget(scope: Scope, target: Target | Expression, how: 'store' | 'declare' = 'store'): void {
  if (target.kind === 'name') scope[how](target.name);
  else if (target.kind === 'namespace target') scope.load(target.name);
  else if (target.kind === 'tuple') for (const item of target.items) scanTarget(scope, item, how);
}

/** Whether an expression reads no name, so that its value is the same each time. */
export function isConstant(expression: Expression): boolean {
  let constant = true;
  walk(expression, () => (constant = false));
  return constant;
}

/** Makes the names known that an expression reads. */
export function scanExpression(scope: Scope, expression: Expression): void {
  walk(expression, ({ kind, name }) => {
    if (kind === 'load') scope.load(name);
  });
}

interface NameUse {
  readonly kind: 'load' | 'store';
  readonly name: string;
}

type Visit = (use: NameUse) => void;

function walk(node: Expression | undefined, visit: Visit): void {
  if (!node) return;
  switch (node.kind) {
    case 'name':
      visit({ kind: 'load', name: node.name });
      return;
    case 'namespace target':
    case 'constant':
      return;
    case 'tuple':
    case 'list':
      for (const item of node.items) walk(item, visit);
      return;
    case 'dict':
      for (const { key, value } of node.pairs) {
        walk(key, visit);
        walk(value, visit);
      }
      return;
    case 'condition':
      walk(node.test, visit);
      walk(node.then, visit);
      walk(node.otherwise, visit);
      return;
    case 'and':
    case 'or':
    case 'binary':
      walk(node.left, visit);
      walk(node.right, visit);
      return;
    case 'not':
    case 'unary':
      walk(node.operand, visit);
      return;
    case 'compare':
      walk(node.left, visit);
      for (const { right } of node.operations) walk(right, visit);
      return;
    case 'concat':
      for (const part of node.parts) walk(part, visit);
      return;
    case 'attribute':
      walk(node.object, visit);
      return;
    case 'item':
      walk(node.object, visit);
      walk(node.index, visit);
      return;
    case 'slice':
      walk(node.start, visit);
      walk(node.stop, visit);
      walk(node.step, visit);
      return;
    case 'call':
      walk(node.callee, visit);
      walkArguments(node.arguments, visit);
      return;
    case 'filter':
    case 'test':
      walk(node.input, visit);
      walkArguments(node.arguments, visit);
  }
}

function walkArguments({ positional, keywords, rest, keywordRest }: Arguments, visit: Visit): void {
  for (const argument of positional) walk(argument, visit);
  for (const { value } of keywords) walk(value, visit);
  walk(rest, visit);
  walk(keywordRest, visit);
}

function walkTarget(target: Target | Expression, visit: Visit): void {
  if (target.kind === 'name') visit({ kind: 'store', name: target.name });
  else if (target.kind === 'tuple') for (const item of target.items) walkTarget(item, visit);
}

/** All uses of names in statements and in all that is within them, in the order of Jinja2's visitor. */
function walkAll(body: Body, visit: Visit): void {
  for (const statement of body) {
    switch (statement.kind) {
      case 'print':
        for (const value of statement.values) walk(value, visit);
        break;
      case 'if':
        walk(statement.test, visit);
        walkAll(statement.body, visit);
        walkAll(statement.alternatives, visit);
        walkAll(statement.otherwise, visit);
        break;
      case 'for':
        walkTarget(statement.target, visit);
        walk(statement.iterable, visit);
        walkAll(statement.body, visit);
        walkAll(statement.otherwise, visit);
        walk(statement.test, visit);
        break;
      case 'macro':
        walkMacro(statement, visit);
        break;
      case 'call block':
        walk(statement.call, visit);
        walkMacro(statement, visit);
        break;
      case 'generation':
        walkMacro(statement, visit);
        break;
      case 'filter block':
        walkAll(statement.body, visit);
        walk(statement.filter, visit);
        break;
      case 'with':
        for (const target of statement.targets) walkTarget(target, visit);
        for (const value of statement.values) walk(value, visit);
        walkAll(statement.body, visit);
        break;
      case 'set':
        walkTarget(statement.target, visit);
        walk(statement.value, visit);
        break;
      case 'set block':
        walkTarget(statement.target, visit);
        walk(statement.filter, visit);
        walkAll(statement.body, visit);
        break;
      default:
    }
  }
}

function walkMacro({ parameters, defaults, body }: MacroParts, visit: Visit): void {
  for (const { name } of parameters) visit({ kind: 'store', name });
  for (const value of defaults) walk(value, visit);
  walkAll(body, visit);
}

/** Those of the names that the statements read before they set them, by the order of the template. */
export function undeclared(body: Body, names: readonly string[]): ReadonlySet<string> {
  const left = new Set(names);
  const found = new Set<string>();
  walkAll(body, ({ kind, name }) => {
    if (kind === 'load' && left.has(name)) found.add(name);
    else left.delete(name);
  });
  return found;
}

/** Whether one of the statements, or one within them, sets the name. */
export function sets(body: Body, name: string): boolean {
  let found = false;
  walkAll(body, (use) => {
    found ||= use.kind === 'store' && use.name === name;
  });
  return found;
}
