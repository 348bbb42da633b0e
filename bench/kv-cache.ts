// What the F32 KV cache costs on the CPU against an F16 one: `npm run bench -- kv-cache [--pairs N] [--rows N] [MODEL.gguf]…`, with the
// embedded model in F16, and further models of 16 bits or more. By turns in one process, every other pair backwards. CPU seconds
// count, which other work on the machine disturbs less than the clock. Prints its table.

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { RewardModel, type Sample } from '#src/index.js';
import { embeddedModel } from '#src/models/embedded-model.js';
import { dequantizedCopy } from '../test/support/models/dequantize.js';
import { sftLines } from './support/datasets.js';
import { table } from './support/results-file.js';
import { spreadOf } from './support/statistics.js';

const CACHES = ['f32', 'f16'] as const;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '5' }, rows: { type: 'string', default: '64' } },
});

const work = mkdtempSync(path.join(os.tmpdir(), 'inform-score-kv-'));
try {
  const mini = await dequantizedCopy(await embeddedModel(), path.join(work, 'inform-mini-f16.gguf'), 'F16');
  const samples = sftLines()
    .slice(0, Number(values.rows))
    .map((row) => JSON.parse(row) as Sample);
  const rows = [];
  for (const model of [mini, ...positionals]) rows.push(await race(model, samples, Number(values.pairs)));
  console.log(table(['model', 'CPU seconds, F32 cache', 'F16 cache', 'ratio', 'of each pair'], rows));
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function race(file: string, samples: readonly Sample[], pairs: number): Promise<string[]> {
  await using f32 = await RewardModel.load(file, { gpuLayers: 0, kvType: 'f32' });
  await using f16 = await RewardModel.load(file, { gpuLayers: 0, kvType: 'f16' });
  const models = { f32, f16 };
  const seconds: Record<(typeof CACHES)[number], number[]> = { f32: [], f16: [] };
  for (let pair = -1; pair < pairs; pair++) {
    for (const cache of pair % 2 === 0 ? CACHES : CACHES.toReversed()) {
      const start = process.cpuUsage();
      for await (const { score } of models[cache].scoreAll(samples))
        if (!Number.isFinite(score)) throw new Error('no score');
      const { user, system } = process.cpuUsage(start);
      // The first turn of each brings weights and code into memory.
      if (pair >= 0) seconds[cache].push((user + system) / 1e6);
    }
  }
  const ratios = seconds.f32.map((value, pair) => value / (seconds.f16[pair] ?? NaN));
  const median = (list: number[]): number => spreadOf(list)?.median ?? NaN;
  return [
    path.basename(file),
    median(seconds.f32).toFixed(2),
    median(seconds.f16).toFixed(2),
    median(ratios).toFixed(3),
    ratios.map((ratio) => ratio.toFixed(3)).join(', '),
  ];
}
