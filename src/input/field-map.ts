import { InformError } from '../errors.js';
import { SHAPES, fieldsOfShape, type Shape } from './shapes.js';

/** Fields that any shape may have beside its own. */
const COMMON = ['history', 'system'];

/** Which fields of a row stand for which of ours, as --map names them. */
export class FieldMap {
  /** The shapes that have every field that is mapped to. */
  readonly shapes: readonly Shape[];
  readonly #paths: ReadonlyMap<string, string>;

  /**
   * @param entries "field=path" each
   * @throws InformError INFORM_INVALID_CONFIG for fields that no shape has, or none together
   */
  constructor(entries: readonly string[]) {
    this.#paths = new Map(entries.map((entry) => split(entry)));
    const fields = [...this.#paths.keys()].filter((field) => !COMMON.includes(field));
    this.shapes = SHAPES.filter((shape) => fields.every((field) => fieldsOfShape(shape).includes(field)));
    const known = [...new Set([...SHAPES.flatMap(fieldsOfShape), ...COMMON])];
    const unknown = [...this.#paths.keys()].find((field) => !known.includes(field));
    if (unknown !== undefined) throw wrongMap(`names ${JSON.stringify(unknown)}`, known);
    if (this.shapes.length === 0) throw wrongMap(`names ${fields.join(' and ')}, which no sample has together`, known);
  }

  /** The row with the mapped fields in place of those of their names. */
  apply(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const mapped = { ...row };
    for (const [field, path] of this.#paths) mapped[field] = valueAt(row, path);
    return mapped;
  }

  /** The first path that leads nowhere in a row, though its field is one that a sample needs. */
  missingIn(row: Readonly<Record<string, unknown>>): string | undefined {
    const optional = [...COMMON, ...this.shapes.flatMap(({ inputs = [] }) => inputs)];
    for (const [field, path] of this.#paths) {
      if (!optional.includes(field) && valueAt(row, path) === undefined) return path;
    }
    return undefined;
  }
}

function wrongMap(what: string, known: readonly string[]): InformError {
  return new InformError(
    'INFORM_INVALID_CONFIG',
    `map ${what}. It is FIELD=PATH, FIELD the name that a sample has: ${known.join(', ')}.`,
  );
}

function split(entry: string): [field: string, path: string] {
  const at = entry.indexOf('=');
  return [entry.slice(0, at), entry.slice(at + 1)];
}

/** The value at a dotted path; a member whose own name has the dots comes first. */
export function valueAt(row: unknown, path: string): unknown {
  if (typeof row !== 'object' || row === null) return undefined;
  if (Object.hasOwn(row, path)) return (row as Record<string, unknown>)[path];
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const name = path.slice(0, dot);
    if (!Object.hasOwn(row, name)) continue;
    const found = valueAt((row as Record<string, unknown>)[name], path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

const ASKED = /^(?:instruction|question|query|prompt|problem|request|task|user|human|input|q)$/i;
const ANSWERED = /^(?:best_answer|output|answer|response|completion|solution|reply|target|assistant|gpt|a)$/i;
const MOST_DEPTH = 3;

/** The --map value that would read such rows, as far as the names and kinds of its fields tell. */
export function suggestMap(row: Readonly<Record<string, unknown>>): string | undefined {
  const texts: string[] = [];
  const turns: string[] = [];
  const walk = (value: object, prefix: string, depth: number): void => {
    for (const [name, member] of Object.entries(value as Record<string, unknown>)) {
      const path = `${prefix}${name}`;
      if (/[,=\s]/.test(path)) continue;
      if (typeof member === 'string') texts.push(path);
      else if (isTurns(member)) turns.push(path);
      else if (typeof member === 'object' && member !== null && !Array.isArray(member) && depth < MOST_DEPTH) {
        walk(member, `${path}.`, depth + 1);
      }
    }
  };
  walk(row, '', 1);
  if (turns[0] !== undefined) return `messages=${turns[0]}`;
  const [asked, answered] = [ASKED, ANSWERED].map((names) => texts.find((path) => names.test(lastName(path))));
  const others = texts.filter((path) => path !== asked && path !== answered && lastName(path) !== 'id');
  const instruction = asked ?? others.shift();
  const output = answered ?? others.shift();
  return instruction === undefined || output === undefined ? undefined : `instruction=${instruction},output=${output}`;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

export function isTurns(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const first: unknown = value[0];
  return typeof first === 'object' && first !== null && ('role' in first || 'from' in first);
}
