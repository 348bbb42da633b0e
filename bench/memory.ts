// Peak memory of a run over a million short rows against one over ten thousand, with the command line and the tiny model:
// `npm run bench -- memory [-- --rows 1000000]`. Linux only: it reads /proc. Ten minutes and more on two cores. Writes its section
// of RESULTS.md.

import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '#src/util/package-root.js';
import { log } from './support/log.js';
import { tinyModel } from './support/models.js';
import { table, writeSection } from './support/results-file.js';

const BAR_MB = 150;
const POLL_MS = 50;

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
    const found = { rows, ...(await peakOf(input)) };
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

/** Runs the command line over a file. The kernel keeps a process's peak (VmHWM); it is read until the process is gone. */
async function peakOf(input: string): Promise<{ megabytes: number; seconds: number }> {
  const cli = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
  const start = performance.now();
  const child = spawn(process.execPath, [cli, input, '-m', model, '-o', `${input}.scores`, '--progress', 'none'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let kilobytes = 0;
  const timer = setInterval(() => {
    // Its own peak, and that of the process in which it evaluates.
    const processes = [child.pid, ...childrenOf(child.pid)];
    kilobytes = Math.max(
      kilobytes,
      processes.reduce<number>((sum, pid) => sum + peakSoFar(pid), 0),
    );
  }, POLL_MS);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`the run over ${input} ended with ${code}`);
  return { megabytes: kilobytes / 1024, seconds: (performance.now() - start) / 1000 };
}

function childrenOf(pid: number | undefined): number[] {
  try {
    return (readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').match(/\d+/g) ?? []).map(Number);
  } catch {
    return []; // it has just ended
  }
}

function peakSoFar(pid: number | undefined): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0);
  } catch {
    return 0; // it has just ended
  }
}
