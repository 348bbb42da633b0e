import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EncodedSample, Encoder } from '#src/prompt/encoder.js';
import type { Engine, Evaluation } from '#src/engine/engine.js';
import { InformError, type ErrorCode } from '#src/errors.js';
import { scoreStream, type Job, type Outcome, type StreamOptions } from '#src/scoring/score-stream.js';
import type { Batch } from '#src/engine/batch.js';
import { PipelineStats } from '#src/scoring/pipeline-stats.js';
import { Random } from '../../support/random.js';
import type { Message } from '#src/input/sample.js';

// The flow without a model: a sample is a number n, "encoded" to n tokens that no other sample begins with, and "scored"
// as n. What sharing does to batches is the business of planner.test.ts.

const MAX_SEQUENCES = 4;
const CONTEXT_TOKENS = 20;
const WINDOW = 16;

class FakeEngine {
  readonly limits = {
    contextTokens: CONTEXT_TOKENS,
    batchTokens: CONTEXT_TOKENS,
    maxSequences: MAX_SEQUENCES,
    share: true,
  };
  inFlight = 2;
  readonly batches: number[][] = [];
  running = 0;
  mostRunning = 0;
  failAt = Infinity;
  /** Whether a batch of these lengths fails. Only the harmless sequence that a suspect is compared with reuses nothing. */
  fails: (lengths: readonly number[], isHarmless: boolean) => ErrorCode | undefined = () => undefined;
  milliseconds = 1;
  scoreOf = (length: number): number => length;

  async evaluate(batch: Batch, signal?: AbortSignal): Promise<Evaluation> {
    if (this.batches.length === this.failAt) throw new InformError('INFORM_DECODE_FAILED', 'the fake engine failed');
    const lengths = Array.from(batch.tails, (tail, i) => tail + (batch.shared[i] ?? 0));
    this.batches.push(lengths);
    const failure = this.fails(lengths, !batch.reuse);
    if (failure !== undefined) throw new InformError(failure, `the fake engine failed at ${lengths.join(' ')}`);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await new Promise((resolve) => setTimeout(resolve, this.milliseconds));
    this.running--;
    if (signal?.aborted) throw new InformError('INFORM_ABORTED', 'aborted');
    return {
      rewards: Float32Array.from(lengths, (length) => this.scoreOf(length)),
      computedTokens: batch.tokens.length,
      seconds: this.milliseconds / 1000,
      headSeconds: 0,
    };
  }
}

/** Tokens that start with a number which no other sample has. */
let samplesEncoded = 0;
const encoder = {
  encode: (samples: readonly unknown[]): Promise<(EncodedSample | InformError)[]> =>
    Promise.resolve(
      samples.map((sample) =>
        typeof sample === 'number'
          ? { tokens: new Int32Array(sample).fill(++samplesEncoded), truncated: false, holdsSpecialText: false }
          : new InformError('INFORM_INVALID_SAMPLE', 'not a number'),
      ),
    ),
} as unknown as Encoder;

/** The encoder of these tests takes a number of tokens for a conversation. */
function asConversation(sample: unknown): Message[] {
  return sample as Message[];
}

async function* jobs(samples: readonly unknown[]): AsyncGenerator<Job<number>> {
  for (const [tag, sample] of samples.entries()) {
    await Promise.resolve();
    yield { tag, conversation: asConversation(sample) };
  }
}

function stream(
  engine: FakeEngine,
  source: AsyncIterable<Job<number>>,
  options: Partial<StreamOptions> = {},
): AsyncGenerator<Outcome<number>> {
  return scoreStream(source, encoder, engine as unknown as Engine, { window: WINDOW, live: true, ...options });
}

async function collect(engine: FakeEngine, samples: readonly unknown[]): Promise<Outcome<number>[]> {
  const outcomes: Outcome<number>[] = [];
  for await (const outcome of stream(engine, jobs(samples))) outcomes.push(outcome);
  return outcomes;
}

function scoreOrCode(outcome: Outcome<number>): number | string {
  return outcome.error === undefined ? outcome.score : outcome.error.code;
}

async function codeOf(body: () => Promise<unknown>): Promise<string> {
  try {
    await body();
  } catch (error) {
    return error instanceof InformError ? error.code : String(error);
  }
  return 'no error';
}

test('random streams: every sample once, in order, within both limits', async () => {
  const random = new Random(7);
  for (let round = 0; round < 100; round++) {
    const samples = Array.from({ length: Math.floor(random.next() * 60) }, () =>
      random.next() < 0.1 ? 'bad' : 1 + Math.floor(random.next() * CONTEXT_TOKENS),
    );
    const engine = new FakeEngine();
    const outcomes = await collect(engine, samples);
    assert.equal(
      outcomes.map((outcome) => outcome.tag),
      samples.map((_, i) => i),
    );
    for (const { tag, ...outcome } of outcomes) {
      if (samples[tag] === 'bad') assert.is((outcome as { error: InformError }).error.code, 'INFORM_INVALID_SAMPLE');
      else assert.is((outcome as { score: number }).score, samples[tag]);
    }
    for (const lengths of engine.batches) {
      assert.ok(lengths.length >= 1 && lengths.length <= MAX_SEQUENCES);
      assert.ok(lengths.reduce((a, b) => a + b, 0) <= CONTEXT_TOKENS);
    }
  }
});

test('small samples fill batches', async () => {
  const engine = new FakeEngine();
  await collect(engine, [1, 1, 1, 1, 1, 1, 1, 1, 1]);
  assert.equal(engine.batches, [[1, 1, 1, 1], [1, 1, 1, 1], [1]]);
});

test('nothing in, nothing out', async () => {
  assert.equal(await collect(new FakeEngine(), []), []);
});

test('a score that is no finite number is an error, never a number', async () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    const engine = new FakeEngine();
    engine.scoreOf = (length) => (length === 2 ? value : length);
    const outcomes = await collect(engine, [1, 2, 3]);
    assert.equal(
      outcomes.map((outcome) => outcome.error?.code ?? outcome.tag),
      [0, 'INFORM_NON_FINITE_SCORE', 2],
    );
  }
});

test('what was scored before a failing batch is given first', async () => {
  const engine = new FakeEngine();
  engine.failAt = 2;
  const seen: number[] = [];
  const code = await codeOf(async () => {
    for await (const { tag } of stream(engine, jobs(new Array<number>(20).fill(1)))) seen.push(tag);
  });
  assert.is(code, 'INFORM_DECODE_FAILED');
  assert.equal(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('a batch that fails is evaluated in halves until what is at fault is alone; the run goes on', async () => {
  for (const code of ['INFORM_OUT_OF_MEMORY', 'INFORM_DECODE_FAILED'] as const) {
    const engine = new FakeEngine();
    const stats = new PipelineStats();
    engine.fails = (lengths, isHarmless) => (lengths.includes(7) && !isHarmless ? code : undefined);
    const samples = [1, 2, 7, 3, 4, 5, 6, 1, 7, 2];
    const outcomes: Outcome<number>[] = [];
    for await (const outcome of stream(engine, jobs(samples), { stats })) outcomes.push(outcome);
    assert.equal(
      outcomes.map(scoreOrCode),
      samples.map((length) => (length === 7 ? code : length)),
    );
    assert.ok(outcomes.every(({ error }) => error === undefined || error.message.includes('failed at 7')));
    assert.ok(stats.halved >= 2);
    assert.is(stats.samples, 8);
    // Alone twice, and a harmless one in between.
    const alone = engine.batches.filter((lengths) => lengths.join() === '7');
    assert.is(alone.length, 2 * 3);
  }
});

test('a sample that fails alone where a harmless one of its length fails, too, is not to blame: the run ends', async () => {
  const engine = new FakeEngine();
  engine.fails = (lengths) => (lengths.some((length) => length > 6) ? 'INFORM_OUT_OF_MEMORY' : undefined);
  const seen: (string | undefined)[] = [];
  const code = await codeOf(async () => {
    for await (const { error } of stream(engine, jobs([1, 2, 3, 7, 4, 5, 7, 1]))) seen.push(error?.code);
  });
  assert.is(code, 'INFORM_OUT_OF_MEMORY');
  assert.ok(seen.every((rejected) => rejected === undefined));
});

test('a sample that fails alone once has its score', async () => {
  const engine = new FakeEngine();
  let failed = 0;
  engine.fails = (lengths) => (lengths.includes(7) && failed++ < 2 ? 'INFORM_DECODE_FAILED' : undefined);
  const samples = [1, 7];
  assert.equal((await collect(engine, samples)).map(scoreOrCode), samples);
});

test('a batch that is too large for the memory is scored in parts', async () => {
  const engine = new FakeEngine();
  engine.fails = (lengths) => (lengths.length > 1 ? 'INFORM_OUT_OF_MEMORY' : undefined);
  const samples = Array.from({ length: 30 }, (_, i) => 1 + (i % 5));
  const outcomes = await collect(engine, samples);
  assert.equal(outcomes.map(scoreOrCode), samples);
});

test('an engine at which everything fails ends the run, and no sample is blamed', async () => {
  const engine = new FakeEngine();
  engine.fails = () => 'INFORM_OUT_OF_MEMORY';
  const code = await codeOf(() => collect(engine, [3, 3, 3, 3, 3, 3, 3, 3]));
  assert.is(code, 'INFORM_OUT_OF_MEMORY');
  // The first batch to the first single sequence and the probe; the second one may have begun.
  assert.ok(engine.batches.length <= 8, `${engine.batches.length}`);
});

test('so does one at which sample after sample fails, though harmless ones pass', async () => {
  const engine = new FakeEngine();
  engine.fails = (lengths, isHarmless) =>
    isHarmless || lengths.every((length) => length === 1) ? undefined : 'INFORM_OUT_OF_MEMORY';
  const seen: (string | undefined)[] = [];
  const code = await codeOf(async () => {
    for await (const { error } of stream(engine, jobs(new Array<number>(100).fill(2)))) seen.push(error?.code);
  });
  assert.is(code, 'INFORM_OUT_OF_MEMORY');
  assert.ok(seen.length < 10 && seen.every((code) => code === 'INFORM_OUT_OF_MEMORY'), `${seen.length}`);
});

test('other errors of the engine are not retried', async () => {
  for (const code of ['INFORM_INTERNAL', 'INFORM_CLOSED'] as const) {
    const engine = new FakeEngine();
    engine.fails = () => code;
    assert.is(await codeOf(() => collect(engine, [1, 2, 3])), code);
    assert.is(engine.batches.length, 1);
  }
});

test('whoever watches native code knows all samples in it, and none afterwards', async () => {
  const inside = new Set<readonly number[]>();
  const seen: number[] = [];
  const onNative = async (tags: readonly number[]): Promise<() => void> => {
    await Promise.resolve();
    inside.add(tags);
    seen.push(...tags);
    return () => inside.delete(tags);
  };
  const engine = new FakeEngine();
  const options = { window: WINDOW, live: false, onNative };
  const source = jobs(new Array<number>(100).fill(1));
  for await (const outcome of scoreStream(source, encoder, engine as unknown as Engine, options)) {
    assert.ok('score' in outcome);
  }
  assert.is(inside.size, 0);
  // Each of them for the tokenizer and for the engine.
  assert.equal(
    seen.sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, i) => i >> 1),
  );
});

test('memory is bounded: the source is read a few windows ahead and no further, however slow the consumer', async () => {
  let read = 0;
  async function* endless(): AsyncGenerator<Job<number>> {
    for (;;) {
      await Promise.resolve();
      yield { tag: read++, conversation: asConversation(read % 5 === 0 ? 'bad' : 1) };
    }
  }
  for (const pause of [0, 1]) {
    read = 0;
    let given = 0;
    for await (const outcome of stream(new FakeEngine(), endless())) {
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      // Two windows planned, one full, one filled in a chunk that was on its way.
      assert.ok(read - outcome.tag <= 4 * WINDOW + 3 * 32, `${read} read when ${outcome.tag} was given`);
      if (++given === 400) break;
    }
  }
});

test('memory is bounded for rows of any size, also where they give few tokens or none', async () => {
  const characters = 2 ** 22;
  let read = 0;
  async function* endless(): AsyncGenerator<Job<number>> {
    for (;;) {
      await Promise.resolve();
      // Bad rows behind good ones, whose scores they wait for.
      yield { tag: read++, conversation: asConversation(read % 16 > 3 ? 'bad' : 1), characters };
    }
  }
  const engine = new FakeEngine();
  engine.milliseconds = 3;
  let given = 0;
  for await (const outcome of stream(engine, endless(), { window: 1024, live: false })) {
    // Two rows a window: two windows planned, one full, one filled; and rows on their way.
    assert.ok(read - outcome.tag <= 4 * 2 + 4, `${read} read when ${outcome.tag} was given`);
    if (++given === 200) break;
  }
});

test('the engine always has a batch that waits while there is input', async () => {
  const engine = new FakeEngine();
  await collect(engine, new Array<number>(200).fill(1));
  assert.is(engine.mostRunning, 2);
  const wide = new FakeEngine();
  wide.inFlight = 4;
  await collect(wide, new Array<number>(200).fill(1));
  assert.is(wide.mostRunning, 4);
});

test('batches depend on the input alone, not on how fast it comes, unless the source is live', async () => {
  const samples = Array.from({ length: 150 }, (_, i) => 1 + (i % 7));
  async function* halting(pause: number): AsyncGenerator<Job<number>> {
    for (const [tag, sample] of samples.entries()) {
      if (tag % 50 === 49) await new Promise((resolve) => setTimeout(resolve, pause));
      yield { tag, conversation: asConversation(sample) };
    }
  }
  const batches: number[][][] = [];
  for (const pause of [0, 150]) {
    const engine = new FakeEngine();
    for await (const outcome of stream(engine, halting(pause), { live: false })) assert.ok('score' in outcome);
    batches.push(engine.batches);
  }
  assert.equal(batches[0], batches[1]);
});

test('statistics add up', async () => {
  const stats = new PipelineStats();
  const engine = new FakeEngine();
  engine.milliseconds = 3;
  const samples = [...new Array<number>(40).fill(3), 'bad'];
  const began = performance.now();
  for await (const outcome of stream(engine, jobs(samples), { stats })) assert.ok(outcome.tag >= 0);
  const elapsed = (performance.now() - began) / 1000;
  assert.is(stats.samples, 40);
  assert.is(stats.tokensSeen, 120);
  assert.is(stats.tokensComputed, 120);
  assert.is(stats.sharingFactor, 1);
  assert.is(stats.batches, engine.batches.length);
  assert.ok(Math.abs(stats.seconds.engine - 0.003 * stats.batches) < 1e-9);
  assert.ok(stats.elapsed > 0 && stats.elapsed <= elapsed, `${stats.elapsed} of ${elapsed}`);
  assert.ok(stats.engineIdle <= stats.elapsed);
});

test('leaving the loop early ends the source and leaves nothing running', async () => {
  let closed = false;
  async function* source(): AsyncGenerator<Job<number>> {
    try {
      yield* jobs(new Array<number>(100).fill(1));
    } finally {
      closed = true;
    }
  }
  const engine = new FakeEngine();
  for await (const outcome of stream(engine, source())) {
    assert.is(outcome.tag, 0);
    break;
  }
  assert.ok(closed);
  assert.is(engine.running, 0);
});

test('a failing source ends the stream with its error, after what it gave before', async () => {
  async function* source(): AsyncGenerator<Job<number>> {
    yield* jobs([1, 1, 1, 1, 1]);
    throw new InformError('INFORM_INPUT_UNREADABLE', 'the disk is gone');
  }
  const seen: number[] = [];
  const code = await codeOf(async () => {
    for await (const { tag } of stream(new FakeEngine(), source())) seen.push(tag);
  });
  assert.is(code, 'INFORM_INPUT_UNREADABLE');
  assert.equal(seen, [0, 1, 2, 3, 4], 'what came before the failure is scored');
});

test('scores come without waiting for the next sample of a source that falls silent', async () => {
  let release = (): void => undefined;
  const wait = new Promise<void>((resolve) => (release = resolve));
  async function* source(): AsyncGenerator<Job<number>> {
    yield* jobs([1, 1, 1, 1, 1]);
    await wait;
    yield* jobs([2]);
  }
  const seen: number[] = [];
  for await (const { tag } of stream(new FakeEngine(), source())) {
    seen.push(tag);
    if (seen.length === 5) release(); // without their scores the source would wait for ever
  }
  assert.equal(seen, [0, 1, 2, 3, 4, 0]);
});

test('a conversation: each sample comes after the score of the one before', async () => {
  let answered = (): void => undefined;
  async function* source(): AsyncGenerator<Job<number>> {
    for (let tag = 0; tag < 3; tag++) {
      const answer = new Promise<void>((resolve) => (answered = resolve));
      yield { tag, conversation: asConversation(1) };
      await answer;
    }
  }
  const seen: number[] = [];
  for await (const { tag } of stream(new FakeEngine(), source())) {
    seen.push(tag);
    answered();
  }
  assert.equal(seen, [0, 1, 2]);
});

test('a tokenizer that fails ends the stream with its error, after what was encoded before', async () => {
  let calls = 0;
  const failing = {
    encode: (samples: Parameters<Encoder['encode']>[0]): Promise<unknown> =>
      ++calls === 3 ? Promise.reject(new InformError('INFORM_CLOSED', 'closed')) : encoder.encode(samples),
  } as unknown as Encoder;
  const seen: number[] = [];
  const code = await codeOf(async () => {
    const source = jobs(new Array<number>(200).fill(1));
    const options = { window: WINDOW, live: false };
    for await (const { tag } of scoreStream(source, failing, new FakeEngine() as unknown as Engine, options))
      seen.push(tag);
  });
  assert.is(code, 'INFORM_CLOSED');
  assert.equal(
    seen,
    Array.from({ length: 64 }, (_, i) => i),
  );
});

test('an abort wakes a stream whose source is silent', async () => {
  async function* silent(): AsyncGenerator<Job<number>> {
    yield* jobs([1]);
    await new Promise(() => undefined);
  }
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort();
  }, 20);
  const code = await codeOf(async () => {
    for await (const { tag } of stream(new FakeEngine(), silent(), { signal: controller.signal })) assert.is(tag, 0);
  });
  assert.is(code, 'INFORM_ABORTED');
});

test('an abort ends the stream', async () => {
  const controller = new AbortController();
  const code = await codeOf(async () => {
    for await (const outcome of stream(new FakeEngine(), jobs(new Array<number>(100).fill(1)), {
      signal: controller.signal,
    })) {
      if (outcome.tag === 5) controller.abort();
    }
  });
  assert.is(code, 'INFORM_ABORTED');
});

test.run();
