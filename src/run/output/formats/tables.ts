import type { Members } from './joined.js';

/** What the values of a column are; `json` for lists and objects, `text` also for mixtures. */
export type ColumnKind = 'boolean' | 'integer' | 'number' | 'text' | 'json';

/** The columns of a table that is not read yet: their names in the order of their first values, and what those are. */
export class Columns {
  readonly kinds = new Map<string, ColumnKind | undefined>();

  add(members: Members): void {
    for (const [name, json] of members) {
      const [before, now] = [this.kinds.get(name), kindOf(json)];
      this.kinds.set(name, before === undefined || now === undefined ? (before ?? now) : widest(before, now));
    }
  }
}

const LARGEST = 2n ** 63n;

/** undefined for null. */
function kindOf(json: string): ColumnKind | undefined {
  const first = json.charAt(0);
  if (first === 'n') return undefined;
  if (first === '"') return 'text';
  if (first === 't' || first === 'f') return 'boolean';
  if (first === '{' || first === '[') return 'json';
  return /^-?\d+$/.test(json) && BigInt(json) < LARGEST && BigInt(json) >= -LARGEST ? 'integer' : 'number';
}

function widest(one: ColumnKind, other: ColumnKind): ColumnKind {
  if (one === other) return one;
  const both = [one, other];
  return both.every((kind) => kind === 'integer' || kind === 'number') ? 'number' : 'text';
}

/** A row of CSV (RFC 4180): texts as they are, other values as JSON, nothing for null. */
export function csvLine(cells: readonly (string | undefined)[]): string {
  return `${cells.map((cell) => quotedCell(cell ?? '')).join(',')}\r\n`;
}

export function csvCell(json: string | undefined): string {
  if (json === undefined || json === 'null') return '';
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

function quotedCell(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A value for a Parquet column. */
export function parquetValue(json: string | undefined, kind: ColumnKind | undefined): unknown {
  if (json === undefined || json === 'null') return null;
  switch (kind) {
    case 'integer':
      return BigInt(json);
    case 'number':
      return json === 'NaN' ? NaN : Number(json);
    case 'boolean':
      return json === 'true';
    case 'text':
      return csvCell(json);
    default:
      return json;
  }
}
