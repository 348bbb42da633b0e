// How far our scores are from Hugging Face transformers' float32 goldens, and what the exact settings cost:
// `npm run bench -- accuracy` prints two tables of docs/accuracy.md.

import {
  differences,
  oddDifferences,
  readGoldens,
  readOddGoldens,
  SETTINGS,
  type Setting,
} from '../test/support/assert/goldens.js';
import { oddModel, testModel } from '../test/support/models/models.js';
import { ODD_CHECKPOINTS, type OddCheckpoint } from '../test/support/models/odd-checkpoints.js';
import { loadEngine } from '../test/support/models/load.js';

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

console.log(`\n| checkpoint | ${SETTINGS.map(({ name }) => name).join(' | ')} |`);
console.log(`| --- |${SETTINGS.map(() => ' --- |').join('')}`);
for (const odd of ODD_CHECKPOINTS) {
  const largest: string[] = [];
  for (const setting of SETTINGS) largest.push((await largestOdd(odd, setting)).toExponential(1));
  console.log(`| ${odd.name} | ${largest.join(' | ')} |`);
}

async function largestOdd(odd: OddCheckpoint, { type, options }: Setting): Promise<number> {
  const engine = await loadEngine(await oddModel(odd, type), options);
  try {
    return Math.max(...(await oddDifferences(engine, readOddGoldens(), odd.name)));
  } finally {
    await engine.close();
  }
}
