// Loads damaged models one after the other, scores a sample with those that load, and says how each ended:
//
//   node hostile-models-child.js MODEL.gguf TARGET.gguf SEED FIRST END
//
// A line is printed before each one and after it, so that whoever watches knows which one took the process down.
import { InformError, messageOf } from '#src/errors.js';
import { RewardModel } from '#src/scoring/reward-model.js';
import { writeMutation } from '../models/model-mutations.js';

const [source = '', target = '', seed, first, end] = process.argv.slice(2);
const OPTIONS = { contextTokens: 64, maxLength: 64, microBatch: 64, batchSize: 2, threads: 1, gpuLayers: 0 };

for (let index = Number(first); index < Number(end); index++) {
  await writeMutation(source, target, Number(seed), index);
  process.stdout.write(`begin ${index}\n`);
  process.stdout.write(`end ${index} ${await outcome()}\n`);
}

async function outcome(): Promise<string> {
  try {
    const model = await RewardModel.load(target, OPTIONS);
    try {
      return Number.isFinite(await model.score({ instruction: 'the "thé" 你', output: 'hehe' }))
        ? 'scored'
        : 'no-number';
    } finally {
      await model.close();
    }
  } catch (error) {
    if (error instanceof InformError && error.code !== 'INFORM_INTERNAL') return error.code;
    return `unclear ${messageOf(error).replaceAll(/\s+/g, ' ').slice(0, 200)}`;
  }
}
