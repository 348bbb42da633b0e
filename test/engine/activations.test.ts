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
const FEATURES = new Set((await listDevices()).flatMap(({ features }) => features));
const HAS_KERNELS = FEATURES.has('INFORM_KERNELS');
const HAS_AMX = FEATURES.has('INFORM_AMX_KERNELS');

async function scoresOf(model: string, options: Partial<ModelOptions>): Promise<number[]> {
  await using loaded = await RewardModel.load(model, options);
  const scores: number[] = [];
  for await (const { score } of loaded.scoreAll(ROWS)) scores.push(score);
  return scores;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));
}

let truth: readonly number[] | undefined;

/** How far scores are from what the weights give as floats. */
async function distance(activations: ModelOptions['activations']): Promise<number> {
  truth ??= await scoresOf(await dequantizedCopy(QUANTIZED, path.join(tempFolder(), 'floats.gguf')), {
    ...PRECISE,
    activations: 'ggml',
  });
  return largestDifference(truth, await scoresOf(QUANTIZED, { ...PRECISE, activations }));
}

test('16 bits of activations and F32 ones give what the weights give as floats, 8 bits do not', async () => {
  if (!HAS_KERNELS) return;
  const found = {
    ...{ f32: await distance('f32'), int16: await distance('int16'), auto: await distance('auto') },
    ...{ int8: await distance('int8'), ggml: await distance('ggml') },
  };
  const shown = JSON.stringify(found);
  assert.ok(found.f32 <= 1e-5, shown);
  assert.ok(found.int16 <= 2e-4, shown);
  if (!HAS_AMX) assert.is(found.auto, found.int16);
  // Ours of 8 bits are no worse than llama.cpp's; they are llama.cpp's where the CPU has no VNNI.
  assert.ok(found.ggml > 10 * found.int16, shown);
  assert.ok(found.int8 < 2 * found.ggml, shown);
});

test('two pieces of BF16 give what the weights give as floats', async () => {
  if (!HAS_AMX) return;
  const found = {
    bf16x2: await distance('bf16x2'),
    auto: await distance('auto'),
    ggml: await distance('ggml'),
  };
  const shown = JSON.stringify(found);
  assert.ok(found.bf16x2 <= 5e-5, shown);
  assert.is(found.auto, found.bf16x2);
  assert.ok(found.ggml > 10 * found.bf16x2, shown);
});

test('our flash attention gives what attention in F32 without it gives', async () => {
  if (!HAS_KERNELS) return;
  const off = { ...PRECISE, activations: 'f32' } as const;
  const difference = largestDifference(
    await scoresOf(QUANTIZED, off),
    await scoresOf(QUANTIZED, { ...off, flashAttention: true }),
  );
  assert.ok(difference <= 1e-5, String(difference));
});

test('flash attention in two pieces of BF16 gives what it gives in F32', async () => {
  if (!HAS_AMX) return;
  const options = { deterministic: true, kvType: 'f16' } as const;
  const difference = largestDifference(
    await scoresOf(QUANTIZED, { ...options, activations: 'f32' }),
    await scoresOf(QUANTIZED, { ...options, activations: 'bf16x2' }),
  );
  assert.ok(difference <= 1e-4, String(difference));
});

test('exact asks for F32 activations where the CPU has the kernels, and they are refused where it has not', async () => {
  const devices = await listDevices();
  assert.is(activationsOf({ activations: 'auto', exact: true }, devices), HAS_KERNELS ? 'f32' : 'ggml');
  assert.is(
    activationsOf({ activations: 'auto', exact: false }, devices),
    HAS_AMX ? 'bf16x2' : HAS_KERNELS ? 'int16' : 'ggml',
  );
  assert.is(activationsOf({ activations: 'ggml', exact: false }, devices), 'ggml');
  const plain = [{ type: 'cpu' as const, features: ['AVX'] }];
  for (const activations of ['auto', 'int8'] as const) {
    assert.is(activationsOf({ activations, exact: true }, plain), 'ggml');
  }
  for (const activations of ['int16', 'f32'] as const) {
    assert.throws(
      () => activationsOf({ activations, exact: false }, plain),
      /needs a CPU with AVX2 or a 64-bit Arm one/,
    );
  }
  for (const features of [['AVX'], ['INFORM_KERNELS', 'INFORM_INT8_KERNELS']]) {
    const cpu = [{ type: 'cpu' as const, features }];
    assert.throws(() => activationsOf({ activations: 'bf16x2', exact: false }, cpu), /needs a CPU with AMX/);
  }
});

test.run();
