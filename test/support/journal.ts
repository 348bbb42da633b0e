import { InformError } from '#src/errors.js';
import type { InputRow } from '#src/input/rows.js';
import type { Fingerprint } from '#src/run/journal/fingerprint-types.js';
import type { RowRecord } from '#src/run/journal/records.js';
import { JournaledOutput, type JournaledOptions } from '#src/run/output/journaled-output.js';

/** What a run over one input is begun with; `changes` make it another run. */
export function fingerprint(changes: Partial<Fingerprint> = {}): Fingerprint {
  return {
    version: '1.2.3',
    model: { file: 'model.gguf', bytes: 1000, modified: '2026-11-25T00:00:00.000Z', digest: 'aa' },
    options: { max_length: 4096, deterministic: false },
    inputs: [{ file: 'in.jsonl', bytes: 99, sha256: 'bb' }],
    ...changes,
  };
}

export function openJournaled(output: string, options: Partial<JournaledOptions> = {}): Promise<JournaledOutput> {
  const flags = { overwrite: false, restart: false, followAppended: false, keepJournal: false, reads: [] };
  return JournaledOutput.open(output, { ...flags, ...options });
}

/** The n-th row of a made-up input; every seventh is a bad one. */
export function inputRow(row: number): InputRow {
  const place = { file: 'in.jsonl', line: row + 1, row, bytes: row * 10 };
  if (isBad(row)) {
    return {
      ok: false,
      ...place,
      error: new InformError('INFORM_INVALID_SAMPLE', 'no'),
      id: undefined,
      text: `bad ${row}`,
    };
  }
  return { ok: true, ...place, value: {}, id: { value: row, json: String(row) }, text: `{"id": ${row}}` };
}

function isBad(row: number): boolean {
  return row % 7 === 3;
}

/** Records the results of rows `from` to before `to`. */
export async function addRows(output: JournaledOutput, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at++) {
    const row = inputRow(at);
    if (row.ok) {
      const sample = { idJson: row.id?.json ?? '', score: at / 8, tokens: 10, truncated: at % 5 === 0 };
      await output.score(row, { ...sample, holdsSpecialText: at % 11 === 0 });
    } else await output.reject(row, row.error);
  }
}

/** What the output holds for rows 0 to before `count`. */
export function scoreLines(count: number): string {
  const rows = Array.from({ length: count }, (_, row) => row).filter((row) => !isBad(row));
  return rows.map((row) => `{"id": ${row}, "score": ${row / 8}}\n`).join('');
}

export async function finishedRows(output: JournaledOutput): Promise<RowRecord[]> {
  const records: RowRecord[] = [];
  for await (const record of output.finished()) records.push(record);
  return records;
}
