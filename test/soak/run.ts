/**
 * `npm run soak -- [--samples 200000] [--probes 1000] [--model demo] [--threads auto] [--json]`: one long run of the CLI over
 * short samples. Watches memory and open files of the process and of those it starts, and compares the scores of a few samples
 * that come again and again. Exit code 1 where memory or open files grow, or a score drifts. Linux.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { packageRoot } from '#src/util/package-root.js';
import { Random } from '../support/random.js';

const { values } = parseArgs({
  options: {
    samples: { type: 'string', default: '200000' },
    probes: { type: 'string', default: '1000' },
    model: { type: 'string', default: 'demo' },
    threads: { type: 'string', default: 'auto' },
    json: { type: 'boolean', default: false },
  },
});
const samples = Number(values.samples);
const probes = Math.min(Number(values.probes), samples);

/** The same sample twice within a window is computed once; so each probe comes again only beyond it. */
const WINDOW = 256;
/** What may be more in the last quarter of the run than in the second: the allocators' slack. */
const MAX_GROWTH = 1.1;

const spacing = Math.floor(samples / probes);
const distinctProbes = Math.ceil(WINDOW / spacing) + 1;
const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-soak-'));
try {
  const input = path.join(folder, 'input.jsonl');
  const output = path.join(folder, 'output.jsonl');
  await writeInput(input);
  const start = performance.now();
  const usage = await runAndWatch(input, output);
  const seconds = (performance.now() - start) / 1000;
  const { scored, drift } = await compareProbes(output);
  const memoryGrowth = growth(usage.map(({ bytes }) => bytes));
  const openFilesGrowth = growth(usage.map(({ files }) => files));
  const ok = scored === samples && drift === 0 && memoryGrowth <= MAX_GROWTH && openFilesGrowth <= 1;
  const report = {
    samples,
    scored,
    seconds: Math.round(seconds),
    megabytes: quarters(usage.map(({ bytes }) => bytes / 1e6)),
    memoryGrowth: Number(memoryGrowth.toFixed(3)),
    openFiles: quarters(usage.map(({ files }) => files)),
    probes,
    distinctProbes,
    drift,
    ok,
  };
  process.stdout.write(`${JSON.stringify(report, undefined, values.json ? undefined : 2)}\n`);
  process.exitCode = ok ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function isProbe(row: number): boolean {
  return row % spacing === 0 && row / spacing < probes;
}

function probeOf(row: number): number {
  return (row / spacing) % distinctProbes;
}

async function writeInput(input: string): Promise<void> {
  const random = new Random(1);
  const file = await open(input, 'w');
  let lines = '';
  for (let row = 0; row < samples; row++) {
    const text = isProbe(row) ? `probe ${probeOf(row)}` : `${row} and ${random.below(1e6)}`;
    lines += `${JSON.stringify({ id: row, instruction: `Say ${text}.`, output: `Well: ${text}!` })}\n`;
    if (lines.length > 2 ** 20 || row === samples - 1) {
      await file.write(lines);
      lines = '';
    }
  }
  await file.close();
}

interface Usage {
  bytes: number;
  files: number;
}

/** Looks at the run twice a second while it scores. */
async function runAndWatch(input: string, output: string): Promise<Usage[]> {
  const cli = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
  const flags = ['--deterministic', '--window', String(WINDOW), '--threads', values.threads];
  const child = spawn(process.execPath, [cli, input, '-m', values.model, '-o', output, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const usage: Usage[] = [];
  while (child.exitCode === null && child.signalCode === null) {
    const processes = await withChildren(child.pid ?? 0);
    const all = await Promise.all(processes.map(usageOf));
    const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
    if (bytes > 0) usage.push({ bytes, files: all.reduce((sum, one) => sum + one.files, 0) });
    await delay(500);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`the run ended with ${String(code)}`);
  return usage;
}

async function withChildren(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return [pid, ...text.trim().split(' ').filter(Boolean).map(Number)];
}

async function usageOf(pid: number): Promise<Usage> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  return { bytes: 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0), files: files.length };
}

/** How many lines the output has, and the largest difference between two scores of the same probe. */
async function compareProbes(output: string): Promise<{ scored: number; drift: number }> {
  const first = new Map<number, number>();
  let scored = 0;
  let drift = 0;
  for await (const line of createInterface({ input: createReadStream(output) })) {
    scored++;
    const { id, score } = JSON.parse(line) as { id: number; score: number };
    if (!isProbe(id)) continue;
    const expected = first.get(probeOf(id));
    if (expected === undefined) first.set(probeOf(id), score);
    else drift = Math.max(drift, Math.abs(score - expected));
  }
  return { scored, drift };
}

/** The medians of the four quarters of a run. */
function quarters(all: readonly number[]): number[] {
  return [0, 1, 2, 3].map((quarter) => {
    const part = all.slice((quarter * all.length) / 4, ((quarter + 1) * all.length) / 4).toSorted((a, b) => a - b);
    return Number((part[Math.floor(part.length / 2)] ?? 0).toFixed(1));
  });
}

/** The last quarter over the second: the first one is still warming up. */
function growth(all: readonly number[]): number {
  const [, second = 0, , last = 0] = quarters(all);
  return second === 0 ? Infinity : last / second;
}
