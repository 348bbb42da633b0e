/** A row of a run's rejects (run/output/rejects.ts): a row that was not scored, why, and what it said. */
export interface RejectRecord {
  /** Where the row stood. */
  readonly file: string;
  readonly line: number;
  /** Its number among all rows of that run, which is its id where it has none. */
  readonly row: number;
  /** The row's text; undefined where it was too large to be repeated, or no text. */
  readonly sample: string | undefined;
}

const FIELDS = ['file', 'line', 'row', 'id', 'code', 'reason', 'sample'];

/** The record that a row is; undefined for any other row. */
export function rejectRecordOf(value: unknown): RejectRecord | undefined {
  if (typeof value !== 'object' || value === null || !('code' in value && 'reason' in value)) return undefined;
  const { file, line, row, code, reason, sample } = value as Record<string, unknown>;
  const isOurs =
    typeof code === 'string' &&
    code.startsWith('INFORM_') &&
    typeof reason === 'string' &&
    Object.keys(value).every((key) => FIELDS.includes(key));
  if (!isOurs || typeof file !== 'string' || typeof line !== 'number' || typeof row !== 'number') return undefined;
  return { file, line, row, sample: typeof sample === 'string' ? sample : undefined };
}
