// What it costs to evaluate in a process of its own: `npm run bench -- supervision`. The same file with the small model of random weights, whose tokens
// are the cheapest there are, in one process and in two, by turns. Writes its section of RESULTS.md.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from './support/child.js';
import { sftLines } from './support/datasets.js';
import { log } from './support/log.js';
import { tinyModel } from './support/models.js';
import { table, writeSection } from './support/results-file.js';
import { spreadOf, type Spread } from './support/statistics.js';
import type { SupervisionTrial } from './trials/supervision.js';

const ROUNDS = 9;
const SCRIPT = fileURLToPath(new URL('trials/supervision.js', import.meta.url));

interface Measured extends SupervisionTrial {
  /** From the process's start to its end. */
  wallSeconds: number;
  /** User and system time of all its processes. */
  totalCpuSeconds: number;
}

const model = (await tinyModel()).path;
const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-supervision-'));
try {
  const one = path.join(folder, 'one.jsonl');
  writeFileSync(one, '{"instruction":"What is the capital of France?","output":"Paris."}\n');
  const many = path.join(folder, 'many.jsonl');
  writeFileSync(many, usableRows());
  const long = await compare(many);
  const short = await compare(one);
  const rows = [
    ['tokens a second, 804 rows of sft', ...cells(ratios(long, ({ tokens, seconds }) => tokens / seconds))],
    ['wall time, 804 rows of sft', ...cells(ratios(long, ({ wallSeconds }) => wallSeconds))],
    ['CPU time of all processes, 804 rows of sft', ...cells(ratios(long, ({ totalCpuSeconds }) => totalCpuSeconds))],
    ['wall time, one row', ...cells(ratios(short, ({ wallSeconds }) => wallSeconds))],
  ];
  const inOther = long.map(([, other]) => other);
  const median = (pick: (trial: Measured) => number): number => spreadOf(inOther.map(pick))?.median ?? NaN;
  const more = spreadOf(short.map(([own, other]) => 1000 * (other.wallSeconds - own.wallSeconds)));
  const body = [
    `Ratios of two processes to one, by turns, ${ROUNDS} rounds after one to warm up: median (smallest to largest).`,
    table(['what', 'two processes / one'], rows),
    `With one row the second process takes ${more?.median.toFixed(0)} ms (${more?.min.toFixed(0)} to ${more?.max.toFixed(0)}) of the start. ` +
      `Over ${inOther[0]?.tokens} tokens the supervisor took ${(100 * median(({ cpuSeconds, seconds }) => cpuSeconds / seconds)).toFixed(1)} % of one core, ` +
      `and the engine was idle ${(100 * median(({ idleSeconds, seconds }) => idleSeconds / seconds)).toFixed(1)} % of the time, the first batch's preparation included.`,
  ];
  writeSection('Supervision', 'npm run bench -- supervision', body.join('\n\n'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Pairs of trials, each in one process and in two. */
async function compare(input: string): Promise<(readonly [Measured, Measured])[]> {
  const pairs: (readonly [Measured, Measured])[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const pair = [await trial('own', input), await trial('other', input)] as const;
    const [own, other] = pair;
    log(
      `${path.basename(input)}: ${own.wallSeconds.toFixed(2)} s in one process, ${other.wallSeconds.toFixed(2)} s in two`,
    );
    if (round > 0) pairs.push(pair);
  }
  return pairs;
}

async function trial(where: 'own' | 'other', input: string): Promise<Measured> {
  const start = performance.now();
  const { stdout, cpuSeconds = NaN } = await runChild(process.execPath, [SCRIPT, where, model, input]);
  const wallSeconds = (performance.now() - start) / 1000;
  return { ...(JSON.parse(stdout) as SupervisionTrial), wallSeconds, totalCpuSeconds: cpuSeconds };
}

function ratios(pairs: readonly (readonly [Measured, Measured])[], pick: (trial: Measured) => number): Spread {
  const spread = spreadOf(pairs.map(([own, other]) => pick(other) / pick(own)));
  if (!spread) throw new Error('nothing ran');
  return spread;
}

function cells({ median, min, max }: Spread): string[] {
  return [`${median.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`];
}

/** The rows that can be scored: an answer of sft is empty. */
function usableRows(): string {
  return sftLines()
    .filter((line) => (JSON.parse(line) as { output: string }).output !== '')
    .map((line) => `${line}\n`)
    .join('');
}
