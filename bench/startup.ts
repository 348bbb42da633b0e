// How long a user waits before anything happens: `npm run bench -- startup`. Writes its section of RESULTS.md.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packageRoot } from '#src/util/package-root.js';
import { syntheticModel } from './support/models.js';
import { table, writeSection } from './support/results-file.js';
import { spreadOf } from './support/statistics.js';

const ROUNDS = 11;
const CLI = path.join(packageRoot(), 'dist', 'cli', 'bin.js');

const model = (await syntheticModel()).path;
const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-startup-'));
try {
  const input = path.join(folder, 'one.jsonl');
  writeFileSync(input, '{"id":1,"instruction":"What is the capital of France?","output":"Paris."}\n');
  const rows = [
    await row('`node -e 0`, which every start pays', ['-e', '0'], ''),
    await row('`inform-score --help`, to its end', [CLI, '--help'], '150'),
    await row('first score of `inform-score one.jsonl -m 1.2B.gguf`', [CLI, input, '-m', model], '1000'),
  ];
  const note = `The 1.2B model (0.8 GB) is in the page cache. Median of ${ROUNDS} runs after one to warm up (fastest to slowest).`;
  writeSection('Start-up', 'npm run bench -- startup', `${note}\n\n${table(['what', 'milliseconds', 'bar'], rows)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function row(what: string, args: readonly string[], bar: string): Promise<string[]> {
  await untilOutput(args);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await untilOutput(args));
  const { median = NaN, min = NaN, max = NaN } = spreadOf(times) ?? {};
  return [what, `${median.toFixed(0)} (${min.toFixed(0)} to ${max.toFixed(0)})`, bar];
}

/** Milliseconds from starting node to the last of its output, which is its only one. */
async function untilOutput(args: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let at: number | undefined;
  child.stdout.on('data', () => (at = performance.now()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`);
  return (at ?? performance.now()) - start;
}
