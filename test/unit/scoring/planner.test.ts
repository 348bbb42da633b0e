import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { halves, BatchPlanner, type PlannedBatch } from '#src/scoring/planner/batch-planner.js';
import { type Batch, type BatchLimits } from '#src/engine/batch.js';
import { groupByPrefix } from '#src/scoring/planner/group.js';
import { commonPrefix, PrefixTrie } from '#src/scoring/planner/prefix-trie.js';
import { Random } from '../../support/random.js';

// The judge is brute force: a model of the engine's cache that knows sequences only as lists of tokens, and a set of all
// distinct prefixes.

interface Sample {
  tokens: Int32Array;
  index: number;
}

const LIMITS: BatchLimits = { contextTokens: 64, batchTokens: 32, maxSequences: 4, share: true };

function samplesOf(sequences: readonly (readonly number[])[]): Sample[] {
  return sequences.map((tokens, index) => ({ tokens: Int32Array.from(tokens), index }));
}

/** What the engine is to make of a batch: its sequences in full. */
function decoded(batch: Batch): number[][] {
  const sequences: number[][] = [];
  let at = 0;
  for (const [i, tail] of batch.tails.entries()) {
    const begin = (sequences[i - 1] ?? []).slice(0, batch.shared[i]);
    assert.is(begin.length, batch.shared[i], 'a sequence shares no more tokens than the one before has');
    sequences.push([...begin, ...batch.tokens.subarray(at, at + tail)]);
    at += tail;
  }
  assert.is(at, batch.tokens.length, 'every token belongs to a sequence');
  return sequences;
}

/** The engine's cache by brute force: it keeps a batch's last sequence for the next batch's first one. */
class CacheModel {
  #resident: number[] = [];
  computed = 0;
  /** The samples of each batch. */
  readonly taken: number[][] = [];

  constructor(private readonly limits: BatchLimits) {}

  get batches(): number {
    return this.taken.length;
  }

  evaluate(batch: PlannedBatch<Sample>): void {
    const { contextTokens, batchTokens, maxSequences } = this.limits;
    const sequences = decoded(batch);
    const [first = []] = sequences;
    let kept = 0;
    while (batch.reuse && kept < first.length - 1 && first[kept] === this.#resident[kept]) kept++;
    const computed = batch.tokens.length - kept;
    assert.ok(batch.tokens.length <= contextTokens, `${batch.tokens.length} cells of ${contextTokens}`);
    assert.ok(sequences.length >= 1 && sequences.length <= maxSequences, `${sequences.length} sequences`);
    assert.ok(sequences.length === 1 || computed <= batchTokens, `${computed} tokens of ${batchTokens}`);
    assert.ok(
      batch.tails.every((tail) => tail >= 1),
      'each sequence has an output of its own',
    );
    assert.is(batch.samples.length, sequences.length);
    for (const [i, samples] of batch.samples.entries()) {
      assert.ok(samples.length > 0);
      for (const { tokens } of samples) assert.equal(sequences[i], [...tokens]);
    }
    this.#resident = sequences.at(-1) ?? [];
    this.computed += computed;
    this.taken.push(batch.samples.flat().map(({ index }) => index));
  }
}

/** Plans windows of samples, checks every batch and that each sample comes up once; gives the tokens computed. */
function plan(windows: readonly Sample[][], limits: BatchLimits): CacheModel {
  const planner = new BatchPlanner<Sample>(limits);
  const cache = new CacheModel(limits);
  for (const window of windows) {
    planner.add(window);
    const before = cache.batches;
    for (let batch = planner.next(); batch !== undefined; batch = planner.next()) cache.evaluate(batch);
    assert.ok(planner.empty);
    assert.equal(
      cache.taken
        .slice(before)
        .flat()
        .sort((a, b) => a - b),
      window.map(({ index }) => index),
    );
  }
  return cache;
}

function total(samples: readonly Sample[]): number {
  return samples.reduce((sum, { tokens }) => sum + tokens.length, 0);
}

function distinctPrefixes(samples: readonly Sample[]): number {
  const prefixes = new Set<string>();
  for (const { tokens } of samples) {
    for (let length = 1; length <= tokens.length; length++) prefixes.add(tokens.subarray(0, length).join());
  }
  return prefixes.size;
}

/** A tree of random branches: sequences that share prefixes of all lengths, some of them prefixes of others. */
function randomSequences(random: Random, count: number, longest: number): number[][] {
  const sequences: number[][] = [];
  for (let i = 0; i < count; i++) {
    const from = sequences[random.below(sequences.length)] ?? [];
    const start = from.slice(0, random.below(from.length + 1));
    const length = random.below(2) === 0 ? random.below(8) : random.below(longest);
    const sequence = [...start, ...Array.from({ length }, () => random.below(3))].slice(0, longest);
    sequences.push(sequence.length > 0 ? sequence : [random.below(3)]);
  }
  return sequences;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

test('random trees within random limits: nothing lost, nothing twice, no limit exceeded, never more than was seen', () => {
  const random = new Random(11);
  for (let round = 0; round < 400; round++) {
    const limits: BatchLimits = {
      contextTokens: 1 + random.below(80),
      batchTokens: 1 + random.below(80),
      maxSequences: 1 + random.below(9),
      share: random.below(8) > 0,
    };
    const samples = samplesOf(randomSequences(random, 1 + random.below(60), limits.contextTokens));
    const windows: Sample[][] = [];
    for (let at = 0; at < samples.length;) {
      const size = 1 + random.below(samples.length);
      windows.push(samples.slice(at, at + size));
      at += size;
    }
    const { computed } = plan(windows, limits);
    assert.ok(computed <= total(samples), `${computed} computed of ${total(samples)}`);
    if (!limits.share) assert.is(computed, total(samples));
  }
});

test('the halves of a batch, and theirs, hold its sequences in order and are batches themselves', () => {
  const random = new Random(17);
  for (let round = 0; round < 200; round++) {
    const limits = {
      contextTokens: 80,
      batchTokens: 1 + random.below(80),
      maxSequences: 9,
      share: random.below(4) > 0,
    };
    const planner = new BatchPlanner<Sample>(limits);
    planner.add(samplesOf(randomSequences(random, 1 + random.below(40), limits.contextTokens)));
    for (let batch = planner.next(); batch !== undefined; batch = planner.next()) {
      const parts = [batch];
      for (let part = parts.pop(), at = batch.samples.length; part !== undefined; part = parts.pop()) {
        assert.is(part.reuse, limits.share);
        assert.ok(part.tokens.length <= limits.contextTokens);
        assert.equal(
          decoded(part),
          part.samples.map(([sample]) => [...(sample?.tokens ?? [])]),
        );
        const two = halves(part);
        if (two) parts.push(...two);
        // The last sequence comes first off the stack.
        else assert.is(part.samples[0], batch.samples[--at]);
      }
    }
  }
});

test('in one batch each distinct prefix is computed once', () => {
  const random = new Random(12);
  for (let round = 0; round < 200; round++) {
    const samples = samplesOf(randomSequences(random, 1 + random.below(50), 40));
    const limits = { contextTokens: 10_000, batchTokens: 10_000, maxSequences: 256, share: true };
    const cache = plan([samples], limits);
    assert.is(cache.batches, 1);
    assert.is(cache.computed, distinctPrefixes(samples));
  }
});

test('over many batches prompts and the header are computed once, in whatever order the samples come', () => {
  const random = new Random(13);
  const header = Array.from({ length: 30 }, (_, i) => 1000 + i);
  const samples = samplesOf(
    shuffled(
      Array.from({ length: 240 }, (_, i) => {
        const prompt = Array.from({ length: 25 }, (_, j) => 10_000 + (i % 30) * 100 + j);
        return [...header, ...prompt, ...Array.from({ length: 10 }, () => 50_000 + random.below(10_000))];
      }),
      random,
    ),
  );
  const cache = plan([samples], { contextTokens: 256, batchTokens: 128, maxSequences: 8, share: true });
  assert.is(cache.computed, distinctPrefixes(samples));
  assert.ok(cache.batches > 20);
});

test('the last sequence of one window serves the next one', () => {
  const samples = samplesOf([
    [1, 2, 3, 4],
    [1, 2, 3, 5],
    [1, 2, 3, 6],
    [1, 2, 3, 6],
    [1, 2, 3],
  ]);
  const windows = [samples.slice(0, 2), samples.slice(2, 3), samples.slice(3, 4), samples.slice(4)];
  // 4 and 1 tokens; one more; the same again and a prefix of it, of which only the last token is an output.
  assert.is(plan(windows, LIMITS).computed, 5 + 1 + 1 + 1);
});

test('equal samples are evaluated once', () => {
  const copies = samplesOf(Array.from({ length: 256 }, () => [5, 6, 7]));
  const cache = plan([copies], LIMITS);
  assert.is(cache.computed, 3);
  assert.is(cache.batches, 1);
});

test('each sample one token longer than the last, and shorter', () => {
  const stairs = Array.from({ length: 200 }, (_, i) => Array.from({ length: i + 1 }, (_, j) => j));
  const limits = { contextTokens: 256, batchTokens: 50, maxSequences: 256, share: true };
  assert.is(plan([samplesOf(stairs)], limits).computed, 200);
  // Downwards the longest comes last in the trie's order and is computed first or last, but never more than once.
  assert.ok(plan([samplesOf(stairs.toReversed())], limits).computed <= 200 + 200);
});

test('a chain of 12,000 prefixes does not overflow the stack', () => {
  const tokens = Int32Array.from({ length: 12_000 }, (_, i) => i);
  const samples = Array.from({ length: 12_000 }, (_, i) => ({ tokens: tokens.subarray(0, i + 1), index: i }));
  assert.is(groupByPrefix(samples).length, samples.length);
});

test('one sample, the longest possible, and one token', () => {
  for (const length of [1, 2, 31, 32, 33, 64]) {
    const samples = samplesOf([Array.from({ length }, (_, i) => i)]);
    assert.is(plan([samples], LIMITS).computed, length);
  }
  assert.is(plan([[]], LIMITS).batches, 0);
});

test('a prefix longer than the budget of a batch stays in the cache', () => {
  const prompt = Array.from({ length: 50 }, (_, i) => i);
  const samples = samplesOf(Array.from({ length: 20 }, (_, i) => [...prompt, 1000 + i, 2000 + i]));
  assert.is(plan([samples], LIMITS).computed, 50 + 2 * 20);
});

test('samples come in the order of the input where grouping gains little', () => {
  const random = new Random(14);
  // Stems of a few tokens that many samples have in common, as "What is".
  const samples = samplesOf(
    Array.from({ length: 100 }, (_, i) => [random.below(3), random.below(3), 100 + i, 200 + i]),
  );
  assert.equal(
    groupByPrefix(samples).flatMap((group) => group.map(({ index }) => index)),
    samples.map(({ index }) => index),
  );
});

test('groups come in the order of their first samples', () => {
  const prompt = (p: number): number[] => Array.from({ length: 20 }, (_, i) => 1000 * p + i);
  const order = [1, 2, 1, 3, 2, 1];
  const samples = samplesOf(order.map((p, i) => [...prompt(p), 90_000 + i]));
  assert.equal(
    groupByPrefix(samples).flatMap((group) => group.map(({ index }) => index)),
    [0, 2, 5, 1, 4, 3],
  );
});

test('what does not fit begins the next batch, and those behind it that fit take its place', () => {
  const samples = samplesOf([20, 20, 10, 14, 2].map((length, i) => Array.from({ length }, (_, j) => 100 * i + j)));
  for (const share of [true, false]) {
    assert.equal(plan([samples], { ...LIMITS, share }).taken, [[0, 2, 4], [1], [3]]);
  }
});

test('no batch is filled at the cost of what samples share', () => {
  const tokens = (first: number, length: number): number[] => Array.from({ length }, (_, i) => first + i);
  // The second does not fit beside the first; the third would, but the fourth goes on from it.
  const apart = samplesOf([tokens(100, 20), tokens(200, 20), [...tokens(0, 10), 1, 2], [...tokens(0, 10), 3, 4]]);
  assert.equal(plan([apart], LIMITS).taken, [[0], [1, 2], [3]]);
  assert.is(plan([apart], LIMITS).computed, distinctPrefixes(apart));
  // The third and fifth go on from the first, and so does the second, which must find it in the cache.
  const prompt = tokens(0, 10);
  const together = samplesOf([
    [...prompt, ...tokens(100, 10)],
    [...prompt, ...tokens(200, 20)],
    [...prompt, ...tokens(300, 6)],
    tokens(400, 4),
    [...prompt, ...tokens(500, 6)],
  ]);
  assert.equal(plan([together], LIMITS).taken, [
    [0, 2, 4],
    [1, 3],
  ]);
  assert.is(plan([together], LIMITS).computed, distinctPrefixes(together));
});

test('without sharing: input order, every token computed, equal samples too', () => {
  const samples = samplesOf([[1, 2], [1, 2], [1, 2, 3], [4]]);
  const planner = new BatchPlanner<Sample>({ ...LIMITS, share: false });
  planner.add(samples);
  const batch = planner.next();
  assert.ok(batch && !batch.reuse);
  assert.equal([...batch.tokens], [1, 2, 1, 2, 1, 2, 3, 4]);
  assert.equal([...batch.shared], [0, 0, 0, 0]);
  assert.ok(planner.empty);
});

test('the trie matches what brute force matches', () => {
  const random = new Random(15);
  for (let round = 0; round < 100; round++) {
    const sequences = randomSequences(random, 40, 12).map((tokens) => Int32Array.from(tokens));
    const trie = new PrefixTrie<number>();
    for (const [i, tokens] of sequences.entries()) {
      const longest = Math.max(0, ...sequences.slice(0, i).map((other) => commonPrefix(tokens, other)));
      assert.is(trie.match(tokens), longest);
      const { depth, values } = trie.insert(tokens);
      assert.is(depth, tokens.length);
      assert.is(trie.match(tokens), tokens.length);
      const equal = sequences.findIndex((other) => other.join() === tokens.join());
      assert.equal(values, equal === i ? [] : [equal]);
      if (values.length === 0) values.push(i);
    }
  }
});

test.run();
