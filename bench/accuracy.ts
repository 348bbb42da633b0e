// How far our scores are from Hugging Face transformers' float32 goldens, and what the exact settings cost:
// `npm run bench:accuracy` prints the table of docs/accuracy.md.

import { differences, readGoldens, SETTINGS } from '../test/support/goldens.js';
import { testModel } from '../test/support/models.js';

const goldens = readGoldens();
const tokens = [...goldens.samples, ...goldens.tokenSequences].reduce((sum, { ids }) => sum + ids.length, 0);

console.log(
  `${goldens.samples.length} samples and ${goldens.tokenSequences.length} token sequences, ${tokens} tokens\n`,
);
console.log('| setting | mean difference | largest | of | seconds |');
console.log('| --- | --- | --- | --- | --- |');
for (const setting of SETTINGS) {
  await testModel(setting.type);
  const start = performance.now();
  const found = (await differences(setting, goldens)).sort((a, b) => b.difference - a.difference);
  const seconds = (performance.now() - start) / 1000;
  const mean = found.reduce((sum, { difference }) => sum + difference, 0) / found.length;
  const [worst] = found;
  if (!worst) throw new Error('there are no goldens');
  console.log(
    `| ${setting.name} | ${mean.toExponential(1)} | ${worst.difference.toExponential(1)} | ${worst.name} | ${seconds.toFixed(1)} |`,
  );
}
