import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { ContextPool } from '#src/engine/context-pool.js';
import type { NativeBatch, NativeEvaluation, NativeScorer } from '#src/addon/load-addon.js';

// Several contexts of one model, without a model: a batch of n tokens takes n milliseconds and is scored as n.

const MOST_GIVEN = 2;

class FakeScorer implements NativeScorer {
  readonly begun: number[] = [];
  readonly cancelled: number[] = [];
  closed = false;
  given = 0;
  mostGiven = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** One job at a time, in the order of the calls. */
  score(id: number, batch: NativeBatch): Promise<NativeEvaluation> {
    assert.not.ok(this.closed, 'a job after the end');
    this.mostGiven = Math.max(this.mostGiven, ++this.given);
    const job = this.#last.then(() => this.#compute(id, batch)).finally(() => this.given--);
    this.#last = job.catch(() => undefined);
    return job;
  }

  async #compute(id: number, { tokens }: NativeBatch): Promise<NativeEvaluation> {
    this.begun.push(id);
    await new Promise((resolve) => setTimeout(resolve, tokens.length));
    // As the addon throws it.
    if (tokens.length === 13) throw Object.assign(new Error('unlucky'), { code: 'INFORM_DECODE_FAILED' });
    return { rewards: Float32Array.of(tokens.length), computedTokens: tokens.length, seconds: 0, headSeconds: 0 };
  }

  cancel(id: number): void {
    this.cancelled.push(id);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

function batchOf(length: number): NativeBatch {
  return { tokens: new Int32Array(length), shared: Int32Array.of(0), tails: Int32Array.of(length), reuse: true };
}

test('jobs take turns whatever they take, each context has one that runs and one that waits', async () => {
  const scorers = [new FakeScorer(), new FakeScorer()];
  const lanes = new ContextPool(scorers);
  assert.is(lanes.inFlight, 3);
  const lengths = [20, 1, 2, 1, 5, 1, 9, 1];
  const evaluations = await Promise.all(lengths.map((length) => lanes.evaluate(batchOf(length))));
  assert.equal(
    evaluations.map(({ rewards }) => rewards[0]),
    lengths,
  );
  assert.equal(
    scorers.map(({ begun }) => begun),
    [
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ],
  );
  assert.equal(
    scorers.map(({ mostGiven }) => mostGiven),
    [MOST_GIVEN, MOST_GIVEN],
  );
});

test('a job that fails is the only one', async () => {
  const lanes = new ContextPool([new FakeScorer(), new FakeScorer()]);
  const settled = await Promise.allSettled([1, 2, 13, 4, 5].map((length) => lanes.evaluate(batchOf(length))));
  assert.equal(
    settled.map((result) =>
      result.status === 'fulfilled' ? result.value.rewards[0] : (result.reason as InformError).code,
    ),
    [1, 2, 'INFORM_DECODE_FAILED', 4, 5],
  );
});

test('an abort reaches the context that has the job, and a job that has not begun never begins', async () => {
  const scorers = [new FakeScorer(), new FakeScorer()];
  const lanes = new ContextPool(scorers);
  const controller = new AbortController();
  const jobs = [1, 2, 3, 4, 5, 6].map((length) => lanes.evaluate(batchOf(20 * length), controller.signal));
  const settled = Promise.allSettled(jobs);
  await Promise.resolve();
  await Promise.resolve();
  controller.abort();
  const results = await settled;
  assert.equal(
    scorers.map(({ cancelled }) => cancelled),
    [
      [0, 2],
      [1, 3],
    ],
  );
  for (const result of results.slice(4)) {
    assert.is(result.status === 'rejected' && (result.reason as InformError).code, 'INFORM_ABORTED');
  }
  assert.is(Math.max(...scorers.flatMap(({ begun }) => begun)), 3);
});

test('closing waits for the jobs', async () => {
  const scorers = [new FakeScorer(), new FakeScorer()];
  const lanes = new ContextPool(scorers);
  const jobs = [5, 13, 6, 7, 8].map((length) => lanes.evaluate(batchOf(length)));
  const settled = Promise.allSettled(jobs);
  await lanes.close();
  assert.ok(scorers.every(({ closed, given }) => closed && given === 0));
  assert.is((await settled).filter(({ status }) => status === 'fulfilled').length, 4);
});

test.run();
