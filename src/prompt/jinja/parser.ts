import { tokenize, type Token, type TokenType } from './lexer.js';
import { TemplateError, UnsupportedError } from './errors.js';
import { parseFloatText, parseInteger } from './numbers.js';
import type {
  Arguments,
  Body,
  CallNode,
  CompareOperator,
  Expression,
  FilterNode,
  ForNode,
  IfNode,
  NamespaceTarget,
  NameNode,
  SliceNode,
  Statement,
  Target,
} from './syntax.js';

/** Expressions and blocks within one another. Python reads no more than some 100. */
const MAX_DEPTH = 200;

const CONSTANTS: Readonly<Record<string, boolean | null>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

/** Blocks of Jinja2 that no chat template can use by itself, or that turn on escaping for web pages. */
const UNSUPPORTED_BLOCKS = new Set(['autoescape', 'block', 'extends', 'from', 'import', 'include']);

const NO_ARGUMENTS: Arguments = { positional: [], keywords: [], rest: undefined, keywordRest: undefined };

/** @throws TemplateError, with the line */
export function parseTemplate(source: string): Body {
  return new Parser(tokenize(source)).template();
}

class Parser {
  #position = 0;
  #depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  template(): Body {
    return this.#statements([]);
  }

  // Tokens

  get #current(): Token {
    return this.tokens[this.#position] as Token;
  }

  #next(): Token {
    const token = this.#current;
    if (token.type !== 'end') this.#position++;
    return token;
  }

  #is(type: TokenType, value?: string): boolean {
    const { type: found, value: text } = this.#current;
    return found === type && (value === undefined || text === value);
  }

  #isOperator(...operators: string[]): boolean {
    return this.#current.type === 'operator' && operators.includes(this.#current.value);
  }

  #isName(...names: string[]): boolean {
    return this.#current.type === 'name' && names.includes(this.#current.value);
  }

  #skip(type: TokenType, value?: string): boolean {
    if (!this.#is(type, value)) return false;
    this.#next();
    return true;
  }

  #expect(type: TokenType, value?: string): Token {
    if (!this.#is(type, value)) this.#fail(`${value ?? type} is expected before ${this.#shown()}`);
    return this.#next();
  }

  #shown(): string {
    const { type, value } = this.#current;
    return type === 'end' ? 'the end of the template' : value === '' || type === 'data' ? `the ${type}` : value;
  }

  #fail(message: string, line = this.#current.line): never {
    throw new TemplateError(message).at(line);
  }

  #refuse(construct: string, line: number): never {
    throw new UnsupportedError(construct).at(line);
  }

  #nested<T>(parse: () => T): T {
    if (this.#depth === MAX_DEPTH) throw new TemplateError('it nests too deeply').at(this.#current.line);
    this.#depth++;
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }

  // Statements

  /** Statements up to one of the names, which stays the current token; up to the end of the template for none. */
  #statements(ends: readonly string[]): Body {
    const body: Statement[] = [];
    for (;;) {
      const { type, value, line } = this.#next();
      if (type === 'data') body.push({ kind: 'text', text: value, line });
      else if (type === 'print begin') {
        body.push({ kind: 'print', values: [this.#tuple()], line });
        this.#expect('print end');
      } else if (type === 'block begin') {
        if (this.#isName(...ends)) return body;
        body.push(this.#nested(() => this.#statement()));
        this.#expect('block end');
      } else {
        if (ends.length > 0) this.#fail(`the template ends without ${ends.join(' or ')}`);
        return body;
      }
    }
  }

  /** What stands between the end of a block's first tag and one of the names. */
  #body(...ends: string[]): Body {
    this.#skip('operator', ':');
    this.#expect('block end');
    return this.#statements(ends);
  }

  /** As `#body`, with the name taken. */
  #wholeBody(end: string): Body {
    const body = this.#body(end);
    this.#next();
    return body;
  }

  #statement(): Statement {
    const { value: name, line } = this.#expect('name');
    switch (name) {
      case 'for':
        return this.#for(line);
      case 'if':
        return this.#if(line);
      case 'set':
        return this.#set(line);
      case 'macro': {
        const { value } = this.#expect('name');
        return {
          kind: 'macro',
          name: this.#assignable(value, line),
          ...this.#signature(),
          body: this.#wholeBody('endmacro'),
          line,
        };
      }
      case 'call': {
        const signature = this.#isOperator('(') ? this.#signature() : { parameters: [], defaults: [] };
        const call = this.#expression();
        if (call.kind !== 'call') this.#fail('a call block takes a call', line);
        return { kind: 'call block', ...signature, call, body: this.#wholeBody('endcall'), line };
      }
      case 'generation':
        return { kind: 'generation', parameters: [], defaults: [], body: this.#wholeBody('endgeneration'), line };
      case 'filter': {
        const filter = this.#filters(this.#filter(undefined));
        return { kind: 'filter block', filter, body: this.#wholeBody('endfilter'), line };
      }
      case 'with':
        return this.#with(line);
      case 'print': {
        const values: Expression[] = [];
        while (!this.#is('block end')) {
          if (values.length > 0) this.#expect('operator', ',');
          values.push(this.#expression());
        }
        return { kind: 'print', values, line };
      }
      case 'break':
      case 'continue':
        return { kind: name, line };
      default:
        if (UNSUPPORTED_BLOCKS.has(name)) this.#refuse(`the block ${name}`, line);
        return this.#fail(`there is no block ${name}`, line);
    }
  }

  #for(line: number): ForNode {
    const target = this.#target('in');
    this.#expect('name', 'in');
    const iterable = this.#tuple({ withCondition: false, end: 'recursive' });
    const test = this.#skip('name', 'if') ? this.#expression() : undefined;
    const recursive = this.#skip('name', 'recursive');
    const body = this.#body('endfor', 'else');
    const otherwise = this.#next().value === 'else' ? this.#wholeBody('endfor') : [];
    return { kind: 'for', target, iterable, test, recursive, body, otherwise, line };
  }

  #if(line: number): IfNode {
    const test = this.#tuple({ withCondition: false });
    const body = this.#body('elif', 'else', 'endif');
    const alternatives: IfNode[] = [];
    let otherwise: Body = [];
    for (;;) {
      const { value, line: lineOfBranch } = this.#next();
      if (value === 'endif') break;
      if (value === 'else') {
        otherwise = this.#wholeBody('endif');
        break;
      }
      const branch = { test: this.#tuple({ withCondition: false }), body: this.#body('elif', 'else', 'endif') };
      alternatives.push({ kind: 'if', ...branch, alternatives: [], otherwise: [], line: lineOfBranch });
    }
    return { kind: 'if', test, body, alternatives, otherwise, line };
  }

  #set(line: number): Statement {
    const target = this.#target(undefined, true);
    if (this.#skip('operator', '=')) return { kind: 'set', target, value: this.#tuple(), line };
    const filter = this.#isOperator('|') ? this.#filters(undefined) : undefined;
    return { kind: 'set block', target, filter, body: this.#wholeBody('endset'), line };
  }

  #with(line: number): Statement {
    const targets: Target[] = [];
    const values: Expression[] = [];
    while (!this.#is('block end')) {
      if (targets.length > 0) this.#expect('operator', ',');
      targets.push(this.#target());
      this.#expect('operator', '=');
      values.push(this.#expression());
    }
    return { kind: 'with', targets, values, body: this.#wholeBody('endwith'), line };
  }

  #signature(): { parameters: NameNode[]; defaults: Expression[] } {
    const parameters: NameNode[] = [];
    const defaults: Expression[] = [];
    this.#expect('operator', '(');
    while (!this.#isOperator(')')) {
      if (parameters.length > 0) this.#expect('operator', ',');
      const { value, line } = this.#expect('name');
      if (parameters.some(({ name }) => name === value)) this.#fail(`the parameter ${value} is there twice`, line);
      parameters.push({ kind: 'name', name: this.#assignable(value, line), line });
      if (this.#skip('operator', '=')) defaults.push(this.#expression());
      else if (defaults.length > 0) this.#fail('a parameter without a default follows one with a default', line);
    }
    this.#next();
    return { parameters, defaults };
  }

  #assignable(name: string, line: number): string {
    if (Object.hasOwn(CONSTANTS, name)) this.#fail(`${name} cannot be assigned to`, line);
    return name;
  }

  /** What is assigned to. */
  #target(end?: string, withNamespace = false): Target {
    const { line } = this.#current;
    return this.#asTarget(this.#tuple({ simple: true, end, withNamespace }), line);
  }

  #asTarget(expression: Expression, line: number): Target {
    if (expression.kind === 'name' || expression.kind === 'namespace target') return expression;
    if (expression.kind !== 'tuple') return this.#fail(`a ${expression.kind} cannot be assigned to`, line);
    for (const item of expression.items) this.#asTarget(item, line);
    return expression;
  }

  // Expressions

  /** An expression, or several with commas between them, which are a tuple. */
  #tuple(
    options: {
      simple?: boolean;
      withCondition?: boolean;
      end?: string | undefined;
      inParentheses?: boolean;
      withNamespace?: boolean;
    } = {},
  ): Expression {
    const { line } = this.#current;
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) this.#expect('operator', ',');
      const isEnd = this.#is('print end') || this.#is('block end') || this.#isOperator(')');
      if (isEnd || (options.end !== undefined && this.#isName(options.end))) break;
      items.push(
        options.simple === true ? this.#primary(options.withNamespace) : this.#expression(options.withCondition),
      );
      if (!this.#isOperator(',')) break;
      isTuple = true;
    }
    const [only] = items;
    if (!isTuple && only) return only;
    if (!isTuple && options.inParentheses !== true) this.#fail(`an expression is expected before ${this.#shown()}`);
    return { kind: 'tuple', items, line };
  }

  #expression(withCondition = true): Expression {
    return this.#nested(() => (withCondition ? this.#condition() : this.#or()));
  }

  #condition(): Expression {
    const { line } = this.#current;
    let expression = this.#or();
    while (this.#skip('name', 'if')) {
      const test = this.#or();
      const otherwise = this.#skip('name', 'else') ? this.#nested(() => this.#condition()) : undefined;
      expression = { kind: 'condition', test, then: expression, otherwise, line };
    }
    return expression;
  }

  #or(): Expression {
    const { line } = this.#current;
    let left = this.#and();
    while (this.#skip('name', 'or')) left = { kind: 'or', left, right: this.#and(), line };
    return left;
  }

  #and(): Expression {
    const { line } = this.#current;
    let left = this.#not();
    while (this.#skip('name', 'and')) left = { kind: 'and', left, right: this.#not(), line };
    return left;
  }

  #not(): Expression {
    const { line } = this.#current;
    if (!this.#skip('name', 'not')) return this.#compare();
    return { kind: 'not', operand: this.#nested(() => this.#not()), line };
  }

  #compare(): Expression {
    const { line } = this.#current;
    const left = this.#sum();
    const operations: { operator: CompareOperator; right: Expression }[] = [];
    for (;;) {
      const operator = this.#compareOperator();
      if (operator === undefined) break;
      operations.push({ operator, right: this.#sum() });
    }
    return operations.length === 0 ? left : { kind: 'compare', left, operations, line };
  }

  #compareOperator(): CompareOperator | undefined {
    if (this.#isOperator('==', '!=', '<', '<=', '>', '>=')) return this.#next().value as CompareOperator;
    if (this.#skip('name', 'in')) return 'in';
    const following = this.tokens[this.#position + 1];
    if (this.#isName('not') && following?.type === 'name' && following.value === 'in') {
      this.#position += 2;
      return 'not in';
    }
    return undefined;
  }

  #sum(): Expression {
    const { line } = this.#current;
    let left = this.#concat();
    while (this.#isOperator('+', '-')) {
      left = { kind: 'binary', operator: this.#next().value as '+' | '-', left, right: this.#concat(), line };
    }
    return left;
  }

  #concat(): Expression {
    const { line } = this.#current;
    const first = this.#product();
    const parts = [first];
    while (this.#skip('operator', '~')) parts.push(this.#product());
    return parts.length === 1 ? first : { kind: 'concat', parts, line };
  }

  #product(): Expression {
    const { line } = this.#current;
    let left = this.#power();
    while (this.#isOperator('*', '/', '//', '%')) {
      left = { kind: 'binary', operator: this.#next().value as '*', left, right: this.#power(), line };
    }
    return left;
  }

  #power(): Expression {
    const { line } = this.#current;
    let left = this.#unary();
    while (this.#skip('operator', '**')) left = { kind: 'binary', operator: '**', left, right: this.#unary(), line };
    return left;
  }

  #unary(withFilter = true): Expression {
    const { line } = this.#current;
    let expression: Expression;
    if (this.#isOperator('-', '+')) {
      const operator = this.#next().value as '-' | '+';
      expression = { kind: 'unary', operator, operand: this.#nested(() => this.#unary(false)), line };
    } else expression = this.#primary();
    expression = this.#postfix(expression);
    return withFilter ? this.#filtersAndTests(expression) : expression;
  }

  #primary(withNamespace = false): Expression {
    const { type, value, line } = this.#current;
    switch (type) {
      case 'name':
        this.#next();
        if (Object.hasOwn(CONSTANTS, value)) return { kind: 'constant', value: CONSTANTS[value] ?? null, line };
        if (withNamespace && this.#skip('operator', '.')) return this.#namespaceTarget(value, line);
        return { kind: 'name', name: value, line };
      case 'string': {
        let text = '';
        while (this.#is('string')) text += this.#next().value;
        return { kind: 'constant', value: text, line };
      }
      case 'integer':
        return {
          kind: 'constant',
          value: parseInteger(this.#next().value, 0) ?? this.#fail('an integer is too long', line),
          line,
        };
      case 'float': {
        const float = parseFloatText(this.#next().value);
        if (float === undefined || !Number.isFinite(float)) this.#refuse(`the number ${value}`, line);
        return { kind: 'constant', value: float, line };
      }
      default:
    }
    if (this.#skip('operator', '(')) {
      const expression = this.#nested(() => this.#tuple({ inParentheses: true }));
      this.#expect('operator', ')');
      return expression;
    }
    if (this.#skip('operator', '[')) return { kind: 'list', items: this.#items(']', () => this.#expression()), line };
    if (this.#skip('operator', '{')) {
      const pairs = this.#items('}', () => {
        const key = this.#expression();
        this.#expect('operator', ':');
        return { key, value: this.#expression() };
      });
      return { kind: 'dict', pairs, line };
    }
    return this.#fail(`unexpected ${this.#shown()}`);
  }

  #namespaceTarget(name: string, line: number): NamespaceTarget {
    return { kind: 'namespace target', name, attribute: this.#expect('name').value, line };
  }

  /** What stands between commas, up to the closing bracket, which is taken. */
  #items<T>(end: string, parse: () => T): T[] {
    const items: T[] = [];
    while (!this.#isOperator(end)) {
      if (items.length > 0) this.#expect('operator', ',');
      if (this.#isOperator(end)) break;
      items.push(parse());
    }
    this.#next();
    return items;
  }

  #postfix(expression: Expression): Expression {
    let result = expression;
    for (;;) {
      if (this.#isOperator('.', '[')) result = this.#subscript(result);
      else if (this.#isOperator('(')) result = this.#call(result);
      else return result;
    }
  }

  #filtersAndTests(expression: Expression): Expression {
    let result = expression;
    for (;;) {
      if (this.#isOperator('|')) result = this.#filters(result);
      else if (this.#isName('is')) result = this.#test(result);
      else if (this.#isOperator('(')) result = this.#call(result);
      else return result;
    }
  }

  #subscript(object: Expression): Expression {
    const { value, line } = this.#next();
    if (value === '.') {
      const { type, value: name } = this.#next();
      if (type === 'name') return { kind: 'attribute', object, name, line };
      if (type !== 'integer') return this.#fail('a name or a number is expected after a dot', line);
      return { kind: 'item', object, index: { kind: 'constant', value: parseInteger(name, 0) ?? 0n, line }, line };
    }
    const indices: Expression[] = [];
    while (!this.#isOperator(']')) {
      if (indices.length > 0) this.#expect('operator', ',');
      indices.push(this.#index());
    }
    this.#next();
    const [only] = indices;
    if (indices.length > 1 && indices.some(({ kind }) => kind === 'slice')) this.#fail('a slice among indices', line);
    const index: Expression = indices.length === 1 && only ? only : { kind: 'tuple', items: indices, line };
    return { kind: 'item', object, index, line };
  }

  #index(): Expression | SliceNode {
    const { line } = this.#current;
    const start = this.#isOperator(':') ? undefined : this.#expression();
    if (!this.#skip('operator', ':')) return start ?? this.#fail('an index is expected');
    const stop = this.#isOperator(':', ']', ',') ? undefined : this.#expression();
    const step = this.#skip('operator', ':') && !this.#isOperator(']', ',') ? this.#expression() : undefined;
    return { kind: 'slice', start, stop, step, line };
  }

  #call(callee: Expression): CallNode {
    const { line } = this.#current;
    return { kind: 'call', callee, arguments: this.#arguments(), line };
  }

  #arguments(): Arguments {
    const { line } = this.#expect('operator', '(');
    const positional: Expression[] = [];
    const keywords: { name: string; value: Expression }[] = [];
    let rest: Expression | undefined;
    let keywordRest: Expression | undefined;
    const ensure = (holds: boolean): void => {
      if (!holds) this.#fail('the arguments of a call are in no order', line);
    };
    let isFirst = true;
    while (!this.#isOperator(')')) {
      if (!isFirst) this.#expect('operator', ',');
      if (!isFirst && this.#isOperator(')')) break;
      isFirst = false;
      const following = this.tokens[this.#position + 1];
      if (this.#isOperator('*')) {
        ensure(!rest && !keywordRest);
        this.#next();
        rest = this.#expression();
      } else if (this.#isOperator('**')) {
        ensure(!keywordRest);
        this.#next();
        keywordRest = this.#expression();
      } else if (this.#is('name') && following?.type === 'operator' && following.value === '=') {
        ensure(!keywordRest);
        const { value: name } = this.#next();
        this.#next();
        if (keywords.some((keyword) => keyword.name === name)) this.#fail(`the argument ${name} is there twice`, line);
        keywords.push({ name, value: this.#expression() });
      } else {
        ensure(!rest && !keywordRest && keywords.length === 0);
        positional.push(this.#expression());
      }
    }
    this.#next();
    return { positional, keywords, rest, keywordRest };
  }

  /** All filters that follow. */
  #filters(input: Expression | undefined): FilterNode {
    let result = input;
    while (this.#skip('operator', '|')) result = this.#filter(result);
    return result as FilterNode;
  }

  #filter(input: Expression | undefined): FilterNode {
    const { line } = this.#current;
    const name = this.#dottedName();
    return { kind: 'filter', input, name, arguments: this.#isOperator('(') ? this.#arguments() : NO_ARGUMENTS, line };
  }

  #dottedName(): string {
    let name = this.#expect('name').value;
    while (this.#skip('operator', '.')) name += `.${this.#expect('name').value}`;
    return name;
  }

  #test(input: Expression): Expression {
    const { line } = this.#next();
    const isNegated = this.#skip('name', 'not');
    const name = this.#dottedName();
    const test: Expression = { kind: 'test', input, name, arguments: this.#testArguments(), line };
    return isNegated ? { kind: 'not', operand: test, line } : test;
  }

  #testArguments(): Arguments {
    if (this.#isOperator('(')) return this.#arguments();
    const begins =
      this.#is('name') || this.#is('string') || this.#is('integer') || this.#is('float') || this.#isOperator('[', '{');
    if (!begins || this.#isName('else', 'or', 'and')) return NO_ARGUMENTS;
    if (this.#isName('is')) this.#fail('tests cannot be chained');
    return { ...NO_ARGUMENTS, positional: [this.#postfix(this.#primary())] };
  }
}
