// How much a sample's score depends on its batch: `npm run bench -- batching` prints the table of docs/accuracy.md. Every
// golden sample is scored alone, and then at several batch sizes, forwards, backwards and shuffled.

import { RewardModel, type Sample } from '#src/index.js';
import type { ModelOptions } from '#src/options/model-options.js';
import { readGoldens, SETTINGS } from '../test/support/assert/goldens.js';
import { testModel } from '../test/support/models/models.js';
import { Random } from '../test/support/random.js';

const BATCH_SIZES = [2, 7, 32, 256];

const samples = readGoldens().samples.map(({ sample }, id) => ({ ...(sample as Sample), id }));
const random = new Random(1);
const orders = [
  samples,
  samples.toReversed(),
  samples
    .map((sample) => ({ sample, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ sample }) => sample),
];

async function scoresOf(path: string, options: Partial<ModelOptions>, order: Sample[]): Promise<Map<number, number>> {
  await using model = await RewardModel.load(path, options);
  const scores = new Map<number, number>();
  for await (const { id, score } of model.scoreAll(order)) scores.set(Number(id), score);
  return scores;
}

console.log(
  `${samples.length} samples, alone against batch sizes ${BATCH_SIZES.join(', ')} in ${orders.length} orders\n`,
);
console.log('| setting | largest difference |\n| --- | --- |');
for (const { name, type, options } of SETTINGS) {
  const path = await testModel(type);
  const alone = await scoresOf(path, { ...options, batchSize: 1 }, samples);
  let largest = 0;
  for (const batchSize of BATCH_SIZES) {
    for (const order of orders) {
      const scores = await scoresOf(path, { ...options, batchSize }, order);
      for (const [id, score] of scores) largest = Math.max(largest, Math.abs(score - (alone.get(id) ?? NaN)));
    }
  }
  console.log(`| ${name} | ${largest.toExponential(1)} |`);
}
