// INF-ORM's true width (hidden 8192, FFN 28672, 64/8 heads, head 8192x8192) with one layer and random weights, against
// Hugging Face transformers: `npm run bench -- wide PYTHON`, where PYTHON has test/reference/requirements.txt installed.
// Needs 18 GB of disk below the folder for temporary files, 12 GB of memory and about ten minutes on two cores.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { convertCheckpoint } from '#src/convert/convert.js';
import { llamaVocabularyFiles } from '../tools/random-checkpoint/vocabulary-files.js';
import { generateCheckpoint } from '../tools/random-checkpoint/generate.js';
import { packageRoot } from '#src/util/package-root.js';
import { rewardsOf } from '../test/support/assert/evaluate.js';
import { SETTINGS } from '../test/support/assert/goldens.js';
import { loadEngine } from '../test/support/models/load.js';

const GEOMETRY = { hiddenSize: 8192, feedForwardSize: 28672, layerCount: 1, headCount: 64, kvHeadCount: 8 };

interface WideGoldens {
  tokenSequences: { name: string; ids: number[]; score: number }[];
}

const [python] = process.argv.slice(2);
if (python === undefined) throw new Error('usage: npm run bench -- wide PYTHON');

const work = mkdtempSync(path.join(os.tmpdir(), 'inform-score-wide-'));
try {
  const checkpoint = path.join(work, 'checkpoint');
  const goldensFile = path.join(work, 'goldens.json');
  await timed('generate', () => generateCheckpointAt(checkpoint));
  await timed('transformers', () => {
    execFileSync(python, [path.join(packageRoot(), 'test', 'reference', 'wide_head.py'), checkpoint, goldensFile]);
  });
  const goldens = JSON.parse(readFileSync(goldensFile, 'utf8')) as WideGoldens;
  const scores = goldens.tokenSequences.map(({ score }) => score.toFixed(3)).join(', ');
  console.log(`transformers' float32 scores: ${scores}\n\n| setting | largest difference |\n| --- | --- |`);
  for (const setting of SETTINGS) {
    const model = path.join(work, `${setting.type}.gguf`);
    await convertCheckpoint(checkpoint, model, { type: setting.type });
    const engine = await loadEngine(model, { ...setting.options, maxLength: 512, contextTokens: 512 });
    const found = await rewardsOf(
      engine,
      goldens.tokenSequences.map(({ ids }) => Int32Array.from(ids)),
    );
    await engine.close();
    const differences = goldens.tokenSequences.map(({ score }, i) => Math.abs((found[i] ?? NaN) - score));
    console.log(`| ${setting.name} | ${Math.max(...differences).toExponential(1)} |`);
    rmSync(model);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function generateCheckpointAt(folder: string): Promise<void> {
  await generateCheckpoint(folder, { ...(await llamaVocabularyFiles()), geometry: GEOMETRY });
}

async function timed(what: string, action: () => void | Promise<void>): Promise<void> {
  const start = performance.now();
  await action();
  console.error(`${what}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
