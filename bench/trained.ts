// What each type of `convert --type` costs and keeps on learned weights: `npm run bench -- trained CHECKPOINT DATA.jsonl.gz
// [--instructions 30]` prints a table of docs/quantization.md. CHECKPOINT is the folder that tools/train-mini or tools/train-small
// exported, DATA the validation split of their preferences, of which the answers to the first instructions are scored. The
// truth is the F32 conversion with the most exact settings.

import { readFileSync, rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { convertCheckpoint } from '#src/convert/convert.js';
import { CONVERSION_TYPES, type ConversionType } from '#src/gguf/model-types.js';
import { readGguf } from '#src/gguf/reader.js';
import { RewardModel, type Sample } from '#src/index.js';
import type { ModelOptions } from '#src/options/model-options.js';
import { EXACT } from '../test/support/assert/goldens.js';
import { pairAccuracy, type Judged } from '../test/support/judged-pairs.js';
import { kendall } from '../test/support/assert/kendall.js';
import { spearman } from '../test/support/assert/spearman.js';
import { table } from './support/results-file.js';

type Answer = Judged & { instruction: string; output: string };

// 30 of the data's 80 are 1,740 answers.
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { instructions: { type: 'string', default: '30' } },
});
const [checkpoint, data] = positionals;
if (checkpoint === undefined || data === undefined) {
  throw new Error('usage: npm run bench -- trained CHECKPOINT VALIDATION.jsonl.gz [--instructions N]');
}
const all = gunzipSync(readFileSync(data))
  .toString('utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Answer);
const instructions = new Set(
  [...new Set(all.map(({ instruction_id: id }) => id))].slice(0, Number(values.instructions)),
);
// Some models gave no answer; an empty one is no sample.
const answers = all.filter(({ instruction_id: id, output }) => instructions.has(id) && output.trim() !== '');
const samples = answers.map(({ instruction, output }): Sample => ({ instruction, output }));

const folder = await mkdtemp(path.join(tmpdir(), 'inform-score-bench-'));
try {
  const gguf = path.join(folder, 'model.gguf');
  await convert('f32', gguf);
  const truth = await scoresOf(gguf, EXACT);
  const { pairs } = pairAccuracy(answers, truth);
  const mean = truth.reduce((sum, score) => sum + score, 0) / truth.length;
  const deviation = Math.sqrt(truth.reduce((sum, score) => sum + (score - mean) ** 2, 0) / truth.length);
  console.log(
    `${samples.length} answers, ${pairs} clear pairs; the scores' standard deviation is ${deviation.toFixed(2)}`,
  );
  const rows = [await rowOf('f32, most exact', gguf, truth, truth)];
  for (const type of CONVERSION_TYPES) {
    await convert(type, gguf);
    rows.push(await rowOf(type, gguf, await scoresOf(gguf, {}), truth));
  }
  console.log(table(['type', 'MB', 'accuracy', 'Spearman', 'Kendall', 'mean deviation', 'largest', 'stored as'], rows));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function convert(type: ConversionType, target: string): Promise<void> {
  await convertCheckpoint(checkpoint ?? '', target, { type });
}

async function rowOf(
  type: string,
  gguf: string,
  scores: readonly number[],
  truth: readonly number[],
): Promise<string[]> {
  const apart = truth.map((score, i) => Math.abs((scores[i] ?? NaN) - score));
  return [
    type,
    (statSync(gguf).size / 1e6).toFixed(1),
    pairAccuracy(answers, scores).accuracy.toFixed(4),
    spearman(scores, truth).toFixed(5),
    kendall(scores, truth).toFixed(4),
    (apart.reduce((sum, difference) => sum + difference, 0) / apart.length).toExponential(1),
    Math.max(...apart).toExponential(1),
    await storedTypes(gguf),
  ];
}

/** The types of the matrices, most used first; the embedding's stands apart, for it is most of the file. */
async function storedTypes(gguf: string): Promise<string> {
  const { tensors } = await readGguf(gguf, { wantArray: () => false });
  const matrices = tensors.filter(({ name, shape }) => name.startsWith('blk.') && shape.length === 2);
  const counts = new Map<string, number>();
  for (const { type } of matrices) counts.set(type.name, (counts.get(type.name) ?? 0) + 1);
  const layers = [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} x${count}`);
  const embedding = tensors.find(({ name }) => name === 'token_embd.weight')?.type.name ?? '';
  return `${embedding}; ${layers.join(', ')}`;
}

async function scoresOf(gguf: string, options: Partial<ModelOptions>): Promise<number[]> {
  await using model = await RewardModel.load(gguf, options);
  const scores: number[] = [];
  for await (const { score } of model.scoreAll(samples)) scores.push(score);
  return scores;
}
