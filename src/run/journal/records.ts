import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { jsonLine } from '../../util/files/file-errors.js';
import type { InputRow } from '../../input/rows.js';
import type { Fingerprint, InputFingerprint } from './fingerprint-types.js';

// The journal is JSON Lines for people and programs alike. Every line ends with the CRC-32 of what stands before it, so that
// a changed byte is found; docs/reliability.md shows the lines.

/** Raised when an older version could misread the lines. */
export const JOURNAL_FORMAT = 1;

/** The first line: what the run was begun with. */
export interface HeaderRecord {
  kind: 'header';
  format: number;
  /** ISO 8601. */
  began: string;
  fingerprint: Fingerprint;
}

/** What became of one row of the input. */
export interface RowRecord {
  kind: 'score' | 'reject';
  /** 0-based over all inputs. */
  row: number;
  /** Of the row's text; see `rowDigest`. */
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
export interface InputsRecord {
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

/** A row's digest: 64 bits tell an edited row from the one that was scored. A row without text has its reason for one. */
export function rowDigest(row: InputRow): string {
  const text = row.text ?? (row.ok ? '' : row.error.message);
  return hash('sha256', text, 'hex').slice(0, 16);
}

/** A record as the journal's line, with its line break. */
export function encodeRecord(record: JournalRecord): string {
  switch (record.kind) {
    case 'header': {
      const { format, began, fingerprint } = record;
      return seal(textOf([['journal', 'inform-score'], ...entries({ format, began, ...fingerprint })]));
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

/** The record of a line (without its line break); undefined where the line is not as it was written. */
export function decodeRecord(line: Buffer): JournalRecord | undefined {
  const body = unseal(line);
  return body === undefined ? undefined : (rowOf(body) ?? otherOf(body));
}

const ROW_START = '{"row": ';
const KINDS = { score: ', "result": ', reject: ', "reject": ' } as const;

function rowText({ kind, row, digest, tokens, truncated, holdsSpecialText, json }: RowRecord): string {
  const facts = kind === 'score' ? `, "tokens": ${tokens}` : '';
  const flags = `${truncated ? ', "truncated": true' : ''}${holdsSpecialText ? ', "special": true' : ''}`;
  return `${ROW_START}${row}, "digest": "${digest}"${facts}${flags}${KINDS[kind]}${json}`;
}

/** The last member is cut out and not parsed: an id must stay as it is written, 12345678901234567890 or 1.0. */
function rowOf(body: string): RowRecord | undefined {
  if (!body.startsWith(ROW_START)) return undefined;
  const found = (['score', 'reject'] as const)
    .map((kind) => ({ kind, at: body.indexOf(KINDS[kind]) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0]; // what comes later stands inside the member
  if (found === undefined) return undefined;
  const { kind, at } = found;
  const facts = parse(`${body.slice(0, at)}}`) as (Partial<RowRecord> & { special?: boolean }) | undefined;
  if (facts === undefined) return undefined;
  const { row, digest, tokens = 0, truncated = false, special = false } = facts;
  if (row === undefined || digest === undefined) return undefined;
  return { kind, row, digest, tokens, truncated, holdsSpecialText: special, json: body.slice(at + KINDS[kind].length) };
}

function otherOf(body: string): JournalRecord | undefined {
  const members = parse(`${body}}`) as
    | (Omit<HeaderRecord, 'kind' | 'fingerprint'> & Fingerprint & { journal?: string; end?: Omit<EndRecord, 'kind'> })
    | undefined;
  if (members === undefined) return undefined;
  const { journal, end, format, began, ...fingerprint } = members;
  if (journal !== undefined) return { kind: 'header', format, began, fingerprint };
  if (end !== undefined) return { kind: 'end', ...end };
  return { kind: 'inputs', inputs: fingerprint.inputs };
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
