/**
 * The shapes of rows that are read: which fields hold what. A row has a shape when the fields that the shape names, other than
 * `inputs`, are filled. docs/formats.md has the same table for people.
 */
export interface Shape {
  /** As users know it. */
  readonly name: string;
  /** The field with the whole conversation, or with the turns before the answers where the shape has some. */
  readonly turns?: string;
  /** The field with the question: a text, or turns. */
  readonly asked?: string;
  /** Fields whose text stands on a line of its own below the question; at most one of them is filled. */
  readonly inputs?: readonly string[];
  /** The fields with an answer each: one, or the better and the worse one of a pair. */
  readonly answered?: readonly string[];
  /** The field with a list of answers. */
  readonly list?: string;
  /** Whether it counts only where no other shape fits: its fields also stand beside those of others. */
  readonly loose?: true;
}

const PAIR = ['chosen', 'rejected'];
const CONTEXT = ['input', 'context'];

export const ALPACA: Shape = { name: 'Alpaca', asked: 'instruction', inputs: ['input'], answered: ['output'] };

export const SHAPES: readonly Shape[] = [
  ALPACA,
  { name: 'messages', turns: 'messages' },
  { name: 'ShareGPT', turns: 'conversations' },
  { name: 'ShareGPT', turns: 'conversation' },
  { name: 'Dolly', asked: 'instruction', inputs: CONTEXT, answered: ['response'] },
  { name: 'prompt and response', asked: 'prompt', inputs: CONTEXT, answered: ['response'] },
  { name: 'prompt and completion', asked: 'prompt', inputs: CONTEXT, answered: ['completion'] },
  { name: 'question and answer', asked: 'question', inputs: CONTEXT, answered: ['answer'] },
  { name: 'query and answer', asked: 'query', inputs: CONTEXT, answered: ['answer'] },
  { name: 'preference pairs', asked: 'prompt', inputs: CONTEXT, answered: PAIR },
  { name: 'preference pairs', asked: 'instruction', inputs: CONTEXT, answered: PAIR },
  { name: 'preference pairs', asked: 'question', inputs: CONTEXT, answered: PAIR },
  { name: 'preference pairs', turns: 'conversations', answered: PAIR },
  { name: 'preference pairs', answered: PAIR },
  ...['prompt', 'instruction', 'question'].flatMap((asked) =>
    ['responses', 'completions'].map((list): Shape => ({ name: 'several answers', asked, inputs: CONTEXT, list })),
  ),
  { name: 'prompt and output', asked: 'prompt', inputs: CONTEXT, answered: ['output'], loose: true },
  { name: 'question and response', asked: 'question', inputs: CONTEXT, answered: ['response'], loose: true },
  { name: 'query and response', asked: 'query', inputs: CONTEXT, answered: ['response'], loose: true },
  { name: 'instruction and completion', asked: 'instruction', inputs: CONTEXT, answered: ['completion'], loose: true },
  { name: 'instruction and answer', asked: 'instruction', inputs: CONTEXT, answered: ['answer'], loose: true },
];

/** The fields that must be filled. */
export function requiredFields({ turns, asked, answered = [], list }: Shape): string[] {
  return [turns, asked, ...answered, list].filter((field) => field !== undefined);
}

/** All fields that a shape reads. */
export function fieldsOfShape(shape: Shape): string[] {
  return [...requiredFields(shape), ...(shape.inputs ?? [])];
}

/** A shape in a message: its name, and its fields in quotes. */
export function describeShape(shape: Shape): string {
  return `${shape.name} (${requiredFields(shape)
    .map((field) => JSON.stringify(field))
    .join(', ')})`;
}
