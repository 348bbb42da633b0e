import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RewardModel, type Sample } from '#src/index.js';
import type { ModelOptions } from '#src/options/model-options.js';
import { PipelineStats } from '#src/scoring/pipeline-stats.js';
import { CLASS_CHECKPOINTS } from '../support/models/class-checkpoints.js';
import { classModel, testModel } from '../support/models/models.js';
import { Random } from '../support/random.js';
import type { LoadedModel } from '#src/scoring/loaded-model.js';
import type { Job } from '#src/scoring/score-stream.js';
import { checkedConversation } from '#src/input/sample.js';
import { loadModel } from '../support/models/load.js';

// Shared prefixes on a real engine: the same scores, fewer tokens computed. What a score must be at all is the business of
// goldens.test.ts; here samples are compared with themselves, alone.

/** Backbones beside Llama's. Gemma 2 and its windows: sliding-window.test.ts. */
const BACKBONES = ['qwen3', 'gemma3', 'mistral-pieces'];

const WORDS = 'the cat sat on a mat while seven silent judges weighed every word of its long answer'.split(' ');

function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => WORDS[random.below(WORDS.length)] ?? '').join(' ');
}

/** Prompts of all lengths with one to six answers each, some of them beginning with one another, some of them equal. */
function samplesOf(prompts: number, seed: number): Sample[] {
  const random = new Random(seed);
  const samples: Sample[] = [];
  for (let p = 0; p < prompts; p++) {
    const instruction = words(random, 1 + random.below(random.below(3) === 0 ? 300 : 40));
    let output = '';
    for (let answers = 1 + random.below(6); answers > 0; answers--) {
      const kind = random.below(4);
      if (output === '' || kind > 1) output = words(random, 1 + random.below(80));
      else if (kind === 1) output += ` ${words(random, 10)}`;
      samples.push({ id: samples.length, instruction, output });
    }
  }
  return samples;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

async function scoresOf(model: RewardModel, samples: readonly Sample[]): Promise<Map<number, number>> {
  const scores = new Map<number, number>();
  for await (const { id, score } of model.scoreAll(samples)) scores.set(Number(id), score);
  return scores;
}

async function statsOf(model: LoadedModel, samples: readonly Sample[]): Promise<PipelineStats> {
  const stats = new PipelineStats();
  async function* jobs(): AsyncGenerator<Job<number>> {
    for (const [tag, sample] of samples.entries()) {
      await Promise.resolve();
      yield { tag, conversation: checkedConversation(sample) };
    }
  }
  for await (const outcome of model.scoreJobs(jobs(), { live: false, stats })) assert.ok('score' in outcome);
  return stats;
}

/** Ways to run that must not matter. */
function randomRun(random: Random): Partial<ModelOptions> {
  const runs: Partial<ModelOptions> = {
    batchSize: 1 + random.below(random.below(2) === 0 ? 256 : 8),
    batchTokens: 1 + random.below(1024),
    window: 1 + random.below(200),
    share: random.below(4) > 0,
    contextTokens: 1024 + 256 * random.below(8) + random.below(256),
  };
  return runs;
}

/** Measured over 60 such runs: 1.0e-2 (docs/performance.md). The scores spread over several units. */
const BATCHING_BOUND = 4e-2;

test('however samples are batched and whatever they share, scores stay within the stated bound', async () => {
  const path = await testModel('bf16');
  const samples = samplesOf(24, 1);
  await using alone = await RewardModel.load(path, { batchSize: 1, share: false, maxLength: 1024 });
  const expected = await scoresOf(alone, samples);
  const spread = Math.max(...expected.values()) - Math.min(...expected.values());
  assert.ok(spread > 2, `the scores must differ for this to mean something, but spread over ${spread}`);
  const random = new Random(2);
  for (let round = 0; round < 8; round++) {
    const options = randomRun(random);
    await using model = await RewardModel.load(path, { ...options, maxLength: 1024 });
    for (const [id, score] of await scoresOf(model, shuffled(samples, random))) {
      const difference = Math.abs(score - (expected.get(id) ?? NaN));
      assert.ok(difference <= BATCHING_BOUND, `sample ${id} differs by ${difference} with ${JSON.stringify(options)}`);
    }
  }
});

for (const [type, settings] of [
  ['bf16', {}],
  ['f16', {}],
  ['f32', {}],
  ['bf16', { flashAttention: false, kvType: 'f32' }],
] as const) {
  const name = [type, ...Object.values(settings)].join(', ');
  test(`deterministic: equal bits whatever the batches, the order, the neighbours and the sharing: ${name}`, async () => {
    const path = await testModel(type);
    const samples = samplesOf(12, 3);
    // Small micro-batches, so that prompts span several and some of them are shared.
    const fixed = { ...settings, deterministic: true, microBatch: 64, maxLength: 1024 };
    await using reference = await RewardModel.load(path, { ...fixed, batchSize: 1, share: false });
    const expected = await scoresOf(reference, samples);
    const random = new Random(4);
    for (let round = 0; round < 4; round++) {
      const options = randomRun(random);
      await using model = await RewardModel.load(path, { ...fixed, ...options });
      const order = shuffled(samples, random).slice(0, 1 + random.below(samples.length));
      for (const [id, score] of await scoresOf(model, order)) {
        assert.is(score, expected.get(id), `sample ${id} with ${JSON.stringify(options)}`);
      }
      // Two runs at once take turns in one cache.
      const halves = [order.filter((_, i) => i % 2 === 0), order.filter((_, i) => i % 2 === 1)];
      for (const scores of await Promise.all(halves.map((half) => scoresOf(model, half)))) {
        for (const [id, score] of scores) assert.is(score, expected.get(id), `sample ${id}, two runs at once`);
      }
    }
  });
}

for (const made of CLASS_CHECKPOINTS.filter(({ name }) => BACKBONES.includes(name))) {
  test(`${made.name}: equal bits whatever the batches, the order and the sharing`, async () => {
    const path = await classModel(made, 'f32');
    const samples = samplesOf(6, 7);
    const fixed = { deterministic: true, microBatch: 64, maxLength: 512 };
    await using reference = await RewardModel.load(path, { ...fixed, batchSize: 1, share: false });
    const expected = await scoresOf(reference, samples);
    const options = { ...fixed, batchSize: 5, contextTokens: 1100 };
    await using sharing = await RewardModel.load(path, options);
    const scores = await scoresOf(sharing, shuffled(samples, new Random(8)));
    assert.equal(new Map([...scores].sort(([a], [b]) => a - b)), expected);
    await using counted = await loadModel(path, options);
    const { tokensSeen, tokensComputed } = await statsOf(counted, samples);
    assert.ok(tokensComputed < tokensSeen, 'something was shared');
  });
}

test('deterministic runs share whole micro-batches', async () => {
  const path = await testModel('bf16');
  const instruction = words(new Random(5), 400);
  const samples = Array.from({ length: 8 }, (_, i) => ({ instruction, output: `answer ${i}` }));
  const options = { deterministic: true, microBatch: 64, maxLength: 1024 };
  await using model = await loadModel(path, options);
  const { tokensSeen, tokensComputed } = await statsOf(model, samples);
  const length = tokensSeen / 8;
  assert.ok(Math.abs(tokensComputed - (length + 7 * (length % 64))) <= 7 * 64, `${tokensComputed} of ${tokensSeen}`);
  assert.ok(tokensComputed < tokensSeen / 3);
});

test('prompts, the header and equal samples are computed once; without sharing everything is', async () => {
  const path = await testModel('bf16');
  const random = new Random(6);
  const prompts = Array.from({ length: 10 }, () => words(random, 60));
  const answers = prompts.flatMap((instruction) =>
    Array.from({ length: 8 }, () => ({ instruction, output: words(random, 20) })),
  );
  const samples = [...answers, ...answers.slice(0, 20)];
  await using sharing = await loadModel(path, { maxLength: 512, window: 256 });
  const shared = await statsOf(sharing, samples);
  // Each answer's 20 words and its end stand alone, the 60 words of a prompt are there 10 times instead of 100 times.
  assert.ok(shared.sharingFactor > 3, `${shared.sharingFactor}`);
  assert.is(shared.samples, 100);
  await using separate = await loadModel(path, { maxLength: 512, share: false });
  const all = await statsOf(separate, samples);
  assert.is(all.tokensComputed, all.tokensSeen);
  assert.is(all.tokensSeen, shared.tokensSeen);
  // All in the first window, where equal samples are one. Others may be rounded anew.
  const twice = [...answers.slice(0, 16), ...answers.slice(0, 16)].map((sample, id) => ({ ...sample, id }));
  await using model = await RewardModel.load(path, { maxLength: 512, window: 256 });
  const scores = await scoresOf(model, twice);
  for (let i = 0; i < 16; i++) assert.is(scores.get(16 + i), scores.get(i), 'equal samples, equal scores');
});

test.run();
