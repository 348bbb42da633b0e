import type { FileHandle } from 'node:fs/promises';
import type { Fingerprint, InputFingerprint } from './fingerprint-types.js';
import { JOURNAL_FORMAT, type EndRecord, type JournalRecord } from './records.js';
import { readRecords, type Damage } from './read-records.js';

/** What an earlier run left. */
export interface JournalSummary {
  fingerprint: Fingerprint;
  /** As they were when rows were scored last. */
  inputs: readonly InputFingerprint[];
  /** Rows that are scored or rejected. */
  rows: number;
  /** The last end that the run came to; inputs that grew since may have taken it further. */
  end: EndRecord | undefined;
  /** Whether it came to its end and went no further. */
  complete: boolean;
  /** Where the journal stops being as it was written. All before is good. */
  damage: Damage | undefined;
  /** How many bytes are good. */
  bytes: number;
}

/**
 * Looks a journal through. `undefined` stands for one that holds nothing yet, `'unreadable'` for a file that is no journal, or
 * whose first line is damaged.
 */
export async function summarizeJournal(
  file: FileHandle,
  name: string,
): Promise<JournalSummary | 'unreadable' | undefined> {
  const scan = readRecords(file, name);
  let found: JournalSummary | undefined;
  for (;;) {
    const { done, value } = await scan.next();
    if (done === true) {
      if (found) return { ...found, damage: value };
      // A first line that was cut off is a run that had not begun.
      return value?.last === false ? 'unreadable' : undefined;
    }
    const { record, end } = value;
    if (record.kind === 'header' && record.format !== JOURNAL_FORMAT) return 'unreadable';
    found = withRecord(found, record);
    if (found) found.bytes = end;
  }
}

function withRecord(found: JournalSummary | undefined, record: JournalRecord): JournalSummary | undefined {
  if (record.kind === 'header') {
    const { fingerprint } = record;
    const { inputs } = fingerprint;
    return { fingerprint, inputs, rows: 0, end: undefined, complete: false, damage: undefined, bytes: 0 };
  }
  if (!found) return undefined;
  found.complete = record.kind === 'end';
  if (record.kind === 'end') found.end = record;
  else if (record.kind === 'inputs') found.inputs = record.inputs;
  else found.rows++;
  return found;
}
