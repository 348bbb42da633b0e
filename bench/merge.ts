// Memory and speed of merging a run's folder, with made-up journals: `npm run bench -- merge --rows 10000000`. Writes its section of
// RESULTS.md.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { encodeRecord, JOURNAL_FORMAT } from '#src/run/journal/records.js';
import type { Fingerprint } from '#src/run/journal/fingerprint-types.js';
import { makeRunRecord } from '#src/run/shards/run-record.js';
import { shardBase } from '#src/run/shards/shard-task.js';
import { formatShard } from '#src/run/shards/shard.js';
import { packageRoot } from '#src/util/package-root.js';
import { log } from './support/log.js';
import { table, writeSection } from './support/results-file.js';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '10000000' }, shards: { type: 'string', default: '512' } },
});
const [rows, count] = [Number(values.rows), Number(values.shards)];

const FINGERPRINT: Fingerprint = {
  version: '0.1.0',
  model: { file: 'model.gguf', bytes: 1, modified: '2026-11-28T00:00:00.000Z', digest: 'aa', content: 'bb' },
  options: { deterministic: true },
  inputs: [{ file: 'in.jsonl', bytes: 1, sha256: 'cc' }],
};

const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-merge-'));
try {
  const starts = Array.from({ length: count + 1 }, (_, i) => Math.floor((i * rows) / count));
  const ranges = starts.slice(1).map((to, i) => ({ from: starts[i] ?? 0, to, total: rows }));
  await makeRunRecord(folder, { fingerprint: FINGERPRINT, ranges });
  let bytes = 0;
  for (const [i, range] of ranges.entries()) bytes += await writeJournal(i + 1, range);
  log(`${(bytes / 1e9).toFixed(2)} GB of journals`);
  const { seconds, megabytes, output } = await merge();
  const body = table(
    ['rows', 'shards', 'journals', 'output', 'seconds', 'rows/s', 'most memory'],
    [
      [
        rows.toLocaleString('en-US'),
        String(count),
        `${(bytes / 1e9).toFixed(2)} GB`,
        `${(output / 1e9).toFixed(2)} GB`,
        seconds.toFixed(0),
        Math.round(rows / seconds).toLocaleString('en-US'),
        `${megabytes.toFixed(0)} MB`,
      ],
    ],
  );
  writeSection('Merging', `npm run bench -- merge --rows ${rows} --shards ${count}`, body);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Gives its size. */
async function writeJournal(index: number, range: { from: number; to: number; total: number }): Promise<number> {
  const file = createWriteStream(`${shardBase(folder, index)}.t1.journal`, { highWaterMark: 2 ** 20 });
  const shard = formatShard({ index, count, range });
  const header = { kind: 'header', format: JOURNAL_FORMAT, began: '', fingerprint: { ...FINGERPRINT, shard } } as const;
  file.write(encodeRecord(header));
  const output = createHash('sha256');
  for (let row = range.from; row < range.to; row++) {
    const json = `{"id": ${row}, "score": ${(row % 1000) / 64}}`;
    output.update(`${json}\n`);
    const flags = { truncated: false, holdsSpecialText: false };
    const line = encodeRecord({ kind: 'score', row, digest: '0123456789abcdef', tokens: 500, ...flags, json });
    if (!file.write(line)) await once(file, 'drain');
  }
  file.end(encodeRecord({ kind: 'end', rows: range.total, output: output.digest('hex') }));
  await finished(file);
  return file.bytesWritten;
}

async function merge(): Promise<{ seconds: number; megabytes: number; output: number }> {
  const cli = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
  const target = path.join(folder, 'merged.jsonl');
  const began = performance.now();
  const child = spawn(process.execPath, [cli, 'merge', folder, '-o', target], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let kilobytes = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
      kilobytes = Math.max(kilobytes, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // it has just ended
    }
  }, 200);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(watch);
  if (code !== 0) throw new Error(`merge ended with ${code}.`);
  const { size } = statSync(target);
  return { seconds: (performance.now() - began) / 1000, megabytes: kilobytes / 1024, output: size };
}
