import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import type { Job } from '#src/scoring/job.js';
import { PipelineStats } from '#src/scoring/pipeline-stats.js';
import type { EngineProcess } from '#src/supervisor/engine-process.js';
import type { Order, Reply } from '#src/supervisor/protocol.js';
import { SupervisedRun } from '#src/supervisor/supervised-run.js';

/** A process that answers for nothing until it is told to. */
class SilentProcess {
  onReply: (reply: Reply) => void = () => undefined;
  readonly ended = new Promise<never>(() => undefined);
  readonly places: number[] = [];

  send(order: Order): void {
    if (order.type !== 'samples') return;
    for (const { index } of order.samples) this.places.push(index);
    const { length } = order.samples;
    setImmediate(() => {
      this.onReply({ type: 'taken', count: length });
    });
  }

  answer(): void {
    const error = { code: 'INFORM_INVALID_SAMPLE', message: 'none' } as const;
    const seconds = { template: 0, tokenize: 0, plan: 0, engine: 0, head: 0 };
    const work = { samples: 0, batches: 0, halved: 0, tokensSeen: 0, tokensComputed: 0, seconds };
    const outcomes = this.places.splice(0).map((index) => ({ index, error }));
    this.onReply({ type: 'outcomes', outcomes, work });
  }
}

// Their outcomes are known at once, so nothing else holds the reader back: a million of them took 2 GB.
test('bad samples are read no further ahead of the process than good ones', async () => {
  let read = 0;
  async function* bad(): AsyncGenerator<Job<number>> {
    for (;;) {
      await Promise.resolve();
      yield { tag: read++, conversation: new InformError('INFORM_INVALID_SAMPLE', 'bad'), characters: 10 };
    }
  }
  const process = new SilentProcess();
  const host = {
    process: process as unknown as EngineProcess,
    restart: () => Promise.resolve(),
    onCrash: () => undefined,
    onLog: () => undefined,
    onSilence: () => undefined,
    requireUnchanged: () => undefined,
  };
  const controller = new AbortController();
  const options = { window: 16, live: false, signal: controller.signal, stats: new PipelineStats(), engineTimeout: 0 };
  const run = new SupervisedRun(bad(), host, options);
  let taken = 0;
  const takeAll = async (): Promise<void> => {
    for (const end = performance.now() + 200; performance.now() < end;) {
      while (run.take()) taken++;
      await sleep(1);
    }
  };
  await takeAll();
  const first = read;
  assert.ok(first >= 64 && first <= 1000, `${first} read`);
  assert.is(taken, first);
  process.answer();
  await takeAll();
  assert.ok(read > first && read <= first + 1000, `${read} read`);
  controller.abort();
  await run.stop();
});

test.run();
