import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listDevices } from '#src/addon/device-report.js';
import { embeddedModel } from '#src/models/embedded-model.js';
import { RewardModel } from '#src/index.js';
import { packageRoot } from '#src/util/package-root.js';
import { dequantizedCopy } from '../support/models/dequantize.js';
import { EXACT, readTrainedGoldens, scoresOf } from '../support/assert/goldens.js';
import { pairAccuracy } from '../support/judged-pairs.js';
import { tempFolder } from '../support/temp-folder.js';

// The models of this repository: the embedded one, and one with a pretrained backbone. Their goldens are transformers' scores
// with the file's own weights, dequantized. docs/accuracy.md has how far we are from them.

const FEATURES = (await listDevices()).flatMap(({ features }) => features);
const HAS_KERNELS = FEATURES.includes('INFORM_KERNELS');
const EXACT_BOUND = 1e-4;

interface TrainedModel {
  name: string;
  file: string;
  goldens: ReturnType<typeof readTrainedGoldens>;
  mostBytes: number;
  /** By default; llama.cpp's kernels round what they multiply with quantized weights to 8 bits. */
  bound: number;
  /** Pairs of an answer the judge found good and one it did not. Chance would put half of them in order. */
  pairs: number;
}

const MODELS: readonly TrainedModel[] = [
  {
    name: 'inform-mini',
    file: await embeddedModel(),
    goldens: readTrainedGoldens('mini'),
    mostBytes: 24_000_000,
    bound: HAS_KERNELS ? 2e-2 : 0.15,
    pairs: 64,
  },
  {
    name: 'inform-small',
    file: path.join(packageRoot(), 'models', 'inform-small.gguf'),
    goldens: readTrainedGoldens('small'),
    mostBytes: 60_000_000,
    bound: HAS_KERNELS ? 5e-3 : 0.4,
    pairs: 32,
  },
];

for (const { name, file, goldens, mostBytes, bound, pairs: fewestPairs } of MODELS) {
  const expected = goldens.samples.map(({ score }) => score);

  test(`${name} is the file that transformers judged, and small`, () => {
    const bytes = readFileSync(file);
    assert.is(createHash('sha256').update(bytes).digest('hex'), goldens.made.gguf);
    assert.ok(bytes.length <= mostBytes);
  });

  const inF32 = `${name}: computed in F32, within ${EXACT_BOUND} of transformers`;
  const checkInF32 = async (): Promise<void> => {
    const found = await scoresOf(file, { ...EXACT, activations: 'f32' }, goldens.samples);
    assert.ok(largestDifference(found, expected) <= EXACT_BOUND, String(largestDifference(found, expected)));
  };
  // llama.cpp's own kernels round activations: with them a Q5_K_M file is 0.2 away.
  if (HAS_KERNELS) test(inF32, checkInF32);
  else test.skip(inF32, checkInF32);

  test(`${name}: as it is, it is within ${bound} of them, from the text on`, async () => {
    await using loaded = await RewardModel.load(file);
    const found: number[] = [];
    for await (const { score } of loaded.scoreAll(goldens.samples.map(({ sample }) => sample))) found.push(score);
    assert.is(found.length, expected.length);
    assert.ok(largestDifference(found, expected) <= bound, String(largestDifference(found, expected)));
    // Two answers the judge found good and two it did not, of each instruction: four fifths of such pairs in order by chance alone
    // happens in less than one of a thousand sets.
    const judged = goldens.samples.map(({ instruction_id, win_rate }) => ({ instruction_id, win_rate }));
    const { accuracy, pairs } = pairAccuracy(judged, found);
    assert.ok(pairs >= fewestPairs);
    assert.ok(accuracy >= 0.8, String(accuracy));
  });
}

test(`inform-mini: its weights in F32 give transformers' scores within ${EXACT_BOUND}`, async () => {
  const { samples } = readTrainedGoldens('mini');
  const copy = await dequantizedCopy(await embeddedModel(), path.join(tempFolder(), 'f32.gguf'));
  const found = await scoresOf(copy, EXACT, samples);
  const difference = largestDifference(
    found,
    samples.map(({ score }) => score),
  );
  assert.ok(difference <= EXACT_BOUND, String(difference));
});

function largestDifference(found: readonly number[], expected: readonly number[]): number {
  return Math.max(...expected.map((score, i) => Math.abs((found[i] ?? NaN) - score)));
}

test.run();
