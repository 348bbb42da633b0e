// Products of weights with a micro-batch of activations, as a layer has them: `npm run bench -- products [--rounds N] [--rows N]` measures each
// type of weights with llama.cpp's kernels (its weights repacked, as it does by default) and with ours, by turns, and then scoring as a
// whole with two layers of the 1.2B model. Prints the tables of docs/kernels.md: billions of operations a second, two for a weight and a
// token, on all cores, and seconds.

import { parseArgs } from 'node:util';
import { listDevices } from '#src/addon/device-report.js';
import type { Activations } from '#src/addon/load-addon.js';
import { measureProduct } from '#src/addon/speed.js';
import { GGML_TYPES } from '#src/gguf/types.js';
import { RewardModel, type Sample } from '#src/index.js';
import { physicalCores } from '#src/util/physical-cores.js';
import { sftLines } from './support/datasets.js';
import { twoLayerModel } from './support/models.js';
import { spreadOf } from './support/statistics.js';
import { table } from './support/results-file.js';
import { bestRates, withRatios } from './support/ways.js';

const TYPES = ['Q4_K', 'Q5_K', 'Q6_K', 'Q8_0', 'Q4_0', 'Q5_0', 'IQ4_XS', 'Q3_K', 'Q2_K', 'F16', 'BF16', 'F32'] as const;
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, rows: { type: 'string', default: '60' } },
});
const rounds = Number(values.rounds);
const cpu = (await listDevices()).find(({ type }) => type === 'cpu');
if (cpu === undefined) throw new Error('There is no CPU.');
const amx: Activations[] = cpu.features.includes('INFORM_AMX_KERNELS') ? ['bf16x2'] : [];
const WAYS: readonly Activations[] = ['ggml', 'int8', 'int16', ...amx, 'f32'];

const lines = [];
for (const type of TYPES) {
  const { id } = GGML_TYPES[type];
  const best = await bestRates(WAYS, rounds, (way) =>
    measureProduct(cpu.name, id, physicalCores(), way === 'ggml', way),
  );
  lines.push([type, ...withRatios(best)]);
  console.error(lines.at(-1)?.join('  '));
}
console.log(table(['type', 'llama.cpp', ...WAYS.slice(1).map((way) => `${way} (ratio)`)], lines));

const samples = sftLines()
  .slice(0, Number(values.rows))
  .map((row) => JSON.parse(row) as Sample);
const model = (await twoLayerModel()).path;
const seconds = new Map(WAYS.map((way): [Activations, number[]] => [way, []]));
for (let round = -1; round < rounds; round++) {
  for (const way of WAYS) {
    await using loaded = await RewardModel.load(model, { gpuLayers: 0, activations: way });
    await loaded.score(samples[0] ?? { instruction: '', output: '' }); // brings weights and code into memory
    const start = performance.now();
    for await (const { score } of loaded.scoreAll(samples)) if (!Number.isFinite(score)) throw new Error('no score');
    if (round >= 0) seconds.get(way)?.push((performance.now() - start) / 1000);
  }
}
const ggml = seconds.get('ggml') ?? [];
console.log(
  table(
    ['activations', 'seconds', "llama.cpp's / these, of each round"],
    [...seconds].map(([way, times]) => [
      way,
      spreadOf(times)?.median.toFixed(2) ?? '',
      times.map((time, round) => ((ggml[round] ?? NaN) / time).toFixed(2)).join(', '),
    ]),
  ),
);
