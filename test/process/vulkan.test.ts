import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { moduleFile } from '#src/addon/backend-folder.js';
import type { DeviceReport } from '#src/addon/device-report.js';
import { drainLog } from '#src/addon/log.js';
import { RewardModel, type Sample } from '#src/index.js';
import { packageRoot } from '#src/util/package-root.js';
import { runCli } from '../support/children/cli.js';
import { CLASS_CHECKPOINTS } from '../support/models/class-checkpoints.js';
import { classModel, testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';
import { SOFTWARE_GPU, softwareVulkan } from '../support/models/vulkan.js';

/** The bar for scores on a GPU against those on the CPU, of an F16 model. */
const LARGEST_DIFFERENCE = 2e-2;

/** The architectures beside Llama's and Qwen 2's. */
const BACKBONES = ['qwen3', 'gemma2', 'gemma3', 'mistral-pieces'];

const FOLDER = tempFolder();
const vulkan = await softwareVulkan();
// The runner shows this line.
if ('skipped' in vulkan) console.log(`skipped: ${vulkan.skipped}`);
const ready = !('skipped' in vulkan);
const GPU = ready ? { ...SOFTWARE_GPU, INFORM_BACKEND_DIR: vulkan.folder } : {};
const CPU = { INFORM_BACKEND_DIR: FOLDER };

// Real rows whose scores lie far apart, cut to MAX_LENGTH tokens: llvmpipe computes some 50 tokens a second.
const ROWS = 4;
const MAX_LENGTH = 64;

async function devices(env: NodeJS.ProcessEnv): Promise<DeviceReport> {
  const { code, stdout, stderr } = await runCli(['devices', '--json'], '', env);
  assert.is(code, 0, stderr);
  return JSON.parse(stdout) as DeviceReport;
}

// The GPU's runs share this process, so that llvmpipe compiles its kernels once; the CPU's are in one without the GPU,
// because llama.cpp would send it the large products even where no layer lies on it.
const samples = readFileSync(path.join(packageRoot(), 'examples', 'alpaca-eval-16.jsonl'), 'utf8')
  .split('\n')
  .slice(0, ROWS);
const SMALL = { maxLength: MAX_LENGTH, contextTokens: 256, microBatch: 64, batchSize: 4 };

async function cpuScores(model: string, rows = samples): Promise<number[]> {
  const input = fileIn(FOLDER, 'rows.jsonl', rows.join('\n'));
  const flags = [
    '--max-length',
    String(MAX_LENGTH),
    '--context-tokens',
    '256',
    '--micro-batch',
    '64',
    '--batch-size',
    '4',
  ];
  const { code, stdout, stderr } = await runCli([input, '-m', model, ...flags], '', CPU);
  assert.is(code, 0, stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { score: number }).score);
}

/** The scores, and llama.cpp's word on how much of the weights lay on the GPU, in MiB. */
async function gpuScores(
  path: string,
  gpuLayers: number,
  rows = samples,
): Promise<{ scores: number[]; weights: number }> {
  Object.assign(process.env, GPU);
  drainLog();
  await using model = await RewardModel.load(path, { ...SMALL, gpuLayers });
  // The planner measures dry loads first; the last one is real.
  const loads = [
    ...drainLog()
      .join('\n')
      .matchAll(/Vulkan0 model buffer size = +([\d.]+) MiB/g),
  ];
  const weights = Number(loads.at(-1)?.[1]);
  const scores: number[] = [];
  for await (const { score } of model.scoreAll(rows.map((row) => JSON.parse(row) as Sample))) scores.push(score);
  return { scores, weights };
}

test('a module that does not load is reported with the reason, and scoring goes on without it', async () => {
  const folder = tempFolder();
  fileIn(folder, moduleFile('cuda'), 'this is no library');
  const report = await devices({ INFORM_BACKEND_DIR: folder });
  const cuda = report.backends.find(({ file }) => file.startsWith(folder));
  assert.is(cuda?.name, 'cuda');
  assert.is(cuda?.loaded, false);
  assert.match(cuda?.reason ?? '', process.platform === 'linux' ? /^not loaded.*(file too short|ELF)/ : /^not loaded/);
  assert.ok(report.devices.some(({ type }) => type === 'cpu'));
  const { code, stdout } = await runCli(['devices'], '', { INFORM_BACKEND_DIR: folder });
  assert.is(code, 0);
  assert.match(stdout, /backend cuda: not loaded/);
});

testIf(ready)('the software GPU is a device', async () => {
  const report = await devices(GPU);
  const gpu = report.devices.find(({ backend }) => backend === 'Vulkan');
  assert.match(gpu?.description ?? '', /llvmpipe/);
  assert.ok(report.backends.some(({ name, loaded, devices: count }) => name === 'vulkan' && loaded && count === 1));
});

testIf(ready)('without a device that it wants, the backend says so', async () => {
  const noDriver = {
    VK_DRIVER_FILES: '/nowhere.json',
    VK_ICD_FILENAMES: '/nowhere.json',
    GGML_VK_VISIBLE_DEVICES: undefined,
  };
  const report = await devices({ ...GPU, ...noDriver });
  const vulkanBackend = report.backends.find(({ name }) => name === 'vulkan');
  assert.match(vulkanBackend?.reason ?? '', /finds no device.*Install the Vulkan driver/);
});

testIf(ready)('scores on the CPU, on the GPU, and on both: the same within the bar', async () => {
  const model = await testModel('f16');
  const cpu = await cpuScores(model);
  const spread = Math.max(...cpu) - Math.min(...cpu);
  assert.ok(spread > 2, `the scores must differ for this to mean something, but spread over ${spread}`);
  const full = await gpuScores(model, 99);
  const half = await gpuScores(model, 2);
  assert.ok(half.weights > 0 && half.weights < 0.7 * full.weights, `${half.weights} of ${full.weights} MiB on the GPU`);
  for (const [where, { scores }] of Object.entries({ full, half })) {
    const largest = Math.max(...scores.map((score, i) => Math.abs(score - (cpu[i] ?? NaN))));
    assert.ok(largest <= LARGEST_DIFFERENCE, `${where} offload: scores differ by up to ${largest}`);
    assert.ok(largest > 0, `${where} offload: equal to the last bit, so was the GPU used at all?`);
  }
});

for (const made of CLASS_CHECKPOINTS.filter(({ name }) => BACKBONES.includes(name))) {
  testIf(ready)(`${made.name}: scores on the GPU within the bar of those on the CPU`, async () => {
    const one = samples.slice(0, 1);
    const model = await classModel(made, 'f32');
    const [cpu, { scores, weights }] = [await cpuScores(model, one), await gpuScores(model, 99, one)];
    assert.ok(weights > 0, `${weights} MiB on the GPU`);
    const largest = Math.max(...scores.map((score, i) => Math.abs(score - (cpu[i] ?? NaN))));
    assert.ok(largest <= LARGEST_DIFFERENCE, `scores differ by up to ${largest}`);
  });
}

test.run();
