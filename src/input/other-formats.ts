import { isTurns } from './field-map.js';

/** A common form of rows that are no samples. */
export interface OtherFormat {
  /** What a row is, with its article. */
  what: string;
  /** A sentence: how to make samples of such rows. */
  remedy: string;
}

const COLUMNS: OtherFormat = {
  what: 'a table by columns (each field a list, or an object of row numbers)',
  remedy: 'Write an object for each row; with pandas: to_json(FILE, orient="records", lines=True).',
};

/** What an object is that has no sample in it, where that is a known form. */
export function otherFormatOf(row: Readonly<Record<string, unknown>>): OtherFormat | undefined {
  const { instruction, output } = row;
  if (isNested(instruction) && isNested(output)) return COLUMNS;
  return wrapperOf(row);
}

/** An object with its rows in one of its fields. */
function wrapperOf(row: Readonly<Record<string, unknown>>): OtherFormat | undefined {
  if (row['instruction'] !== undefined || row['messages'] !== undefined) return undefined;
  const field = Object.keys(row).find((name) => {
    const value = row[name];
    return Array.isArray(value) && isNested(value[0]) && !Array.isArray(value[0]) && !isTurns(value);
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
