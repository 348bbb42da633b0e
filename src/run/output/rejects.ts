import type { InformError } from '../../errors.js';
import type { InputRow } from '../../input/rows.js';
import { jsonLine } from '../../util/files/file-errors.js';

/** A larger row is named but not repeated. */
const MAX_SAMPLE_BYTES = 1e6;

/** A row that was not scored and why, as a JSON object on a line of its own. */
export function rejectLine(row: InputRow, error: InformError): string {
  const members: [string, string][] = [
    ['file', JSON.stringify(row.file)],
    ['line', String(row.line)],
    ['row', String(row.row)],
  ];
  if (row.id !== undefined) members.push(['id', row.id.json]);
  members.push(['code', JSON.stringify(error.code)], ['reason', JSON.stringify(error.message)]);
  if (row.text !== undefined && Buffer.byteLength(row.text) <= MAX_SAMPLE_BYTES) {
    members.push(['sample', JSON.stringify(row.text)]);
  }
  return jsonLine(members);
}

/** A rejected row in the place of its result. */
export function rejectedLine(row: InputRow, error: InformError): string {
  return jsonLine([
    ['id', row.id?.json ?? String(row.row)],
    ['score', 'null'],
    ['error', JSON.stringify(error.message)],
  ]);
}
