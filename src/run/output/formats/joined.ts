import { InformError } from '../../../errors.js';
import { membersOf } from '../../../input/json-scan.js';
import type { InputRow } from '../../../input/rows.js';
import { jsonLine } from '../../../util/files/file-errors.js';
import { rowDigest, type RowRecord } from '../../journal/records.js';
import { parseResultLine } from '../results.js';
import { scoreMembers } from '../row-scores.js';

/** Members of an object, the values as JSON that is written as it is. */
export type Members = [name: string, json: string][];

/** What --join adds to a row; a row that has one of these itself cannot be joined. */
export const ADDED = ['score', 'scores', 'margin', 'reject_reason'];

/** A result, and the input's row that it is of. */
export interface JoinedRow {
  row: InputRow;
  record: RowRecord;
}

/**
 * Results beside the rows that they are of, the input read again.
 *
 * @throws InformError INFORM_INPUT_CHANGED where a row is not the one that was scored
 */
export async function* joined(
  results: AsyncIterable<RowRecord>,
  rows: AsyncGenerator<InputRow>,
): AsyncGenerator<JoinedRow> {
  try {
    for await (const record of results) {
      const next = await rows.next();
      const row = next.done === true ? undefined : next.value;
      if (row?.row !== record.row || rowDigest(row) !== record.digest) {
        throw new InformError(
          'INFORM_INPUT_CHANGED',
          `Row ${record.row} of the input is not the one that was scored: it changed. Restore it and run the same command again.`,
        );
      }
      yield { row, record };
    }
  } finally {
    await rows.return(undefined);
  }
}

/** What a result adds to its row. */
export function addedMembers({ kind, json }: RowRecord): Members {
  if (kind === 'score') return scoreMembers(parseResultLine(json).score);
  return rejectedMembers((JSON.parse(json) as { reason: string }).reason);
}

export function rejectedMembers(reason: string): Members {
  return [
    ['score', 'null'],
    ['reject_reason', JSON.stringify(reason)],
  ];
}

/** The row as it is written, with more members at its end; what is no object stands in "row", as a text. */
export function joinedLine(row: InputRow, added: Members): string {
  const body = objectText(row)?.slice(0, -1).trimEnd();
  if (body === undefined) return jsonLine([['row', JSON.stringify(row.text ?? null)], ...added]);
  const rest = added.map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(', ');
  return `${body === '{' ? body : `${body}, `}${rest}}\n`;
}

/** The row's members with those that are added. */
export function joinedMembers(row: InputRow, added: Members): Members {
  const text = objectText(row);
  return [
    ...(text === undefined ? [['row', JSON.stringify(row.text ?? null)] as Members[0]] : membersOf(text)),
    ...added,
  ];
}

/** An object's text on one line: line breaks stand only between the tokens of JSON. */
function objectText(row: InputRow): string | undefined {
  if (!row.ok || typeof row.value !== 'object' || row.value === null || Array.isArray(row.value)) return undefined;
  return row.text.trim().replace(/[\r\n]+/g, ' ');
}
