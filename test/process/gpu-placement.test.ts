import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listDevices } from '#src/addon/device-report.js';
import { RewardModel, type LoadOptions, type Sample } from '#src/index.js';
import { runCli } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';
import { softwareVulkan } from '../support/models/vulkan.js';

// On Mesa's software device: every way to place a model, for real, on one device and on two of them. Slow for its size, so few
// and short samples.
const vulkan = await softwareVulkan();
// The runner shows this line.
if ('skipped' in vulkan) console.log(`skipped: ${vulkan.skipped}`);
else Object.assign(process.env, { INFORM_BACKEND_DIR: vulkan.folder, GGML_VK_VISIBLE_DEVICES: '0,0' });

const SMALL: LoadOptions = { maxLength: 128, microBatch: 64, batchSize: 4, share: false };
const SAMPLES = [
  { instruction: 'What is 2+2?', output: '4' },
  { instruction: 'Name a colour.', output: 'Blue, as the sky is on a day without any clouds in it.' },
];

const MODEL = await testModel('f16');
const gpus = (await listDevices()).filter(({ type }) => type === 'gpu');
const oneGpu = testIf(gpus.length > 0);
const twoGpus = testIf(gpus.length > 1);
async function scoresWith(options: LoadOptions): Promise<{ scores: number[]; model: RewardModel['info'] }> {
  await using model = await RewardModel.load(MODEL, { ...SMALL, ...options });
  return { scores: await scoresOf(model, SAMPLES), model: model.info };
}

async function scoresOf(model: RewardModel, samples: readonly Sample[]): Promise<number[]> {
  const scores: number[] = [];
  for await (const { score } of model.scoreAll(samples)) scores.push(score);
  return scores;
}

const reference = gpus.length > 0 ? (await scoresWith({ gpuLayers: 0 })).scores : [];

/** The bound that the issue of this path sets: 2e-2 on scores that are spread over several units. */
function checkScores(scores: readonly number[]): void {
  for (const [i, score] of scores.entries()) {
    const expected = reference[i] ?? NaN;
    assert.ok(Math.abs(score - expected) <= 2e-2, `${score} on the GPU, ${expected} on the CPU`);
  }
}

oneGpu('half of the layers streamed score as on the CPU', async () => {
  const { scores, model } = await scoresWith({ gpuLayers: 2, devices: gpus.slice(0, 1).map(({ name }) => name) });
  assert.equal(model.devices, [{ name: gpus[0]?.name, layers: 4, streamedLayers: 2 }]);
  checkScores(scores);
});

oneGpu('half of the layers on the CPU score as on the CPU', async () => {
  const { scores, model } = await scoresWith({ gpuLayers: 2, streamWeights: 'never', splitMode: 'none' });
  assert.equal(model.devices, [{ name: gpus[0]?.name, layers: 2, streamedLayers: 0 }]);
  checkScores(scores);
});

twoGpus('two devices share the layers', async () => {
  const { scores, model } = await scoresWith({ batchSize: 1 });
  assert.equal(
    model.devices.map(({ name }) => name),
    gpus.slice(0, 2).map(({ name }) => name),
  );
  assert.is(
    model.devices.reduce((sum, { layers }) => sum + layers, 0),
    4,
  );
  checkScores(scores);
});

twoGpus('tensor_split decides who has which layers', async () => {
  const { scores, model } = await scoresWith({ tensorSplit: [3, 2], deterministic: true });
  assert.equal(
    model.devices.map(({ layers }) => layers),
    [3, 1],
  );
  checkScores(scores);
});

// ggml's Vulkan backend mixes up what two threads hand from one device to another (native/engine/device_use.h). How seldom: once in
// 400 batches, so what keeps it from happening is asserted as well.
twoGpus('two models over the same two devices keep their results apart', async () => {
  assert.equal(
    gpus.map(({ handsOnConcurrently }) => handsOnConcurrently),
    gpus.map(() => false),
  );
  const options: LoadOptions = { ...SMALL, tensorSplit: [3, 2], deterministic: true };
  await using model = await RewardModel.load(MODEL, options);
  await using other = await RewardModel.load(MODEL, options);
  for (let round = 0; round < 5; round++) {
    const [forward, backward] = await Promise.all([scoresOf(model, SAMPLES), scoresOf(other, [...SAMPLES].reverse())]);
    checkScores(forward);
    checkScores(backward.reverse());
  }
});

oneGpu('a device that refuses to allocate leaves the work to the CPU, and that is said', async () => {
  const input = fileIn(tempFolder(), 'input.jsonl', SAMPLES.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
  const env = { GGML_VK_VISIBLE_DEVICES: '0', GGML_VK_FORCE_MAX_BUFFER_SIZE: '1000000' };
  const { code, stdout, stderr } = await runCli([input, '-m', MODEL, '--micro-batch', '64', '--verbose'], '', env);
  assert.is(code, 0, stderr);
  assert.match(
    stderr,
    /The GPU's memory did not suffice, so the model is loaded again with less of it\. On the CPU alone\.\n/,
  );
  assert.match(
    stderr,
    /plan: The GPU's memory did not suffice.*The reason: There is not enough memory for the weights/,
  );
  checkScores(
    stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { score: number }).score),
  );
});

test('a device that is not here is named, with those that are', async () => {
  const error: unknown = await RewardModel.load(MODEL, { devices: ['GPU9'] }).catch((thrown: unknown) => thrown);
  assert.match(String(error), /devices names "GPU9", but there (?:is no GPU here|are )/);
});

test.run();
