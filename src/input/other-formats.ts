import { isNone } from './checks.js';

/** A common form of rows that are no samples. */
export interface OtherFormat {
  /** What a row is, with its article. */
  what: string;
  /** A sentence: how to make samples of such rows. */
  remedy: string;
}

const PREFERENCE = {
  fields: ['chosen', 'rejected'],
  what: 'a preference pair ("chosen" and "rejected")',
  remedy:
    'Make two samples of it, one with each answer as its "output", or one with each conversation as its "messages".',
};

/** By the fields that tell them; the first that fits counts. */
const FORMATS: readonly (OtherFormat & { fields: readonly string[] })[] = [
  ...['conversations', 'conversation'].map((field) => ({
    fields: [field],
    what: `a ShareGPT conversation ("${field}" of "from" and "value")`,
    remedy:
      `Rename "${field}" to "messages", "from" to "role", "value" to "content", ` +
      'and the roles "human" and "gpt" to "user" and "assistant".',
  })),
  PREFERENCE,
  ...[
    ['prompt', 'completion'],
    ['prompt', 'response'],
    ['prompt', 'output'],
    ['question', 'answer'],
    ['question', 'response'],
    ['query', 'response'],
    ['query', 'answer'],
    ['instruction', 'response'],
    ['instruction', 'completion'],
    ['instruction', 'answer'],
  ].map(([asked = '', answered = '']) => ({
    fields: [asked, answered],
    what: `a pair of "${asked}" and "${answered}"`,
    remedy: [
      ...(asked === 'instruction' ? [] : [`Rename "${asked}" to "instruction".`]),
      ...(answered === 'output' ? [] : [`Rename "${answered}" to "output".`]),
      ...(answered === 'response' ? ['A "context" becomes the "input".'] : []),
    ].join(' '),
  })),
];

const COLUMNS: OtherFormat = {
  what: 'a table by columns (each field a list, or an object of row numbers)',
  remedy: 'Write an object for each row; with pandas: to_json(FILE, orient="records", lines=True).',
};

/** What an object is that has no complete sample in it, where that is a known form. */
export function otherFormatOf(row: Readonly<Record<string, unknown>>): OtherFormat | undefined {
  const { instruction, output } = row;
  if (isNested(instruction) && isNested(output)) return COLUMNS;
  if (!isNone(row['messages']) || (instruction !== undefined && output !== undefined)) return undefined;
  const format = FORMATS.find(({ fields }) => fields.every((field) => !isNone(row[field])));
  if (format === undefined) return wrapperOf(row);
  const hasTurns = format.fields.length === 2 && format.fields.every((field) => Array.isArray(row[field]));
  return hasTurns && format !== PREFERENCE ? { ...format, remedy: JOIN_TURNS } : format;
}

const JOIN_TURNS = 'Put the messages of both, one list after the other, into "messages".';

/** An object with its rows in one of its fields. */
function wrapperOf(row: Readonly<Record<string, unknown>>): OtherFormat | undefined {
  if (row['instruction'] !== undefined || row['messages'] !== undefined) return undefined;
  const field = Object.keys(row).find((name) => {
    const value = row[name];
    return Array.isArray(value) && isNested(value[0]) && !Array.isArray(value[0]);
  });
  if (field === undefined) return undefined;
  const name = JSON.stringify(field.slice(0, 40));
  return {
    what: `one object with rows in its ${name} (its fields: ${fieldsOf(row)})`,
    remedy: `Make lines of them: jq -c '.[${name}][]' FILE.`,
  };
}

const MOST_FIELDS = 12;

/** The names of an object's fields, for a message. */
export function fieldsOf(row: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(row);
  const shown = names.slice(0, MOST_FIELDS).map((name) => JSON.stringify(name.slice(0, 40)));
  return `${shown.join(', ')}${names.length > MOST_FIELDS ? ` and ${names.length - MOST_FIELDS} more` : ''}`;
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
