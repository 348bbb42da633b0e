// Us against the others, and against ourselves with sharing off: `npm run bench [-- --rounds N]` takes an hour on two cores
// and writes bench/RESULTS.md; `npm run bench -- --quick` takes four minutes and only prints. `--only SET` races one set alone, in a
// quick run as many rounds as fit into the time, and only prints. `--json` prints one JSON document on standard output.
// `npm run bench -- install-peers` installs the others.

import { parseArgs } from 'node:util';
import {
  CONTESTANTS,
  IK_LLAMA_BENCH,
  LLAMA_BENCH,
  LLAMA_EMBEDDING,
  NO_SHARING,
  NODE_LLAMA_CPP,
  OURS,
  TRANSFORMERS_BF16,
  TRANSFORMERS_F32,
  type Contestant,
} from './support/contestants.js';
import { dataFolder, DatasetMaker, SET_NAMES, type SetName, type SetSizes } from './support/datasets.js';
import { log } from './support/log.js';
import { tinyModel, syntheticModel, twoLayerModel, type BenchModel } from './support/models.js';
import { resultsOf, runRound, type RaceResults } from './support/races.js';
import { jsonReport, markdownReport } from './support/report.js';
import { writeSection } from './support/results-file.js';
import { physicalCores } from '#src/util/physical-cores.js';

/** What each set of a full run is raced by. */
const FIELDS: Record<SetName, readonly Contestant[]> = {
  uniform512: [OURS, NO_SHARING, LLAMA_BENCH, IK_LLAMA_BENCH],
  sft: [OURS, NO_SHARING, LLAMA_EMBEDDING, NODE_LLAMA_CPP, TRANSFORMERS_F32, TRANSFORMERS_BF16],
  'best-of-8': [OURS, NO_SHARING],
  pairs: [OURS, NO_SHARING],
  'long-prompt': [OURS, NO_SHARING],
};

/** As much as a large model can do in the time; also what the excerpts of bench/data hold. */
const PART: SetSizes = { uniform512: 8, sft: 64, 'best-of-8': 4, pairs: 12, 'long-prompt': 1 };
/** The tiny model is quick enough for all of most sets; node-llama-cpp is not. */
const TINY_PART: SetSizes = { uniform512: 64, sft: 200, 'best-of-8': 64, pairs: 200, 'long-prompt': 8 };

/** A quick run goes on with further rounds until this would be exceeded. */
const QUICK_SECONDS = 210;

const start = performance.now();
const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
});
const sets = SET_NAMES.filter((name) => name === (flags.only ?? name));
if (sets.length === 0) throw new Error(`--only takes one of ${SET_NAMES.join(', ')}`);
const rounds = Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number of at least 1');
const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
const threads = physicalCores();

for (const contestant of CONTESTANTS) log(`${contestant.id}: ${contestant.version() ?? 'absent'}`);
const { folder, complete } = dataFolder();
const data = complete ? 'complete sets' : 'excerpts of bench/data';
log(`data: ${data}`);

const maker = await DatasetMaker.open((await tinyModel()).path, folder);
const results = flags.quick ? await quickRaces(maker) : await fullRaces(maker, await syntheticModel(), PART);
const tinyResults = flags.quick ? [] : await fullRaces(maker, await tinyModel(), TINY_PART);
await maker.close();

if (flags.quick) await runQuickly(results);
for (let round = 0; !flags.quick && round < rounds; round++) {
  for (const race of [...results, ...tinyResults]) await runRound(race, threads);
}

const run = { command, threads, data, seconds: (performance.now() - start) / 1000, results, tinyResults };
const report = markdownReport(run);
if (!flags.quick && flags.only === undefined) writeSection('Contestants', command, report);
console.log(flags.json ? JSON.stringify(jsonReport(run), null, 2) : report);

function fullRaces(maker: DatasetMaker, model: BenchModel, sizes: SetSizes): Promise<RaceResults[]> {
  return Promise.all(sets.map((name) => race(maker, model, name, sizes[name], FIELDS[name])));
}

/**
 * The close race against llama-bench and those with contestants that run the language-model head need all 16 layers. In
 * the others every layer does the same, so that two tell as much as sixteen.
 */
async function quickRaces(maker: DatasetMaker): Promise<RaceResults[]> {
  const large = await syntheticModel();
  const small = await twoLayerModel();
  const races: readonly [BenchModel, SetName, number, readonly Contestant[]][] = [
    [large, 'uniform512', 2, [OURS, LLAMA_BENCH, IK_LLAMA_BENCH]],
    [large, 'sft', 10, [OURS, LLAMA_EMBEDDING, NODE_LLAMA_CPP]],
    [small, 'uniform512', 8, [OURS, NO_SHARING]],
    [small, 'sft', 32, [OURS, NO_SHARING, TRANSFORMERS_F32, TRANSFORMERS_BF16]],
    [small, 'best-of-8', 4, [OURS, NO_SHARING]],
    [small, 'pairs', 12, [OURS, NO_SHARING]],
    [small, 'long-prompt', 1, [OURS, NO_SHARING]],
  ];
  const chosen = races.filter(([, name]) => sets.includes(name));
  return Promise.all(chosen.map((given) => race(maker, ...given)));
}

async function race(
  maker: DatasetMaker,
  model: BenchModel,
  name: SetName,
  size: number,
  contestants: readonly Contestant[],
): Promise<RaceResults> {
  return resultsOf({ model, dataset: await maker.make(name, size), contestants });
}

/** Every race once, then again as long as there is time: first the first one, which is close, then whichever has run least. */
async function runQuickly(races: readonly RaceResults[]): Promise<void> {
  const runs = races.map((race, index) => ({ race, rounds: 0, seconds: 0, weight: index === 0 ? 3 : 1 }));
  const turn = ({ rounds, weight }: (typeof runs)[number]): number => (rounds === 0 ? -1 : Math.floor(rounds / weight));
  for (;;) {
    const left = QUICK_SECONDS - (performance.now() - start) / 1000;
    const [next] = runs
      .filter(({ rounds, seconds }) => rounds === 0 || seconds < left)
      .sort((a, b) => turn(a) - turn(b));
    if (!next) return;
    const began = performance.now();
    await runRound(next.race, threads);
    next.rounds++;
    next.seconds = (performance.now() - began) / 1000;
  }
}
