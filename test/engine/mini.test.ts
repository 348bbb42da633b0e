import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { embeddedModel } from '#src/models/embedded-model.js';
import { RewardModel } from '#src/index.js';
import { dequantizedCopy } from '../support/models/dequantize.js';
import { EXACT, readMiniGoldens, scoresOf } from '../support/assert/goldens.js';
import { pairAccuracy } from '../support/judged-pairs.js';
import { tempFolder } from '../support/temp-folder.js';

// The embedded model as it is shipped. Its goldens are transformers' scores with the file's own weights, dequantized.

const MODEL = await embeddedModel();
const GOLDENS = readMiniGoldens();
const SCORES = GOLDENS.samples.map(({ score }) => score);

const MOST_BYTES = 24_000_000;
/** Matrix products of Q8_0 weights round what they are multiplied with to 8 bits, too. */
const QUANTIZED_BOUND = 0.15;
/** That of the generated checkpoint, which docs/accuracy.md explains. */
const EXACT_BOUND = 1e-4;

test('the embedded model is the file that transformers judged, and small', () => {
  const bytes = readFileSync(MODEL);
  assert.is(createHash('sha256').update(bytes).digest('hex'), GOLDENS.made.gguf);
  assert.ok(bytes.length <= MOST_BYTES);
});

test(`its weights in F32 give transformers' scores within ${EXACT_BOUND}`, async () => {
  const copy = await dequantizedCopy(MODEL, path.join(tempFolder(), 'mini-f32.gguf'));
  const found = await scoresOf(copy, EXACT, GOLDENS.samples);
  assert.ok(largestDifference(found, SCORES) <= EXACT_BOUND, String(largestDifference(found, SCORES)));
});

test(`as it is, it is within ${QUANTIZED_BOUND} of them, from the text on`, async () => {
  await using model = await RewardModel.load('demo');
  const found: number[] = [];
  for await (const { score } of model.scoreAll(GOLDENS.samples.map(({ sample }) => sample))) found.push(score);
  assert.is(found.length, SCORES.length);
  assert.ok(largestDifference(found, SCORES) <= QUANTIZED_BOUND, String(largestDifference(found, SCORES)));
  // Two answers the judge found good and two it did not, of each of 16 instructions: chance would put half of the pairs
  // in order, and four fifths of them by chance alone happens in less than one of a million such sets.
  const { accuracy, pairs } = pairAccuracy(
    GOLDENS.samples.map(({ instruction_id, win_rate }) => ({ instruction_id, win_rate })),
    found,
  );
  assert.ok(pairs >= 64);
  assert.ok(accuracy >= 0.8, String(accuracy));
});

function largestDifference(found: readonly number[], expected: readonly number[]): number {
  return Math.max(...expected.map((score, i) => Math.abs((found[i] ?? NaN) - score)));
}

test.run();
