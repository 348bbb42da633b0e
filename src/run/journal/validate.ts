import { parseResultLine, resultLine } from '../output/results.js';
import { valuesOf } from '../output/row-scores.js';
import { readShard } from '../shards/shard.js';

// A right checksum says that a line is as it was written, not by whom. Each function gives what is wrong as a clause for a
// message, undefined where everything is as this version writes it. Members that it does not know are left alone.

type Fields = Readonly<Record<string, unknown>>;

/** Where `kind` is 'score' or 'reject', and `json` the text of the last member. */
export function invalidRow(record: Fields & { kind: string; json: string }): string | undefined {
  const { kind, row, digest, tokens, truncated, holdsSpecialText, json } = record;
  if (!isCount(row)) return `"row" is ${shown(row)}`;
  if (typeof digest !== 'string' || !/^[0-9a-f]{16}$/.test(digest)) return `"digest" is ${shown(digest)}`;
  if (!isCount(tokens)) return `"tokens" is ${shown(tokens)}`;
  if (typeof truncated !== 'boolean') return `"truncated" is ${shown(truncated)}`;
  if (typeof holdsSpecialText !== 'boolean') return `"special" is ${shown(holdsSpecialText)}`;
  return kind === 'score' ? invalidResult(json) : invalidReject(json, row);
}

/** A result is copied into the output as it stands, so it must be the very text that `resultLine` makes. */
function invalidResult(json: string): string | undefined {
  const { idJson, score } = parseResultLine(json);
  if (!valuesOf(score).every((value) => Number.isFinite(value))) return `"result" has no finite score: ${shown(json)}`;
  if (parsed(idJson) !== undefined && `${json}\n` === resultLine(idJson, score)) return undefined;
  return `"result" is not an id and a score: ${shown(json)}`;
}

function invalidReject(json: string, row: number): string | undefined {
  const reject = parsed(json);
  if (!isObject(reject)) return `"reject" is ${shown(json)}`;
  if (reject['row'] !== row) return `"reject" is of row ${shown(reject['row'])}, and the line of row ${row}`;
  for (const name of ['file', 'code', 'reason']) {
    if (typeof reject[name] !== 'string') return `"${name}" of the reject is ${shown(reject[name])}`;
  }
  return isCount(reject['line']) ? undefined : `"line" of the reject is ${shown(reject['line'])}`;
}

export function invalidHeader({ began, nonce, fingerprint }: Fields): string | undefined {
  if (!isObject(fingerprint)) return 'it names no run';
  const { version, model, head, template, options, shard, inputs } = fingerprint;
  for (const [name, text] of Object.entries({ began, version })) {
    if (typeof text !== 'string') return `"${name}" is ${shown(text)}`;
  }
  if (nonce !== undefined && typeof nonce !== 'string') return `"nonce" is ${shown(nonce)}`;
  if (!isFile(model) || !isCount(model['bytes']) || typeof model['modified'] !== 'string') {
    return `"model" is ${shown(model)}`;
  }
  if (!isTextOrAbsent(model['content'])) return `"content" of the model is ${shown(model['content'])}`;
  for (const [name, file] of Object.entries({ head, template })) {
    if (file !== undefined && !isFile(file)) return `"${name}" is ${shown(file)}`;
  }
  if (!isObject(options) || !Object.values(options).every(isPlain)) return `"options" is ${shown(options)}`;
  if (shard !== undefined && readShard(shard) === undefined) return `"shard" is ${shown(shard)}`;
  return invalidInputs(inputs);
}

export function invalidInputs(inputs: unknown): string | undefined {
  if (!Array.isArray(inputs)) return inputs === undefined ? 'it is no record' : `"inputs" is ${shown(inputs)}`;
  const wrong: unknown = inputs.find((input: unknown) => !isInput(input));
  return wrong === undefined ? undefined : `an input is ${shown(wrong)}`;
}

export function invalidEnd(end: unknown): string | undefined {
  if (!isObject(end)) return `"end" is ${shown(end)}`;
  if (!isCount(end['rows'])) return `"rows" of the end is ${shown(end['rows'])}`;
  if (typeof end['output'] !== 'string') return `"output" of the end is ${shown(end['output'])}`;
  return isTextOrAbsent(end['rejects']) ? undefined : `"rejects" of the end is ${shown(end['rejects'])}`;
}

function isInput(input: unknown): boolean {
  if (!isObject(input)) return false;
  const { file, bytes, sha256 } = input;
  return typeof file === 'string' && (bytes === undefined || isCount(bytes)) && isTextOrAbsent(sha256);
}

function isFile(file: unknown): file is Fields {
  return isObject(file) && typeof file['file'] === 'string' && typeof file['digest'] === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A value in a message: as JSON, and not at length. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.stringify(text.slice(0, 60));
}
