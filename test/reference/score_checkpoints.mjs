// Scores what parity.py sends: a line of JSON with a checkpoint folder, samples and options for each answer. The most exact
// settings; each sample gets a score, or the code with which it was rejected.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { convertCheckpoint } from '../../dist/convert/convert.js';
import { RewardModel } from '../../dist/index.js';

const work = mkdtempSync(join(tmpdir(), 'inform-score-parity-'));
const model = join(work, 'model.gguf');
try {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function answer({ folder, samples, options }) {
  let scorer;
  try {
    const { notes } = await convertCheckpoint(folder, model, { type: 'f32' });
    scorer = await RewardModel.load(model, { exact: true, gpuLayers: 0, contextTokens: 1024, ...options });
    const scores = samples.map(() => ({}));
    const rejected = ({ index, error }) => (scores[index] = { error: error.code, message: error.message });
    for await (const { id, score } of scorer.scoreAll(
      samples.map((sample, id) => ({ ...sample, id })),
      { onReject: rejected },
    )) {
      scores[id] = { score };
    }
    return { scores, notes };
  } catch (error) {
    return { error: error.code ?? 'none', message: String(error.message) };
  } finally {
    await scorer?.close();
  }
}
