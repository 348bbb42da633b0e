import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listDevices } from '#src/addon/device-report.js';
import { activationsOf } from '#src/engine/placement/activations.js';
import { RewardModel, type Sample } from '#src/index.js';
import type { ModelOptions } from '#src/options/model-options.js';
import { packageRoot } from '#src/util/package-root.js';
import { dequantizedCopy } from '../support/models/dequantize.js';
import { testModel } from '../support/models/models.js';
import { tempFolder } from '../support/temp-folder.js';

// The judge is llama.cpp's own arithmetic in F32 on the very weights that a quantized file holds, written out as floats.

const PRECISE = { deterministic: true, flashAttention: false, kvType: 'f32' } as const;
const ROWS = readFileSync(path.join(packageRoot(), 'bench', 'data', 'sft-805.jsonl'), 'utf8')
  .split('\n')
  .slice(0, 8)
  .map((line) => JSON.parse(line) as Sample);
const QUANTIZED = await testModel('q8_0');
const HAS_KERNELS = (await listDevices()).some(({ features }) => features.includes('INFORM_KERNELS'));

async function scoresOf(model: string, options: Partial<ModelOptions>): Promise<number[]> {
  await using loaded = await RewardModel.load(model, options);
  const scores: number[] = [];
  for await (const { score } of loaded.scoreAll(ROWS)) scores.push(score);
  return scores;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));
}

test('16 bits of activations and F32 ones give what the weights give as floats, 8 bits do not', async () => {
  if (!HAS_KERNELS) return;
  const floats = await dequantizedCopy(QUANTIZED, path.join(tempFolder(), 'floats.gguf'));
  const truth = await scoresOf(floats, { ...PRECISE, activations: 'int8' });
  const off = async (activations: ModelOptions['activations']): Promise<number> =>
    largestDifference(truth, await scoresOf(QUANTIZED, { ...PRECISE, activations }));
  const found = { f32: await off('f32'), int16: await off('int16'), auto: await off('auto'), int8: await off('int8') };
  const shown = JSON.stringify(found);
  assert.ok(found.f32 <= 1e-5, shown);
  assert.ok(found.int16 <= 2e-4, shown);
  assert.is(found.auto, found.int16);
  assert.ok(found.int8 > 10 * found.int16, shown);
});

test('exact asks for F32 activations where the CPU has the kernels, and they are refused where it has not', async () => {
  assert.is(await activationsOf({ activations: 'auto', exact: true }), HAS_KERNELS ? 'f32' : 'int8');
  assert.is(await activationsOf({ activations: 'auto', exact: false }), HAS_KERNELS ? 'int16' : 'int8');
  assert.is(await activationsOf({ activations: 'int8', exact: false }), 'int8');
  if (HAS_KERNELS) return;
  try {
    await activationsOf({ activations: 'int16', exact: false });
    assert.unreachable();
  } catch (error) {
    assert.match((error as Error).message, /needs a CPU with AVX2/);
  }
});

test.run();
