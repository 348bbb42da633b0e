import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ggufNumber } from '#src/gguf/metadata.js';
import type { ModelOptions } from '#src/options/model-options.js';
import { rewardsOf } from '../support/assert/evaluate.js';
import { CLASS_CHECKPOINTS, type ClassCheckpoint } from '../support/models/class-checkpoints.js';
import { loadEngine } from '../support/models/load.js';
import { classModel, editGguf } from '../support/models/models.js';
import { Random } from '../support/random.js';
import { tempFolder } from '../support/temp-folder.js';

// Layers that see a window only, and sequences that share more than the window holds: the same scores, whatever is shared. What
// they must be is the business of class-checkpoints.test.ts.

const root = tempFolder();

const PIECES = { first: 300, last: 30_000 };

const random = new Random(41);

function tokens(count: number): number[] {
  return Array.from({ length: count }, () => PIECES.first + random.below(PIECES.last - PIECES.first));
}

/** What begins as another one does. */
function after(beginning: readonly number[], count: number, length: number): number[] {
  return [...beginning.slice(0, count), ...tokens(length - count)];
}

async function gemma2(window: number): Promise<string> {
  const made = CLASS_CHECKPOINTS.find(({ name }) => name === 'gemma2') as ClassCheckpoint;
  const target = path.join(root, `window-${window}.gguf`);
  return editGguf(await classModel(made, 'f32'), target, {
    metadata: (metadata) => new Map([...metadata, ['gemma2.attention.sliding_window', ggufNumber('uint32', window)]]),
  });
}

async function scoresOf(
  model: string,
  options: Partial<ModelOptions>,
  batches: readonly (readonly number[][])[],
): Promise<number[]> {
  const engine = await loadEngine(model, { maxLength: 6000, ...options });
  try {
    const scores: number[] = [];
    for (const batch of batches) {
      scores.push(
        ...(await rewardsOf(
          engine,
          batch.map((sequence) => Int32Array.from(sequence)),
        )),
      );
    }
    return scores;
  } finally {
    await engine.close();
  }
}

async function compare(model: string, contextTokens: number, batches: readonly number[][][]): Promise<void> {
  const each = batches.flat().map((sequence) => [sequence]);
  const alone = { contextTokens: 6000, share: false, deterministic: true };
  const expected = await scoresOf(model, alone, each);
  assert.ok(Math.max(...expected) - Math.min(...expected) > 0.01, 'the scores are not all the same');
  const scores = await scoresOf(model, { contextTokens, batchTokens: contextTokens }, batches);
  for (const [i, score] of scores.entries()) {
    assert.ok(Math.abs(score - (expected[i] ?? NaN)) <= 1e-5, `sequence ${i}: ${score}, alone ${expected[i]}`);
  }
}

test('6,000 tokens with a window of 4,096: what is shared, in a batch and with the batch before, changes no score', async () => {
  const first = tokens(6000);
  const [second, third] = [after(first, 5000, 6000), after(first, 1500, 6000)];
  await compare(await gemma2(4096), 18_000, [[first, second, third], [after(third, 4700, 6000)]]);
});

test('cells that a window has left behind and new tokens have taken are not gone on from', async () => {
  const [small, long] = [tokens(1000), tokens(3000)];
  small[0] = PIECES.first - 1; // in order the first, and so in the first cells
  // These tokens fill the first cells, and then those of the beginning of what they go on from.
  const longer = after(long, 2500, 4000);
  await compare(await gemma2(96), 6000, [[small, long], [longer], [after(long, 450, 1200)]]);
});

test.run();
