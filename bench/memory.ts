// Peak memory of a run over a million short rows against one over ten thousand, with the command line and the tiny model:
// `npm run bench -- memory [-- --rows 1000000]`. Linux only: it reads /proc. Ten minutes and more on two cores. Writes its section
// of RESULTS.md.

import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { log } from './support/log.js';
import { tinyModel } from './support/models.js';
import { peakOfCli } from './support/peak.js';
import { table, writeSection } from './support/results-file.js';

const BAR_MB = 150;

const { values: flags } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
const most = Number(flags.rows);
if (!Number.isInteger(most) || most < 10_000) throw new Error('--rows takes a whole number of at least 10000');

const model = (await tinyModel()).path;
const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-memory-'));
try {
  const peaks: { rows: number; megabytes: number; seconds: number }[] = [];
  for (const rows of new Set([10_000, Math.min(100_000, most), most])) {
    const input = path.join(folder, `${rows}.jsonl`);
    await writeRows(input, rows);
    const found = { rows, ...(await peakOfCli([input, '-m', model, '-o', `${input}.scores`, '--progress', 'none'])) };
    log(`${rows} rows: ${found.megabytes.toFixed(0)} MB, ${found.seconds.toFixed(0)} s`);
    peaks.push(found);
    rmSync(input);
  }
  const growth = (peaks.at(-1)?.megabytes ?? NaN) - (peaks[0]?.megabytes ?? NaN);
  const rows = peaks.map(({ rows, megabytes, seconds }) => [String(rows), megabytes.toFixed(0), seconds.toFixed(0)]);
  const body = `Peak resident memory of \`inform-score rows.jsonl -m tiny.gguf -o scores.jsonl\`, rows of a few words, all different. The largest input took ${growth.toFixed(0)} MB more than the smallest; the bar is ${BAR_MB} MB.\n\n${table(['rows', 'peak MB', 'seconds'], rows)}`;
  writeSection('Memory', `npm run bench -- memory --rows ${most}`, body);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function writeRows(file: string, rows: number): Promise<void> {
  const stream = createWriteStream(file);
  for (let id = 0; id < rows; id++) {
    const line = `${JSON.stringify({ id, instruction: `Say ${id}.`, output: `${id}` })}\n`;
    if (!stream.write(line)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
}
