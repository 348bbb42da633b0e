/** The syntax tree of a template. `line` counts from 1. */

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**';
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

/** What stands between the parentheses of a call, a filter or a test. */
export interface Arguments {
  readonly positional: readonly Expression[];
  readonly keywords: readonly { readonly name: string; readonly value: Expression }[];
  /** `*expression`. */
  readonly rest: Expression | undefined;
  /** `**expression`. */
  readonly keywordRest: Expression | undefined;
}

export interface NameNode {
  readonly kind: 'name';
  readonly name: string;
  readonly line: number;
}

interface TupleNode {
  readonly kind: 'tuple';
  readonly items: readonly Expression[];
  readonly line: number;
}

export interface SliceNode {
  readonly kind: 'slice';
  readonly start: Expression | undefined;
  readonly stop: Expression | undefined;
  readonly step: Expression | undefined;
  readonly line: number;
}

export interface CallNode {
  readonly kind: 'call';
  readonly callee: Expression;
  readonly arguments: Arguments;
  readonly line: number;
}

export interface FilterNode {
  readonly kind: 'filter';
  /** None for the filter of a block, which takes the block's text. */
  readonly input: Expression | undefined;
  readonly name: string;
  readonly arguments: Arguments;
  readonly line: number;
}

/** `name.attribute` as the target of `set`. */
export interface NamespaceTarget {
  readonly kind: 'namespace target';
  readonly name: string;
  readonly attribute: string;
  readonly line: number;
}

export type Expression =
  | { readonly kind: 'constant'; readonly value: string | bigint | number | boolean | null; readonly line: number }
  | NameNode
  | TupleNode
  | { readonly kind: 'list'; readonly items: readonly Expression[]; readonly line: number }
  | {
      readonly kind: 'dict';
      readonly pairs: readonly { readonly key: Expression; readonly value: Expression }[];
      readonly line: number;
    }
  | {
      readonly kind: 'condition';
      readonly test: Expression;
      readonly then: Expression;
      readonly otherwise: Expression | undefined;
      readonly line: number;
    }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression; readonly line: number }
  | { readonly kind: 'not'; readonly operand: Expression; readonly line: number }
  | {
      readonly kind: 'compare';
      readonly left: Expression;
      readonly operations: readonly { readonly operator: CompareOperator; readonly right: Expression }[];
      readonly line: number;
    }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | { readonly kind: 'unary'; readonly operator: '+' | '-'; readonly operand: Expression; readonly line: number }
  | { readonly kind: 'concat'; readonly parts: readonly Expression[]; readonly line: number }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string; readonly line: number }
  | { readonly kind: 'item'; readonly object: Expression; readonly index: Expression; readonly line: number }
  | SliceNode
  | CallNode
  | FilterNode
  | {
      readonly kind: 'test';
      readonly input: Expression;
      readonly name: string;
      readonly arguments: Arguments;
      readonly line: number;
    }
  | NamespaceTarget;

/** What `set` and `for` assign to: names, or tuples of them; `set` to an attribute of a namespace too. */
export type Target = NameNode | TupleNode | NamespaceTarget;

export type Body = readonly Statement[];

export interface ForNode {
  readonly kind: 'for';
  readonly target: Target;
  readonly iterable: Expression;
  readonly test: Expression | undefined;
  readonly recursive: boolean;
  readonly body: Body;
  readonly otherwise: Body;
  readonly line: number;
}

export interface IfNode {
  readonly kind: 'if';
  readonly test: Expression;
  readonly body: Body;
  readonly alternatives: readonly IfNode[];
  readonly otherwise: Body;
  readonly line: number;
}

/** The parameters and the body of a macro, of a call block and of a generation block. */
export interface MacroParts {
  readonly parameters: readonly NameNode[];
  /** Those of the last parameters. */
  readonly defaults: readonly Expression[];
  readonly body: Body;
  readonly line: number;
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string; readonly line: number }
  | { readonly kind: 'print'; readonly values: readonly Expression[]; readonly line: number }
  | ForNode
  | IfNode
  | ({ readonly kind: 'macro'; readonly name: string } & MacroParts)
  | ({ readonly kind: 'call block'; readonly call: CallNode } & MacroParts)
  | ({ readonly kind: 'generation' } & MacroParts)
  | { readonly kind: 'filter block'; readonly filter: FilterNode; readonly body: Body; readonly line: number }
  | {
      readonly kind: 'with';
      readonly targets: readonly Target[];
      readonly values: readonly Expression[];
      readonly body: Body;
      readonly line: number;
    }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression; readonly line: number }
  | {
      readonly kind: 'set block';
      readonly target: Target;
      readonly filter: FilterNode | undefined;
      readonly body: Body;
      readonly line: number;
    }
  | { readonly kind: 'break' | 'continue'; readonly line: number };
