// What each type of `convert --type` costs and keeps: `npm run bench -- quantization DATA.jsonl` prints the tables of
// docs/quantization.md. Generated models are converted to every type and score the same samples; the truth is the F32
// conversion with the most exact settings.

import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { convertCheckpoint } from '#src/convert/convert.js';
import { CONVERSION_TYPES } from '#src/gguf/model-types.js';
import { llamaVocabularyFiles } from '../tools/random-checkpoint/vocabulary-files.js';
import { generateCheckpoint } from '../tools/random-checkpoint/generate.js';
import { TEST_GEOMETRY, type Geometry } from '../tools/random-checkpoint/geometry.js';
import { readGguf } from '#src/gguf/reader.js';
import { RewardModel, type Sample } from '#src/index.js';
import type { ModelOptions } from '#src/options/model-options.js';
import { EXACT } from '../test/support/assert/goldens.js';
import { spearman } from '../test/support/assert/spearman.js';

const MAX_SAMPLES = 200;

// The K types and IQ4_XS store blocks of 256 weights, which divide no row of the test checkpoint: it gets their substitutes.
const MODELS: readonly { name: string; geometry: Geometry }[] = [
  {
    name: 'rows of 512 and 1024',
    geometry: { hiddenSize: 512, feedForwardSize: 1024, layerCount: 8, headCount: 8, kvHeadCount: 2 },
  },
  { name: 'the test checkpoint, rows of 128 and 352', geometry: TEST_GEOMETRY },
];

const [data] = process.argv.slice(2);
if (data === undefined) throw new Error('usage: npm run bench -- quantization DATA.jsonl');
const samples = everyFew(readFileSync(data, 'utf8').trimEnd().split('\n'), MAX_SAMPLES).map(
  (line) => JSON.parse(line) as Sample,
);

for (const { name, geometry } of MODELS) {
  const folder = await mkdtemp(path.join(tmpdir(), 'inform-score-bench-'));
  try {
    await printTable(name, geometry, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function printTable(name: string, geometry: Geometry, folder: string): Promise<void> {
  const checkpoint = path.join(folder, 'checkpoint');
  mkdirSync(checkpoint);
  await generateCheckpoint(checkpoint, { ...(await llamaVocabularyFiles()), geometry });
  const gguf = path.join(folder, 'model.gguf');
  await convertCheckpoint(checkpoint, gguf, { type: 'f32' });
  const truth = await scoresOf(gguf, EXACT);
  const mean = truth.reduce((sum, score) => sum + score, 0) / truth.length;
  const deviation = Math.sqrt(truth.reduce((sum, score) => sum + (score - mean) ** 2, 0) / truth.length);
  console.log(`\n${name}: ${samples.length} samples, scores of deviation ${deviation.toFixed(2)}\n`);
  console.log('| type | file MB | layers MB | mean difference | largest | of the deviation | rank correlation |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const type of CONVERSION_TYPES) {
    await convertCheckpoint(checkpoint, gguf, { type });
    const scores = await scoresOf(gguf, {});
    const apart = truth.map((score, i) => Math.abs((scores[i] ?? NaN) - score));
    const average = apart.reduce((sum, difference) => sum + difference, 0) / apart.length;
    const cells = [
      type,
      (statSync(gguf).size / 1e6).toFixed(0),
      ((await layerBytes(gguf)) / 1e6).toFixed(2),
      average.toExponential(1),
      Math.max(...apart).toExponential(1),
      `${((100 * average) / deviation).toFixed(2)}%`,
      spearman(scores, truth).toFixed(5),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

/** The size of all layers: the embedding of 128256 tokens, most of these small files, is left out. */
async function layerBytes(gguf: string): Promise<number> {
  const { tensors } = await readGguf(gguf, { wantArray: () => false });
  return tensors.reduce((sum, { name, byteLength }) => sum + (name.startsWith('blk.') ? byteLength : 0), 0);
}

async function scoresOf(gguf: string, options: Partial<ModelOptions>): Promise<number[]> {
  await using model = await RewardModel.load(gguf, options);
  const scores: number[] = [];
  for await (const { score } of model.scoreAll(samples)) scores.push(score);
  return scores;
}

/** At most `count` entries, evenly spread over the list. */
function everyFew<T>(list: readonly T[], count: number): T[] {
  const step = Math.max(1, list.length / count);
  return Array.from({ length: Math.min(count, list.length) }, (_, i) => list[Math.floor(i * step)]).filter(
    (entry): entry is T => entry !== undefined,
  );
}
