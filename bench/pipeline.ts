// What our own code costs: `npm run bench -- pipeline`. First the whole flow (read, parse, template, tokenize, plan, put in order,
// write) with an engine that computes nothing; then, where Linux's perf is installed, a real run's CPU time by whose code
// spent it. Writes its section of RESULTS.md.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Encoder } from '#src/prompt/encoder.js';
import { Engine, type Evaluation } from '#src/engine/engine.js';
import { openResults } from '#src/run/output/results.js';
import { readRows } from '#src/input/rows.js';
import { scoreStream, type Job } from '#src/scoring/score-stream.js';
import type { Batch } from '#src/engine/batch.js';
import { PipelineStats } from '#src/scoring/pipeline-stats.js';
import { physicalCores } from '#src/util/physical-cores.js';
import { dataFolder, DatasetMaker, sftLines } from './support/datasets.js';
import { log } from './support/log.js';
import { tinyModel, syntheticModel } from './support/models.js';
import { ownShare, type OwnShare } from './support/perf.js';
import { table, writeSection } from './support/results-file.js';
import { spreadOf } from './support/statistics.js';
import type { TrialOrder } from './trials/trial.js';
import { chatTemplateOf, prepare } from '../test/support/models/load.js';
import { checkedConversation } from '#src/input/sample.js';

const ROUNDS = 5;
const NULL_SAMPLES = 8000;
const NULL_BAR = 200_000;
const OWN_BAR = 0.02;
/** Samples of the real run: half a minute on two cores. */
const REAL_SAMPLES = 32;

const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-pipeline-'));
try {
  const found = await nullEngine();
  const own = await realRun();
  writeSection('Pipeline', 'npm run bench -- pipeline', [nullText(found), ownText(own)].join('\n\n'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

interface NullRun {
  samples: number;
  tokens: number;
  /** Wall-clock. */
  seconds: number;
  /** User and system time of the process, tokenizer threads included. */
  cpuSeconds: number;
  stats: PipelineStats;
}

async function nullEngine(): Promise<NullRun[]> {
  const input = path.join(folder, 'samples.jsonl');
  writeFileSync(input, manySamples());
  const tiny = await tinyModel();
  const { options, ...files } = await prepare(tiny.path);
  const engine = await Engine.load({ ...files, options });
  try {
    const template = await chatTemplateOf(engine, tiny.path);
    const encoder = new Encoder(engine, template, options);
    const runs: NullRun[] = [];
    // The first one warms the code up.
    for (let round = 0; round <= ROUNDS; round++) {
      const run = await nullRun(input, encoder, engine, options.window);
      log(`null engine: ${Math.round(run.tokens / run.cpuSeconds)} tokens a CPU second`);
      if (round > 0) runs.push(run);
    }
    return runs;
  } finally {
    await engine.close();
  }
}

async function nullRun(input: string, encoder: Encoder, engine: Engine, window: number): Promise<NullRun> {
  const stats = new PipelineStats();
  const results = await openResults(os.devNull);
  if (results === undefined) throw new Error(`${os.devNull} is no device`);
  const start = performance.now();
  const cpu = process.cpuUsage();
  let samples = 0;
  for await (const outcome of scoreStream(jobs(input), encoder, computingNothing(engine), {
    window,
    live: false,
    stats,
  })) {
    if (outcome.error) throw outcome.error;
    await results.write(outcome.tag, outcome.score);
    samples++;
  }
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - start) / 1000;
  await results.finish();
  return { samples, tokens: stats.tokensSeen, seconds, cpuSeconds: (user + system) / 1e6, stats };
}

function computingNothing(engine: Engine): Engine {
  const evaluate = ({ tokens, tails }: Batch): Promise<Evaluation> =>
    Promise.resolve({
      rewards: new Float32Array(tails.length),
      computedTokens: tokens.length,
      seconds: 0,
      headSeconds: 0,
    });
  return { limits: engine.limits, inFlight: engine.inFlight, info: engine.info, evaluate } as unknown as Engine;
}

async function* jobs(input: string): AsyncGenerator<Job<string>> {
  for await (const row of readRows([input])) {
    if (!row.ok) throw row.error;
    yield { tag: row.id?.json ?? String(row.row), conversation: checkedConversation(row.value) };
  }
}

/** Rows of sft again and again, each different from all others. */
function manySamples(): string {
  const rows = sftLines()
    .map((line) => JSON.parse(line) as { instruction: string; output: string })
    .filter(({ output }) => output !== '');
  return Array.from({ length: NULL_SAMPLES }, (_, id) => {
    const { instruction = '', output = '' } = rows[id % rows.length] ?? {};
    return `${JSON.stringify({ id, instruction: `${id}. ${instruction}`, output })}\n`;
  }).join('');
}

async function realRun(): Promise<OwnShare | undefined> {
  const model = await syntheticModel();
  const maker = await DatasetMaker.open((await tinyModel()).path, dataFolder().folder);
  const dataset = path.join(folder, 'dataset.json');
  writeFileSync(dataset, JSON.stringify(await maker.make('sft', REAL_SAMPLES)));
  await maker.close();
  const order: TrialOrder = { model: model.path, dataset, options: { threads: physicalCores(), gpuLayers: 0 } };
  const script = fileURLToPath(new URL('trials/ours.js', import.meta.url));
  return ownShare([script, JSON.stringify(order)], folder);
}

function nullText(runs: readonly NullRun[]): string {
  const [first] = runs;
  if (!first) throw new Error('nothing ran');
  const median = (pick: (run: NullRun) => number): number => spreadOf(runs.map(pick))?.median ?? NaN;
  const perCore = spreadOf(runs.map(({ tokens, cpuSeconds }) => tokens / cpuSeconds));
  const stages = (['read', 'template', 'tokenize', 'plan', 'write'] as const).map((stage) => [
    stage,
    median(({ stats }) => stats.seconds[stage]).toFixed(2),
  ]);
  return [
    `### An engine that computes nothing`,
    `${first.samples} samples, ${first.tokens} tokens, ${runs.length} runs after one to warm up: ${count(perCore?.median)} tokens a CPU second (${count(perCore?.min)} to ${count(perCore?.max)}; all threads' time, the tokenizer's included), ${count(median(({ tokens, seconds }) => tokens / seconds))} tokens/s by the clock. The bar is ${count(NULL_BAR)} tokens/s per core.`,
    table(['stage', 'seconds'], stages),
    'Stages overlap; tokenizing is the wait for its threads.',
  ].join('\n\n');
}

function ownText(own: OwnShare | undefined): string {
  const title = '### Our own code in a real run';
  if (!own) return `${title}\n\nNot measured: Linux's perf is absent.`;
  const { share, symbols, samples } = own;
  return [
    title,
    `1.2B model, ${REAL_SAMPLES} samples of sft, start-up included: ${(100 * share).toFixed(2)} % of ${samples} samples of CPU time (perf, cpu-clock) lie in the JavaScript thread, or in node or our addon on another thread. The bar is ${100 * OWN_BAR} %. The top of the profile:`,
    table(
      ['share', 'symbol', 'in'],
      symbols.map(({ share, symbol, library }) => [`${(100 * share).toFixed(1)} %`, `\`${symbol}\``, library]),
    ),
  ].join('\n\n');
}

function count(value = NaN): string {
  return Math.round(value).toLocaleString('en-US');
}
