import * as jinja from '@huggingface/jinja';

/** A node of a parsed template; the fields that are read here. */
export interface JinjaNode {
  readonly type: string;
  readonly iterable?: JinjaNode;
  readonly lhs?: JinjaNode;
  readonly property?: JinjaNode;
  readonly step?: JinjaNode;
}

interface JinjaValue {
  readonly value: unknown;
}

interface Variables {
  set(name: string, value: unknown): unknown;
}

interface TreeWalker {
  evaluate(node: JinjaNode | undefined, variables: Variables): JinjaValue;
}

// The library's types for its parts do not resolve for an ES module.
const { Environment, Interpreter, parse, tokenize } = jinja as unknown as {
  Environment: new () => Variables;
  Interpreter: new (variables: Variables) => TreeWalker;
  parse: (tokens: unknown) => JinjaNode;
  tokenize: (source: string, options: { lstrip_blocks: boolean; trim_blocks: boolean }) => unknown;
};

/** A template did something that none may: it loops, or makes more than a prompt needs. */
export class TemplateLimitError extends Error {}

// Llama 3.1's template takes some 150 steps for two messages. The base is far above every template; what grows with the
// conversation keeps long ones going.
const BASE_STEPS = 200_000;
const STEPS_PER_CHARACTER = 64;
/** So many characters in a new string cost as much as one step. */
const CHARACTERS_PER_STEP = 256;
/** What a round of a loop costs, whatever its body: the library makes a scope for it. */
const STEPS_PER_ROUND = 4;
const BASE_STRING = 2 ** 20;
const STRING_PER_CHARACTER = 8;
/** As Jinja's own sandbox, in which transformers renders (MAX_RANGE in jinja2/sandbox.py). */
const MAX_RANGE = 100_000;
/** Macros that call macros. Much deeper, and the library takes the end of the stack for an unknown variable. */
const MAX_CALLS = 100;

/** Parses a template as transformers does: both kinds of white space control are on. */
export function parseTemplate(source: string): JinjaNode {
  return parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
}

/**
 * Renders a parsed template. The globals are those of transformers, less `strftime_now` (see template.ts).
 *
 * @param size of the conversation, in characters: the bounds of steps and of strings grow with it
 * @throws TemplateLimitError; what the template or the library throws
 */
export function renderTemplate(program: JinjaNode, variables: Readonly<Record<string, unknown>>, size: number): string {
  const environment = new GlobalScope();
  for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value);
  const rendered = new BoundedInterpreter(environment, size).evaluate(program, environment);
  return String(rendered.value);
}

const GLOBALS = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  raise_exception: (message: unknown): never => {
    throw new Error(String(message));
  },
  range: boundedRange,
};

/**
 * The outermost scope. For a name that no scope has, the library's throws an error which it catches itself; templates ask for
 * several such names ("is defined"), and the errors' stack traces were 40 % of the time of rendering. The value is undefined
 * either way.
 */
class GlobalScope extends Environment {
  resolve(): this {
    return this;
  }
}

/** Python's `range`. */
function boundedRange(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new TemplateLimitError('range() has the step 0');
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= MAX_RANGE)) throw new TemplateLimitError(`range() has more than ${MAX_RANGE} numbers`);
  return Array.from({ length }, (_, index) => start + index * step);
}

/**
 * The library's interpreter with bounds on the work and on the values it makes. It calls `evaluate` for every node of the
 * template, so no loop and no recursion passes by. What one built-in function does with values of bounded size is left to
 * the time limit (time-limit.ts).
 */
class BoundedInterpreter extends Interpreter {
  readonly #maxString: number;
  #stepsLeft: number;
  #calls = 0;
  /** What the loop that was begun last runs over. */
  #iterable: JinjaNode | undefined;

  constructor(variables: Variables, size: number) {
    super(variables);
    this.#stepsLeft = BASE_STEPS + STEPS_PER_CHARACTER * size;
    this.#maxString = BASE_STRING + STRING_PER_CHARACTER * size;
  }

  override evaluate(node: JinjaNode | undefined, variables: Variables): JinjaValue {
    this.#spend(1);
    if (node?.type === 'For')
      this.#iterable = node.iterable?.type === 'SelectExpression' ? node.iterable.lhs : node.iterable;
    else if (node?.type === 'MemberExpression') this.#checkSlice(node, variables);
    const iterated = node !== undefined && node === this.#iterable;
    const result = node?.type === 'CallExpression' ? this.#call(node, variables) : super.evaluate(node, variables);
    if (iterated) this.#spend(STEPS_PER_ROUND * sizeOf(result.value));
    if (makesValues(node)) this.#check(result.value);
    return result;
  }

  #call(node: JinjaNode, variables: Variables): JinjaValue {
    if (this.#calls === MAX_CALLS) throw new TemplateLimitError(`it has macros that call each other ${MAX_CALLS} deep`);
    this.#calls++;
    try {
      return super.evaluate(node, variables);
    } finally {
      this.#calls--;
    }
  }

  /** The library would go on for ever; Python refuses. */
  #checkSlice({ property }: JinjaNode, variables: Variables): void {
    if (property?.type !== 'SliceExpression' || property.step === undefined) return;
    if (this.evaluate(property.step, variables).value === 0) throw new TemplateLimitError('a slice has the step 0');
  }

  #check(value: unknown): void {
    if (typeof value !== 'string') {
      this.#spend(sizeOf(value));
      return;
    }
    if (value.length > this.#maxString) {
      throw new TemplateLimitError(`it makes a text of more than ${this.#maxString} characters`);
    }
    this.#spend(Math.floor(value.length / CHARACTERS_PER_STEP));
  }

  #spend(steps: number): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) throw new TemplateLimitError('it loops for too long');
  }
}

/** Whether a node's value may be a new one, instead of one that a variable or another node holds. */
function makesValues(node: JinjaNode | undefined): boolean {
  switch (node?.type) {
    case 'Program':
    case 'If':
    case 'For':
    case 'BinaryExpression':
    case 'FilterExpression':
    case 'CallExpression':
    case 'CallStatement':
    case 'FilterStatement':
      return true;
    case 'MemberExpression':
      return node.property?.type === 'SliceExpression';
    default:
      return false;
  }
}

/** Elements of an array, or entries of an object. */
function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 0;
}
