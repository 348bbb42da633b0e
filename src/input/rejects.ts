/** Where a run writes the rows that it could not score, beside its output. */
export function rejectsOf(output: string): string {
  return `${output}.rejects.jsonl`;
}

/** Why a row was rejected without what differs from row to row: numbers, and the character that was not expected. */
export function rejectKind(reason: string): string {
  return reason.replace(/\d+|unexpected .*/g, '#');
}
