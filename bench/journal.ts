// What keeping and syncing the journal costs: `npm run bench -- journal`. Writes its section of RESULTS.md.

import { mkdtempSync, rmSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { encodeRecord } from '#src/run/journal/records.js';
import { JournalWriter } from '#src/run/journal/writer.js';
import { table, writeSection } from './support/results-file.js';
import { spreadOf } from './support/statistics.js';

const ROWS = 50_000;
const ROUNDS = 3;

type Variant = 'synced' | 'not synced' | 'a write for every row';

const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-journal-'));
try {
  const variants: Variant[] = ['synced', 'not synced', 'a write for every row'];
  const seconds = new Map<Variant, number[]>(variants.map((variant) => [variant, []]));
  // In turns, so that what else the machine does meets all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const variant of variants) seconds.get(variant)?.push(await secondsFor(variant, `${round}-${variant}`));
  }
  const median = (variant: Variant): number => spreadOf(seconds.get(variant) ?? [])?.median ?? NaN;
  const base = median('not synced');
  const rows = variants.map((variant) => {
    const taken = median(variant);
    return [
      variant,
      ((1e6 * taken) / ROWS).toFixed(2),
      Math.round(ROWS / taken).toLocaleString('en-US'),
      (taken / base).toFixed(2),
    ];
  });
  const note = `${ROWS.toLocaleString('en-US')} rows as fast as they are taken, to the last sync; median of ${ROUNDS} rounds.`;
  const heads = ['journal', 'µs a row', 'rows/s', 'ratio to not synced'];
  writeSection('The journal', 'npm run bench -- journal', `${note}\n\n${table(heads, rows)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function secondsFor(variant: Variant, name: string): Promise<number> {
  const file = await open(path.join(folder, name), 'a+');
  try {
    const writer = new JournalWriter(variant === 'synced' ? file : withoutSync(file), {
      name,
      check: () => Promise.resolve(),
    });
    const start = performance.now();
    for (let row = 0; row < ROWS; row++) {
      const line = encodeRecord({
        kind: 'score',
        row,
        digest: '0123456789abcdef',
        tokens: 400,
        truncated: false,
        holdsSpecialText: false,
        json: `{"id": ${row}, "score": ${row / 7}}`,
      });
      if (variant === 'a write for every row') await file.appendFile(line);
      else await writer.append(line);
    }
    await writer.sync();
    return (performance.now() - start) / 1000;
  } finally {
    await file.close();
  }
}

function withoutSync(file: FileHandle): FileHandle {
  return { write: file.write.bind(file), datasync: () => Promise.resolve() } as unknown as FileHandle;
}
