// What the defaults were chosen by: `npm run bench -- defaults [-- --quick] [-- --rounds N]`. One setting at a time against the
// defaults, with the 1.2B model on the CPU, or with two of its layers (--quick). Writes its section of RESULTS.md.

import { parseArgs } from 'node:util';
import { physicalCores } from '#src/util/physical-cores.js';
import { OURS, ours, type Contestant } from './support/contestants.js';
import { dataFolder, DatasetMaker, tokenCount, type Dataset, type SetName } from './support/datasets.js';
import { syntheticModel, tinyModel, twoLayerModel } from './support/models.js';
import { resultsOf, runRound, type RaceResults } from './support/races.js';
import { rate } from './support/ratios.js';
import { table, writeSection } from './support/results-file.js';
import { spreadOf } from './support/statistics.js';

const SETTINGS: readonly Record<string, unknown>[] = [
  {},
  ...[64, 128, 256, 1024, 2048].map((microBatch) => ({ microBatch })),
  ...[1024, 2048, 4096].map((batchTokens) => ({ batchTokens })),
  ...[8, 128].map((batchSize) => ({ batchSize })),
  ...[8192, 16384].map((contextTokens) => ({ contextTokens })),
  { threads: 1 },
  { deterministic: true },
  { flashAttention: false },
  { kvType: 'f32' },
  { flashAttention: false, kvType: 'f32' },
  ...['ggml', 'int8', 'f32'].map((activations) => ({ activations })),
];

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string', default: '2' } },
});
const rounds = Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number of at least 1');
const threads = physicalCores();

const contestants = SETTINGS.map((setting): Contestant => {
  const id =
    Object.entries(setting)
      .map(([key, value]) => `${key} ${String(value)}`)
      .join(', ') || 'defaults';
  return { ...OURS, id, run: (input) => ours(input, setting) };
});

const maker = await DatasetMaker.open((await tinyModel()).path, dataFolder().folder);
const model = flags.quick ? await twoLayerModel() : await syntheticModel();
const races = [];
for (const [name, size] of [
  ['sft', 24],
  ['best-of-8', 2],
] as const satisfies [SetName, number][]) {
  races.push(resultsOf({ model, dataset: await maker.make(name, size), contestants }));
}
await maker.close();
for (let round = 0; round < rounds; round++) for (const race of races) await runRound(race, threads);

const sections = races.map((race) => `### ${title(race.race.dataset)}\n\n${settingsTable(race)}`);
const note = `Model ${model.name}, ${threads} threads. Each row changes what it names and leaves the rest at the defaults; ${rounds} rounds.`;
const command = [
  'npm run bench -- defaults',
  ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : []),
].join(' ');
writeSection('Defaults', command, [note, ...sections].join('\n\n'));

function title(dataset: Dataset): string {
  return `${dataset.name}, ${dataset.tokens.length} samples, ${tokenCount(dataset)} tokens`;
}

function settingsTable({ trials }: RaceResults): string {
  const [defaults = []] = trials.values();
  const rows = [...trials].map(([{ id }, results]) => {
    const tokensPerSecond = spreadOf(results.map(rate));
    const against = spreadOf(
      results.flatMap((result, round) => (defaults[round] ? [rate(result) / rate(defaults[round])] : [])),
    );
    const cpuSeconds = spreadOf(results.flatMap((result) => result.cpuSeconds ?? []));
    return [
      id,
      tokensPerSecond?.median.toFixed(1) ?? '',
      against?.median.toFixed(3) ?? '',
      cpuSeconds?.median.toFixed(1) ?? '',
      results[0]?.computedTokens?.toString() ?? '',
    ];
  });
  return table(['setting', 'tokens/s', 'of the defaults', 'CPU seconds', 'computed tokens'], rows);
}
