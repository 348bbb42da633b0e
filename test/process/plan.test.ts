import { statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FullPlan } from '#src/cli/plan-text.js';
import type { PlanReport } from '#src/engine/placement/plan-model.js';
import { usedOf } from '#src/engine/placement/plan.js';
import { runCli } from '../support/children/cli.js';
import { GEOMETRY_70B, writeHollowModel } from '../support/models/hollow-model.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

// Without GPUs, whatever this machine has: the drivers' own variables hide them.
const NO_GPU = { GGML_VK_VISIBLE_DEVICES: '', CUDA_VISIBLE_DEVICES: '' };

const FOLDER = tempFolder();
const MODEL = path.join(FOLDER, '70b.gguf');
const bytes = await writeHollowModel(MODEL, GEOMETRY_70B, 'q4_k_m');

async function plan(...args: string[]): Promise<PlanReport> {
  const { code, stdout, stderr } = await runCli(['plan', MODEL, '--json', ...args], '', NO_GPU);
  assert.is(code, 0, stderr);
  return (JSON.parse(stdout) as FullPlan).report;
}

test('the plan of a 70B model for a 24 GB card, from a file without a weight in it', async () => {
  assert.is(statSync(MODEL).size, bytes);
  const { placement, machine, estimate, model } = await plan('--memory', 'cuda0=24G,host=64G');
  assert.is(model.layers, 80);
  assert.is(model.bytes, bytes);
  assert.ok(machine.simulated);
  const [card] = placement.devices;
  assert.ok(card);
  assert.is(placement.devices.length, 1);
  assert.ok(usedOf(card) <= 24e9);
  assert.ok(placement.fits);
  assert.is(placement.gpuLayers + placement.streamedLayers, 80);
  assert.is(estimate.bottleneck, 'gpu');
  // Every byte of the file is somewhere; the embedding twice, since llama.cpp puts it behind the last layer too.
  const placed = card.weights + placement.host.weights + placement.host.streamed;
  const embedding = (128256 * 8192 * 6.5625) / 8;
  assert.ok(Math.abs(placed - embedding - bytes) < 16e6, `${placed} bytes placed of ${bytes}`);
});

test('the same as text, with what is assumed', async () => {
  const { code, stdout, stderr } = await runCli(
    ['plan', MODEL, '--memory', 'a=24G,b=24G,host=32G', '--tflops', '50', '--bus', '12G'],
    '',
    NO_GPU,
  );
  assert.is(code, 0, stderr);
  for (const part of [
    /^.*70b\.gguf: 42\.06 GB, 80 layers\n/,
    /\na \(simulated\): 24\.00 GB free\n {2}holds {7}layers \d+-\d+, computes the streamed layers 0-\d+\n {2}weights +\d/,
    /\nb \(simulated\): 24\.00 GB free\n {2}holds {7}layers \d+-79, the output\n/,
    /\nhost: 32\.00 GB free\n {2}weights +996\.\d MB {2}embedding and score head\n {2}streamed +\d/,
    /\nmicro-batch [\d,]+ tokens, batch [\d,]+, context [\d,]+, 2 contexts side by side\n/,
    /from arithmetic:\n {2}GPU +[\d.]+ s at 50\.0 TFLOP\/s, not measured\n {2}bus +[\d.]+ s at 12\.00 GB\/s[^\n]*, not measured\n/,
    /tokens\/s; the bottleneck is the GPU\n/,
  ])
    assert.match(stdout, part);
});

test('options change the plan, from flags and from a configuration', async () => {
  const flags = await plan('--memory', 'a=24G', '--micro-batch', '1024', '--gpu-layers', '10');
  assert.is(flags.placement.microBatch, 1024);
  assert.is(flags.placement.gpuLayers, 10);
  const config = fileIn(FOLDER, 'plan.yaml', 'model: other.gguf\nmicro_batch: 2048\nkv_type: f32\n');
  const configured = await plan('--memory', 'a=80G', '-c', config);
  const fromFlags = await plan('--memory', 'a=80G', '--micro-batch', '2048');
  assert.is(configured.placement.microBatch, 2048);
  assert.is(configured.placement.devices[0]?.kv, 2 * (fromFlags.placement.devices[0]?.kv ?? 0));
});

test('without a GPU the plan is the CPU’s', async () => {
  const { code, stdout } = await runCli(['plan', await testModel('bf16'), '--gpu-layers', '0'], '', NO_GPU);
  assert.is(code, 0);
  assert.match(stdout, /layers 0-3/);
  assert.match(stdout, /micro-batch 512 tokens, batch 512, context 4,096\n/);
  assert.match(stdout, /TFLOP\/s, measured here\n.*the bottleneck is the CPU\n$/);
});

test('the compute buffers of the plan are those that loading allocates', async () => {
  const model = await testModel('bf16');
  const args = ['-m', model, '--gpu-layers', '0', '--micro-batch', '128', '--batch-size', '3'];
  const input = fileIn(FOLDER, 'one.jsonl', '{"instruction": "What is 2+2?", "output": "4"}\n');
  const scored = await runCli([input, ...args, '--verbose'], '', NO_GPU);
  const [, logged = ''] = /CPU compute buffer size = +([\d.]+) MiB/.exec(scored.stderr) ?? [];
  const planned = await runCli(['plan', model, '--json', ...args.slice(2)], '', NO_GPU);
  const { placement } = (JSON.parse(planned.stdout) as FullPlan).report;
  assert.ok(Number(logged) > 1);
  // The log has two decimals.
  assert.is((placement.host.compute / 2 ** 20).toFixed(2), logged);
});

test('mistakes are one sentence', async () => {
  for (const [args, expected] of [
    [['--memory', 'cuda0'], /--memory must be free memory by device/],
    [['--memory', 'a=24G', '--tensor-split', '1,1'], /tensor_split has 2 numbers, but must have one for each GPU: a\./],
    [['--memory', 'a=24G', '--tensor-split', '1,x'], /--tensor-split must be numbers/],
    [['--memory', 'a=24G', '--tflops', 'fast'], /--tflops must be a number above 0/],
    [['--memory', 'a=24G', '--context-tokens', '10'], /must hold the longest sequence/],
    [['--devices', 'CUDA9'], /devices names "CUDA9", but there/],
  ] as const) {
    const { code, stderr } = await runCli(['plan', MODEL, ...args], '', NO_GPU);
    assert.is(code, 2, stderr);
    assert.match(stderr, expected);
    assert.match(stderr, /^inform-score: .*\[INFORM_INVALID_CONFIG\]\n$/);
  }
  const missing = await runCli(['plan', path.join(FOLDER, 'none.gguf')], '', NO_GPU);
  assert.match(missing.stderr, /INFORM_MODEL_NOT_FOUND/);
});

test.run();
