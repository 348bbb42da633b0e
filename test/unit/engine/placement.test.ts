import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { ggufNumber } from '#src/gguf/metadata.js';
import type { ModelTensor } from '#src/gguf/split-model.js';
import { elementCount, GGML_TYPES, type GgufMetadata } from '#src/gguf/types.js';
import { defaultOptions, modelOptionsOf } from '#src/options/check.js';
import { settleOptions, type SettledOptions } from '#src/options/settle.js';
import { choosePlacement, type PlacementChoice, type MeasureCompute } from '#src/engine/placement/choose.js';
import { ASSUMPTIONS, type Speeds } from '#src/engine/placement/estimate.js';
import { splitLayers, splitLayersByShares } from '#src/engine/placement/layer-split.js';
import { machineOf, simulatedMachine, usableGpus } from '#src/engine/placement/machine.js';
import { modelMemory, type ModelMemory } from '#src/engine/placement/model-memory.js';
import { usedOf, type Placement } from '#src/engine/placement/plan.js';
import { loadWithFallback } from '#src/engine/placement/load-with-fallback.js';
import type { NativeDevice } from '#src/addon/load-addon.js';
import { Random } from '../../support/random.js';

/** Llama 3 at Q4_K_M's average of 4.85 bits a weight. */
function llama(layers: number, hidden: number, feedForward: number): ModelMemory {
  const kv = 1024;
  const matrixElements = hidden * (2 * hidden + 2 * kv + 3 * feedForward);
  const layer = { matrices: Math.round((matrixElements * 4.85) / 8), vectors: 8 * hidden };
  const embedding = Math.round((128256 * hidden * 6.5625) / 8);
  return {
    layers: Array.from({ length: layers }, () => layer),
    embedding,
    output: embedding + 4 * hidden,
    head: 2 * hidden * hidden,
    kvElements: 2 * kv,
    largestMatrix: { bytes: Math.round((hidden * feedForward * 6.5625) / 8), elements: hidden * feedForward },
    matrixElements: layers * matrixElements,
    attentionWidth: hidden,
    feedForwardSize: feedForward,
  };
}

test('sizes are read off the table of tensors, which bounds the number of layers that a file can claim', () => {
  const tensor = (name: string, shape: number[]): ModelTensor => ({
    name,
    shape,
    type: GGML_TYPES.F16,
    offset: 0,
    byteLength: 2 * elementCount(shape),
    file: 'm.gguf',
  });
  const metadata = (layers: number): GgufMetadata =>
    new Map([
      ['llama.block_count', ggufNumber('uint32', layers)],
      ['llama.embedding_length', ggufNumber('uint32', 64)],
      ['llama.attention.head_count', ggufNumber('uint32', 4)],
      ['llama.attention.head_count_kv', ggufNumber('uint32', 2)],
      ['llama.feed_forward_length', ggufNumber('uint32', 96)],
    ]);
  const tensors = [
    tensor('token_embd.weight', [64, 100]),
    tensor('output_norm.weight', [64]),
    tensor('blk.0.attn_q.weight', [64, 64]),
    tensor('blk.0.attn_norm.weight', [64]),
    tensor('blk.1.ffn_up.weight', [64, 96]),
    tensor('cls.weight', [64, 64]),
  ];
  const model = { path: 'm.gguf', shards: [], fileSize: 0, tensors };
  const memory = modelMemory({ ...model, metadata: metadata(2) });
  assert.equal(memory.layers, [
    { matrices: 8192, vectors: 128 },
    { matrices: 12288, vectors: 0 },
  ]);
  assert.is(memory.embedding, 12800);
  assert.is(memory.output, 12800 + 128);
  assert.is(memory.head, 8192);
  assert.is(memory.kvElements, 2 * (16 + 16));
  assert.equal(memory.largestMatrix, { bytes: 12288, elements: 6144 });
  assert.is(modelMemory({ ...model, metadata: metadata(4_000_000_000) }).layers.length, tensors.length);
});

const LLAMA_70B = llama(80, 8192, 28672);
const LLAMA_8B = llama(32, 4096, 14336);

/** About what llama.cpp reserves: a few activations of each token and the attention mask. */
function measureLike(model: ModelMemory, gpus: number): MeasureCompute {
  return (sizes, streaming) =>
    Promise.resolve(
      sizes.map(({ microBatch, contextTokens }) => {
        const bytes = microBatch * (4 * (4 * model.feedForwardSize + 3 * model.attentionWidth) + 4 * contextTokens);
        const copy = streaming ? model.largestMatrix.bytes : 0;
        return { gpus: Array.from({ length: gpus }, () => bytes + copy), host: bytes / 4 };
      }),
    );
}

const DEFAULTS = settleOptions(modelOptionsOf(defaultOptions())).options;

async function choose(
  model: ModelMemory,
  memory: string,
  options: Partial<SettledOptions> = {},
): Promise<PlacementChoice> {
  const machine = simulatedMachine(memory);
  return choosePlacement(model, machine, { ...DEFAULTS, ...options }, measureLike(model, machine.gpus.length));
}

/** Every layer in one place, and nothing that takes more than there is. */
function check(model: ModelMemory, { placement }: PlacementChoice): void {
  const { devices, cpuLayers, gpuLayers, streamedLayers } = placement;
  assert.is(cpuLayers + gpuLayers + streamedLayers, model.layers.length);
  let next = cpuLayers;
  for (const device of devices) {
    assert.is(device.firstLayer, next);
    next += device.layers;
    assert.ok(usedOf(device) <= device.free, `${device.name} is asked for ${usedOf(device)} of ${device.free} bytes`);
    assert.ok(device.layers > 0 || device.hasOutput, `${device.name} is of use`);
  }
  if (devices.length > 0) assert.is(next, model.layers.length);
  assert.is(
    devices.reduce((sum, device) => sum + device.streamedLayers, 0),
    streamedLayers,
  );
  assert.is(devices[0]?.streamedLayers ?? 0, streamedLayers, 'streamed layers are the first GPU’s');
}

test('70B on a 24 GB card: about half of the layers lie there, the others are streamed in large micro-batches', async () => {
  const choice = await choose(LLAMA_70B, 'cuda0=24G,host=64G');
  check(LLAMA_70B, choice);
  const { placement, estimate } = choice;
  assert.ok(placement.gpuLayers >= 30 && placement.gpuLayers < 45, `${placement.gpuLayers} layers`);
  assert.is(placement.microBatch, 4096);
  assert.ok(placement.contextTokens > placement.batchTokens);
  assert.ok(placement.host.pinned);
  assert.is(estimate.bottleneck, 'gpu');
  assert.ok(estimate.balancedMicroBatch < placement.microBatch);
});

test('70B on two 24 GB cards: both are filled evenly, and two contexts keep both busy', async () => {
  const choice = await choose(LLAMA_70B, 'cuda0=24G,cuda1=24G,host=64G');
  check(LLAMA_70B, choice);
  assert.is(choice.placement.contexts, 2);
  const [a = 0, b = 0] = choice.placement.devices.map(usedOf);
  assert.ok(Math.abs(a - b) < 1.5e9, `${a} and ${b} bytes`);
});

test('GPUs whose backend cannot hand on results from two threads get one context', async () => {
  const { placement } = await choose(LLAMA_70B, 'vulkan0=24G,vulkan1=24G,host=64G');
  assert.is(placement.devices.length, 2);
  assert.is(placement.contexts, 1);
});

for (const [memory, layers] of [
  ['a=48G', 80],
  ['a=80G', 80],
  ['a=141G', 80],
] as const) {
  test(`70B with ${memory}: all of it lies on the card`, async () => {
    const choice = await choose(LLAMA_70B, memory);
    check(LLAMA_70B, choice);
    assert.is(choice.placement.gpuLayers, layers);
    assert.is(choice.placement.host.streamed, 0);
    assert.is(choice.estimate.busSeconds, 0);
    assert.is(choice.placement.microBatch, 2048);
  });
}

test('8B fits on 8 GB, and on two cards where one would do it still uses both', async () => {
  const one = await choose(LLAMA_8B, 'a=8G');
  check(LLAMA_8B, one);
  assert.is(one.placement.gpuLayers, 32);
  const two = await choose(LLAMA_8B, 'a=24G,b=24G');
  check(LLAMA_8B, two);
  assert.equal(
    two.placement.devices.map(({ name }) => name),
    ['a', 'b'],
  );
});

test('where nothing fits the CPU does everything, as without a GPU', async () => {
  const tiny = await choose(LLAMA_70B, 'a=1G');
  assert.is(tiny.placement.devices.length, 0);
  assert.is(tiny.placement.cpuLayers, 80);
  assert.is(tiny.placement.microBatch, 512);
  assert.is(tiny.placement.batchTokens, 512);
  assert.is(tiny.placement.contextTokens, 4096);
  assert.is(tiny.estimate.bottleneck, 'cpu');
});

test('gpu_layers 0 is the CPU alone, unless weights are to be streamed', async () => {
  assert.is((await choose(LLAMA_8B, 'a=24G', { gpuLayers: 0 })).placement.devices.length, 0);
  const streamed = await choose(LLAMA_8B, 'a=24G', { gpuLayers: 0, streamWeights: 'always' });
  check(LLAMA_8B, streamed);
  assert.is(streamed.placement.streamedLayers, 32);
});

test('without streaming the CPU computes the layers that do not fit, with their cache in host memory', async () => {
  const choice = await choose(LLAMA_70B, 'a=24G', { streamWeights: 'never' });
  check(LLAMA_70B, choice);
  const { placement, estimate } = choice;
  assert.ok(placement.cpuLayers > 30);
  assert.is(placement.streamedLayers, 0);
  assert.ok(placement.host.kv > 0);
  assert.is(estimate.bottleneck, 'cpu');
});

test('what the user demands is planned, and said not to fit', async () => {
  const { placement } = await choose(LLAMA_70B, 'a=24G', { gpuLayers: 80 });
  assert.is(placement.gpuLayers, 80);
  assert.not(placement.fits);
  assert.is(placement.microBatch, 512);
  const half = await choose(LLAMA_70B, 'a=48G', { gpuLayers: 40 });
  check(LLAMA_70B, half);
  assert.is(half.placement.streamedLayers, 40);
});

test('a micro-batch, a batch and a context that are given are kept', async () => {
  const { placement } = await choose(LLAMA_8B, 'a=24G', { microBatch: 700, batchTokens: 900, contextTokens: 5000 });
  assert.is(placement.microBatch, 700);
  assert.is(placement.batchTokens, 900);
  assert.is(placement.contextTokens, 5000);
  let error: unknown;
  await choose(LLAMA_8B, 'a=24G', { contextTokens: 10 }).catch((thrown: unknown) => (error = thrown));
  assert.is((error as InformError).code, 'INFORM_INVALID_CONFIG');
});

test('no micro-batch is larger than what is evaluated together', async () => {
  const { placement } = await choose(LLAMA_70B, 'a=24G', { batchSize: 1, maxLength: 1000 });
  assert.is(placement.microBatch, 512);
});

test('host memory that is too small for pinning is not pinned, and slows the bus down', async () => {
  const pinned = await choose(LLAMA_70B, 'a=24G,host=64G', { microBatch: 4096 });
  const mapped = await choose(LLAMA_70B, 'a=24G,host=20G', { microBatch: 4096 });
  assert.not(mapped.placement.host.pinned);
  assert.ok(mapped.estimate.busSeconds > 1.9 * pinned.estimate.busSeconds);
});

test('weights that the host cannot hold stay in the mapped file, and the disk is a part of the time', async () => {
  const speeds: Speeds = { ...ASSUMPTIONS, diskBytesPerSecond: 1e9 };
  const here = async (host: string, known = speeds): Promise<PlacementChoice> =>
    choosePlacement(LLAMA_70B, simulatedMachine(host), DEFAULTS, measureLike(LLAMA_70B, 0), known);
  const roomy = await here('host=128G');
  assert.ok(roomy.placement.host.repacked);
  assert.is(roomy.estimate.diskSeconds, 0);
  const small = await here('host=24G');
  assert.not(small.placement.host.repacked);
  assert.is(small.estimate.diskSeconds, small.placement.host.weights / 1e9);
  assert.is(small.estimate.seconds, small.estimate.cpuSeconds + (small.estimate.diskSeconds ?? NaN));
  // 42 GB would fit, and leave nothing for anybody else.
  assert.not((await here('host=43G')).placement.host.repacked);
  assert.is((await here('host=24G', ASSUMPTIONS)).estimate.diskSeconds, undefined);
});

test('tensor_split gives each GPU its share, as llama.cpp counts', async () => {
  const { placement } = await choose(LLAMA_70B, 'a=80G,b=80G', { tensorSplit: [3, 1] });
  assert.equal(
    placement.devices.map(({ layers }) => layers),
    [61, 19], // 81 with the output: 3/4 of them is 60.75
  );
  const one = await choose(LLAMA_8B, 'a=80G,b=80G', { tensorSplit: [0, 1] });
  assert.equal(
    one.placement.devices.map(({ name }) => name),
    ['b'],
  );
});

test('the arithmetic of the estimate', async () => {
  const { placement, estimate } = await choose(LLAMA_70B, 'a=24G,host=64G', { microBatch: 4096 });
  assert.is(estimate.busSeconds, placement.host.streamed / ASSUMPTIONS.busBytesPerSecond);
  const weights = (2 * LLAMA_70B.matrixElements * 4096) / ASSUMPTIONS.gpuFlops;
  assert.ok(estimate.gpuSeconds > weights && estimate.gpuSeconds < 1.2 * weights);
  assert.is(estimate.seconds, estimate.gpuSeconds + estimate.busSeconds);
});

test('nothing ever takes more of a GPU than is free, less the margin', async () => {
  const random = new Random(11);
  for (let round = 0; round < 150; round++) {
    const model = round % 2 === 0 ? LLAMA_70B : LLAMA_8B;
    const memory = Array.from({ length: 1 + random.below(3) }, (_, i) => `g${i}=${1 + random.below(60)}G`).join(',');
    const choice = await choose(model, memory, {
      batchSize: 1 + random.below(256),
      streamWeights: random.below(4) === 0 ? 'never' : 'auto',
      flashAttention: true,
      kvType: random.below(2) === 0 ? 'f16' : 'f32',
    });
    check(model, choice);
    assert.ok(choice.placement.fits);
  }
});

test('more memory is never slower', async () => {
  let before = 0;
  for (let size = 6; size <= 60; size += 2) {
    const { estimate, placement } = await choose(LLAMA_70B, `a=${size}G,host=100G`);
    if (placement.devices.length === 0) continue;
    assert.ok(estimate.tokensPerSecond >= before * 0.985, `${size} GB: ${estimate.tokensPerSecond} after ${before}`);
    before = estimate.tokensPerSecond;
  }
  assert.ok(before > 0);
});

test('layers are cut so that the fullest device is as empty as can be', () => {
  assert.equal(splitLayers([1, 1, 1, 1], [10, 10], true), [2, 2]);
  assert.equal(splitLayers([1, 1, 1, 1], [30, 10], true), [3, 1]);
  assert.equal(splitLayers([5, 1, 1, 1], [10, 10], true), [1, 3]);
  assert.is(splitLayers([5, 5, 5], [5, 5], true), undefined);
  assert.equal(splitLayers([5, 5, 5], [5, 5], false), [2, 1]);
  assert.equal(splitLayers([1, 1], [-5, 10], true), [0, 2]);
  assert.equal(splitLayersByShares([1, 1, 1, 1], [9, 9], [1, 1], true), [2, 2]);
  assert.is(splitLayersByShares([1, 1, 1, 1], [1, 9], [1, 1], true), undefined);
});

const CPU: NativeDevice = {
  name: 'CPU',
  description: 'a CPU',
  backend: 'CPU',
  id: '',
  type: 'cpu',
  memoryFree: 64e9,
  memoryTotal: 64e9,
  concurrentTransfers: true,
  features: [],
};

function card(name: string, more: Partial<NativeDevice> = {}): NativeDevice {
  return { ...CPU, name, type: 'gpu', backend: name.replace(/\d/, ''), memoryFree: 24e9, ...more };
}

test('a card that two backends know is used once, an integrated GPU only alone', () => {
  const names = (devices: NativeDevice[]): string[] => usableGpus(devices).map(({ name }) => name);
  const cuda = card('CUDA0', { id: '0000:01:00.0' });
  assert.equal(names([cuda, card('Vulkan0', { id: '0000:01:00.0' }), card('Vulkan1', { id: '0000:02:00.0' })]), [
    'CUDA0',
    'Vulkan1',
  ]);
  assert.equal(names([card('Vulkan0'), card('Vulkan1')]), ['Vulkan0', 'Vulkan1']);
  const integrated = card('Vulkan0', { type: 'igpu' });
  assert.equal(names([CPU, integrated]), ['Vulkan0']);
  assert.equal(names([CPU, integrated, cuda]), ['CUDA0']);
  assert.equal(names([CPU]), []);
});

test('the devices option names GPUs, in its own order', () => {
  const devices = [card('CUDA0'), card('CUDA1'), CPU];
  const names = (wanted: string[] | undefined, mode: 'layer' | 'none' = 'layer'): string[] =>
    machineOf(devices, wanted, mode).gpus.map(({ name }) => name);
  assert.equal(names(undefined), ['CUDA0', 'CUDA1']);
  assert.equal(names(['CUDA1', 'CUDA0']), ['CUDA1', 'CUDA0']);
  assert.equal(names(undefined, 'none'), ['CUDA0']);
  assert.throws(() => names(['cuda7']), /devices names "cuda7", but there are CUDA0, CUDA1/);
  assert.throws(() => machineOf([CPU], ['CUDA0'], 'layer'), /there is no GPU here/);
});

test('simulated memory is checked', () => {
  assert.equal(simulatedMachine('a=24G, b=1.5G,host=64G'), {
    gpus: [
      { name: 'a', description: 'simulated', freeBytes: 24e9, concurrentTransfers: true },
      { name: 'b', description: 'simulated', freeBytes: 1.5e9, concurrentTransfers: true },
    ],
    hostFreeBytes: 64e9,
  });
  for (const text of ['', 'a', 'a=', 'a=24', 'a=24G,,b=1G', 'a=-1G'])
    assert.throws(
      () => simulatedMachine(text),
      (error: InformError) => error.code === 'INFORM_INVALID_CONFIG',
    );
});

test('an allocation that fails is tried again with ever less memory, to the CPU alone', async () => {
  const tried: number[] = [];
  const steps: number[] = [];
  const loaded = await loadWithFallback(
    (part) => Promise.resolve(part),
    (part) => {
      tried.push(part);
      if (part > 0.6) throw new InformError('INFORM_OUT_OF_MEMORY', 'There is not enough memory.');
      return Promise.resolve(`loaded with ${part}`);
    },
    (a, b) => a === b,
    (next) => steps.push(next),
  );
  assert.is(loaded, 'loaded with 0.5');
  assert.equal(tried, [1, 0.9, 0.8, 0.65, 0.5]);
  assert.equal(steps, [0.9, 0.8, 0.65, 0.5]);
});

test('the steps of a real model need ever less of the card', async () => {
  const needs: number[] = [];
  const failing = loadWithFallback<Placement, never>(
    async (part) => (part === 0 ? undefined : (await choose(LLAMA_70B, `a=${24 * part}G,host=64G`)).placement),
    ({ devices }) => {
      needs.push(devices.reduce((sum, device) => sum + usedOf(device), 0));
      throw new InformError('INFORM_OUT_OF_MEMORY', 'There is not enough memory.');
    },
    (a, b) => a.gpuLayers === b.gpuLayers && a.microBatch === b.microBatch,
    () => undefined,
  );
  let error: unknown;
  await failing.catch((thrown: unknown) => (error = thrown));
  assert.is((error as InformError).code, 'INFORM_OUT_OF_MEMORY');
  assert.ok(needs.length >= 4);
  assert.equal(
    needs,
    [...needs].sort((a, b) => b - a),
  );
});

test('a plan that would do the same again is left out, other failures end the loading', async () => {
  const tried: string[] = [];
  const load = (code: 'INFORM_OUT_OF_MEMORY' | 'INFORM_ABORTED'): Promise<never> =>
    loadWithFallback(
      () => Promise.resolve('the same'),
      (plan) => {
        tried.push(plan);
        throw new InformError(code, 'Failed.');
      },
      (a, b) => a === b,
      () => undefined,
    );
  for (const code of ['INFORM_OUT_OF_MEMORY', 'INFORM_ABORTED'] as const) {
    let error: unknown;
    await load(code).catch((thrown: unknown) => (error = thrown));
    assert.is((error as InformError).code, code);
  }
  assert.is(tried.length, 2);
});

test.run();
