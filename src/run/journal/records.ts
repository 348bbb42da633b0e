import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { jsonLine } from '../../util/files/file-errors.js';
import type { InputRow } from '../../input/rows.js';
import type { Fingerprint, InputFingerprint } from './fingerprint-types.js';
import { invalidEnd, invalidHeader, invalidInputs, invalidRow, shown } from './validate.js';

// The journal is JSON Lines for people and programs alike. Every line ends with the CRC-32 of what stands before it, so that
// a changed byte is found; docs/reliability.md shows the lines.

/** Raised when an older version could misread the lines. */
export const JOURNAL_FORMAT = 1;

/** The first line: what the run was begun with. */
interface HeaderRecord {
  kind: 'header';
  format: number;
  /** ISO 8601. */
  began: string;
  /** Random digits that tell this journal from all others; undefined in those of version 0.1. */
  nonce?: string | undefined;
  fingerprint: Fingerprint;
}

/** What became of one row of the input. */
export interface RowRecord {
  kind: 'score' | 'reject';
  /** 0-based over all inputs. */
  row: number;
  /** Digest of the row's text; see `rowDigest`. */
  digest: string;
  /** After truncation; 0 for a rejected row. */
  tokens: number;
  truncated: boolean;
  /** Whether the content held the text of a special token. */
  holdsSpecialText: boolean;
  /** The row's line in the output, or in the rejects: a JSON object, as it is written there. */
  json: string;
}

/** The inputs from here on: they had grown when the run was continued. */
interface InputsRecord {
  kind: 'inputs';
  inputs: InputFingerprint[];
}

/** The last line of a run that is done: what it made. */
export interface EndRecord {
  kind: 'end';
  /** Rows of all inputs, those of other shards too. */
  rows: number;
  /** SHA-256 of the output. */
  output: string;
  /** SHA-256 of the rejects; undefined where there are none. */
  rejects?: string | undefined;
}

export type JournalRecord = HeaderRecord | RowRecord | InputsRecord | EndRecord;

/** A line whose checksum is right, and which this version would not have written: made by hand, or by another version. */
export interface InvalidRecord {
  kind: 'invalid';
  /** A clause that says what is wrong with it. */
  problem: string;
}

/** A row's digest: 64 bits tell an edited row from the one that was scored. A row without text has its reason for one. */
export function rowDigest(row: InputRow): string {
  const text = row.text ?? (row.ok ? '' : row.error.message);
  return hash('sha256', text, 'hex').slice(0, 16);
}

/** A record as the journal's line, with its line break. */
export function encodeRecord(record: JournalRecord): string {
  switch (record.kind) {
    case 'header': {
      const { format, began, nonce, fingerprint } = record;
      return seal(textOf([['journal', 'inform-score'], ...entries({ format, began, nonce, ...fingerprint })]));
    }
    case 'inputs':
      return seal(textOf([['inputs', record.inputs]]));
    case 'end': {
      const { rows, output, rejects } = record;
      return seal(textOf([['end', { rows, output, rejects }]]));
    }
    default:
      return seal(rowText(record));
  }
}

/** The record of a line (without its line break), every field checked; undefined where the line is not as it was written. */
export function decodeRecord(line: Buffer): JournalRecord | InvalidRecord | undefined {
  const body = unseal(line);
  if (body === undefined) return undefined;
  if (!isUtf8(line)) return invalid('it is not valid UTF-8');
  return rowOf(body) ?? otherOf(body);
}

const ROW_START = '{"row": ';
const KINDS = { score: ', "result": ', reject: ', "reject": ' } as const;

function rowText({ kind, row, digest, tokens, truncated, holdsSpecialText, json }: RowRecord): string {
  const facts = kind === 'score' ? `, "tokens": ${tokens}` : '';
  const flags = `${truncated ? ', "truncated": true' : ''}${holdsSpecialText ? ', "special": true' : ''}`;
  return `${ROW_START}${row}, "digest": "${digest}"${facts}${flags}${KINDS[kind]}${json}`;
}

/** The last member is cut out and not parsed: an id must stay as it is written, 12345678901234567890 or 1.0. */
function rowOf(body: string): RowRecord | InvalidRecord | undefined {
  if (!body.startsWith(ROW_START)) return undefined;
  const found = (['score', 'reject'] as const)
    .map((kind) => ({ kind, at: body.indexOf(KINDS[kind]) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0]; // what comes later stands inside the member
  if (found === undefined) return invalid('it is a row with neither a result nor a reject');
  const { kind, at } = found;
  const facts = objectOf(parse(`${body.slice(0, at)}}`));
  if (facts === undefined) return invalid('it is not JSON');
  const { row, digest, tokens = 0, truncated = false, special: holdsSpecialText = false } = facts;
  const record = { kind, row, digest, tokens, truncated, holdsSpecialText, json: body.slice(at + KINDS[kind].length) };
  const problem = invalidRow(record);
  return problem === undefined ? (record as RowRecord) : invalid(problem);
}

function otherOf(body: string): JournalRecord | InvalidRecord {
  const members = objectOf(parse(`${body}}`));
  if (members === undefined) return invalid('it is not JSON');
  const { journal, end, format, began, nonce, ...rest } = members;
  if (journal !== undefined) {
    const header = { kind: 'header', format, began, nonce, fingerprint: rest };
    const problem = format === JOURNAL_FORMAT ? invalidHeader(header) : otherFormat(format);
    return problem === undefined ? (header as unknown as HeaderRecord) : invalid(problem);
  }
  if (end !== undefined) {
    const problem = invalidEnd(end);
    return problem === undefined ? { kind: 'end', ...(end as Omit<EndRecord, 'kind'>) } : invalid(problem);
  }
  const problem = invalidInputs(rest['inputs']);
  return problem === undefined ? { kind: 'inputs', inputs: rest['inputs'] as InputFingerprint[] } : invalid(problem);
}

function otherFormat(format: unknown): string {
  return `its format is ${shown(format)}, and this version reads format ${JOURNAL_FORMAT}`;
}

function invalid(problem: string): InvalidRecord {
  return { kind: 'invalid', problem };
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** What the checksum covers: all members, with neither the closing brace nor the checksum. */
function textOf(members: readonly (readonly [name: string, value: unknown])[]): string {
  return jsonLine(members.map(([name, value]) => [name, JSON.stringify(value)])).slice(0, -2);
}

function entries(members: Readonly<Record<string, unknown>>): [name: string, value: unknown][] {
  return Object.entries(members).filter(([, value]) => value !== undefined);
}

const SEAL = /, "crc": "([0-9a-f]{8})"\}$/;
const SEAL_LENGTH = ', "crc": "00000000"}'.length;

function seal(body: string): string {
  return `${body}, "crc": "${checksum(body)}"}\n`;
}

function unseal(line: Buffer): string | undefined {
  const end = line.length - SEAL_LENGTH;
  const written = SEAL.exec(line.toString('latin1', Math.max(end, 0)))?.[1];
  const body = line.subarray(0, Math.max(end, 0));
  return written !== undefined && written === checksum(body) ? body.toString('utf8') : undefined;
}

function checksum(body: string | Buffer): string {
  return crc32(body).toString(16).padStart(8, '0');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
