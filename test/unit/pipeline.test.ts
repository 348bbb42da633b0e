import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EncodedSample, Encoder } from '../../src/encoder.js';
import type { Engine } from '../../src/engine.js';
import { InformError } from '../../src/errors.js';
import { scoreStream, type Job, type Outcome } from '../../src/pipeline.js';
import { Random } from '../support/random.js';

// The flow without a model: samples are numbers, "encoded" to that many tokens and "scored" as that number.

const MAX_SEQUENCES = 4;
const CONTEXT_TOKENS = 20;

class FakeEngine {
  readonly maxSequences = MAX_SEQUENCES;
  readonly contextTokens = CONTEXT_TOKENS;
  readonly batches: number[][] = [];
  running = 0;
  mostRunning = 0;
  failAt = Infinity;
  scoreOf = (length: number): number => length;

  async evaluate(sequences: readonly Int32Array[], signal?: AbortSignal): Promise<Float32Array> {
    if (this.batches.length === this.failAt) throw new InformError('INFORM_DECODE_FAILED', 'the fake engine failed');
    this.batches.push(sequences.map((tokens) => tokens.length));
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    this.running--;
    if (signal?.aborted) throw new InformError('INFORM_ABORTED', 'aborted');
    return Float32Array.from(sequences, (tokens) => this.scoreOf(tokens.length));
  }
}

const encoder = {
  encode: (samples: readonly unknown[]): Promise<(EncodedSample | InformError)[]> =>
    Promise.resolve(
      samples.map((sample) =>
        typeof sample === 'number'
          ? { tokens: new Int32Array(sample), truncated: false, holdsSpecialText: false }
          : new InformError('INFORM_INVALID_SAMPLE', 'not a number'),
      ),
    ),
} as unknown as Encoder;

async function* jobs(samples: readonly unknown[]): AsyncGenerator<Job<number>> {
  for (const [tag, sample] of samples.entries()) {
    await Promise.resolve();
    yield { tag, sample };
  }
}

function stream(
  engine: FakeEngine,
  source: AsyncIterable<Job<number>>,
  signal?: AbortSignal,
): AsyncGenerator<Outcome<number>> {
  return scoreStream(source, encoder, engine as unknown as Engine, { window: 8, live: true, signal });
}

async function collect(engine: FakeEngine, samples: readonly unknown[]): Promise<Outcome<number>[]> {
  const outcomes: Outcome<number>[] = [];
  for await (const outcome of stream(engine, jobs(samples))) outcomes.push(outcome);
  return outcomes;
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

test('memory is bounded: the source is read one batch ahead and no further', async () => {
  let read = 0;
  async function* endless(): AsyncGenerator<Job<number>> {
    for (;;) {
      await Promise.resolve();
      yield { tag: read++, sample: 1 };
    }
  }
  let given = 0;
  for await (const outcome of stream(new FakeEngine(), endless())) {
    given++;
    assert.ok(read - outcome.tag <= 4 * MAX_SEQUENCES, `${read} read when ${outcome.tag} was given`);
    if (given === 200) break;
  }
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

test('a score is given as soon as its batch is done, not when the next sample comes', async () => {
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
    if (seen.length === MAX_SEQUENCES) release(); // without their scores the source would wait for ever
  }
  assert.equal(seen, [0, 1, 2, 3, 4, 0]);
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
    for await (const { tag } of stream(new FakeEngine(), silent(), controller.signal)) assert.is(tag, 0);
  });
  assert.is(code, 'INFORM_ABORTED');
});

test('an abort ends the stream', async () => {
  const controller = new AbortController();
  const code = await codeOf(async () => {
    for await (const outcome of stream(new FakeEngine(), jobs(new Array<number>(100).fill(1)), controller.signal)) {
      if (outcome.tag === 5) controller.abort();
    }
  });
  assert.is(code, 'INFORM_ABORTED');
});

test.run();
