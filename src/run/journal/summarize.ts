import type { FileHandle } from 'node:fs/promises';
import type { Fingerprint, InputFingerprint } from './fingerprint.js';
import { JOURNAL_FORMAT, type EndRecord, type JournalRecord } from './records.js';
import { scanJournal, type Damage } from './read-records.js';

/** What an earlier run left. */
export interface FoundRun {
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
export async function surveyJournal(file: FileHandle, name: string): Promise<FoundRun | 'unreadable' | undefined> {
  const scan = scanJournal(file, name);
  let found: FoundRun | undefined;
  for (;;) {
    const { done, value } = await scan.next();
    if (done === true) {
      if (found) return { ...found, damage: value };
      // A first line that was cut off is a run that had not begun.
      return value?.last === false ? 'unreadable' : undefined;
    }
    const { record, end } = value;
    if (record.kind === 'header' && record.format !== JOURNAL_FORMAT) return 'unreadable';
    found = note(found, record);
    if (found) found.bytes = end;
  }
}

function note(found: FoundRun | undefined, record: JournalRecord): FoundRun | undefined {
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
