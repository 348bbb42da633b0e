// A process that does one thing with models' lifetimes and must end well: `lifetime-child.js SCENARIO MODEL`.
// test/process/lifetime.test.ts runs each scenario and watches exit code, signal and time.

import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { InformError, inspectModel, RewardModel } from '#src/index.js';
import { Random } from '../random.js';

const OPTIONS = { batchSize: 8, maxLength: 512, contextTokens: 1024 };
const RACE_ROUNDS = 2;
const LONG = { instruction: 'q', output: 'word '.repeat(400) };

async function* endless(): AsyncGenerator<typeof LONG> {
  for (;;) {
    await sleep(0);
    yield LONG;
  }
}

/** Scores for ever; resolves once the first score is there. */
async function keepScoring(model: RewardModel): Promise<void> {
  const scores = model.scoreAll(endless());
  await scores.next();
  void (async () => {
    for await (const result of scores) if (!Number.isFinite(result.score)) process.exit(9);
  })().catch(() => undefined);
}

const scenarios: Record<string, (model: string) => Promise<void>> = {
  /** process.exit() in the middle of a batch. */
  async exit(path) {
    const model = await RewardModel.load(path, OPTIONS);
    await keepScoring(model);
    setTimeout(() => process.exit(7), 20);
  },

  /** process.exit() while a model loads. */
  async exitWhileLoading(path) {
    void RewardModel.load(path, OPTIONS);
    await sleep(1);
    process.exit(7);
  },

  /** The program ends without closing its model. */
  async forget(path) {
    const model = await RewardModel.load(path, OPTIONS);
    await model.score(LONG);
    process.exitCode = 7;
  },

  /** Models that nobody closed are freed by the garbage collector. */
  async collect(path) {
    const rss: number[] = [];
    for (let round = 0; round < 30; round++) {
      const model = await RewardModel.load(path, OPTIONS);
      await model.score({ instruction: 'q', output: 'a' });
      globalThis.gc?.();
      await sleep(20);
      globalThis.gc?.();
      rss.push(process.memoryUsage.rss() / 2 ** 20);
    }
    const growth = Math.max(...rss.slice(20)) - Math.max(...rss.slice(5, 10));
    console.log(`rss ${rss.map(Math.round).join(' ')} MiB`);
    process.exitCode = globalThis.gc && growth < 100 ? 7 : 8;
  },

  /** Loading, scoring and closing again and again keeps no memory. */
  async reload(path) {
    const rss: number[] = [];
    for (let round = 0; round < 30; round++) {
      const model = await RewardModel.load(path, OPTIONS);
      await model.score({ instruction: 'q', output: 'a' });
      await model.close();
      rss.push(process.memoryUsage.rss() / 2 ** 20);
    }
    const growth = Math.max(...rss.slice(20)) - Math.max(...rss.slice(5, 10));
    console.log(`rss ${rss.map(Math.round).join(' ')} MiB`);
    process.exitCode = growth < 60 ? 7 : 8;
  },

  /** Every operation raced against close(). */
  async closeRaces(path) {
    for (let delay = 0; delay < 30; delay += 3) {
      const model = await RewardModel.load(path, OPTIONS);
      const scoring = Promise.allSettled([model.score(LONG), model.score(LONG), keepScoring(model)]);
      await sleep(delay);
      await Promise.all([model.close(), model.close()]);
      await scoring;
    }
    process.exitCode = 7;
  },

  /** Three worker threads, each with a model of its own, agree. */
  async workers(path) {
    const scores = await Promise.all([1, 2, 3].map(() => fromWorker('score', path)));
    process.exitCode = new Set(scores).size === 1 && Number.isFinite(scores[0]) ? 7 : 8;
  },

  /** Four worker threads, each with a model of its own, race every call against abort and close. */
  async races(path) {
    const faults = (await Promise.all([1, 2, 3, 4].map((seed) => fromWorker('race', path, seed)))) as string[][];
    for (const fault of faults.flat()) console.log(fault);
    process.exitCode = faults.flat().length === 0 ? 7 : 8;
  },

  /** Worker threads are terminated in the middle of a batch and of a load. */
  async terminate(path) {
    for (const [job, delay] of [
      ['keepScoring', 30],
      ['load', 2],
      ['keepScoring', 0],
      ['load', 20],
    ] as const) {
      const worker = startWorker(job, path);
      const started = new Promise((resolve) => worker.once('message', resolve));
      if (job === 'keepScoring') await started;
      await sleep(delay);
      await worker.terminate();
    }
    const model = await RewardModel.load(path, OPTIONS);
    process.exitCode = Number.isFinite(await model.score(LONG)) ? 7 : 8;
    await model.close();
  },
};

/** What a call may end with when the model is closed or the call aborted under it. */
const EXPECTED: readonly string[] = ['INFORM_CLOSED', 'INFORM_ABORTED'];

/** Starts calls of every kind in random order, aborts some and closes in between. Gives what went wrong. */
async function race(path: string, seed: number): Promise<string[]> {
  const random = new Random(seed);
  const faults: string[] = [];
  for (let round = 0; round < RACE_ROUNDS; round++) {
    const controller = new AbortController();
    const { signal } = controller;
    const model = await RewardModel.load(path, { ...OPTIONS, threads: 1 });
    const some = Array.from({ length: 1 + random.below(20) }, (_, id) => ({ ...LONG, id }));
    const calls: (() => Promise<unknown>)[] = [
      () => model.score({ instruction: 'q', output: 'a' }),
      () => model.score(LONG, { signal }),
      async () => {
        for await (const { score } of model.scoreAll(some, { signal })) if (!Number.isFinite(score)) faults.push('NaN');
      },
      async () => {
        for await (const { id } of model.scoreAll(some)) if (id === 3) break;
      },
      () => inspectModel(path),
      () => RewardModel.load(path, { ...OPTIONS, signal }).then((other) => other.close()),
      () => model.close(),
    ];
    const judge = (error: unknown): void => {
      if (!(error instanceof InformError && EXPECTED.includes(error.code)))
        faults.push(`seed ${seed}: ${String(error)}`);
    };
    const running: Promise<unknown>[] = [];
    for (let call = 0; call < 10; call++) {
      running.push(
        random
          .pick(calls as [(typeof calls)[0]])()
          .catch(judge),
      );
      await sleep(random.below(8));
      if (random.below(6) === 0) controller.abort();
    }
    running.push(model.close(), model.close());
    await Promise.all(running);
  }
  return faults;
}

const workerJobs: Record<string, (model: string, seed: number) => Promise<unknown>> = {
  race,
  score: async (path) => (await RewardModel.load(path, OPTIONS)).score(LONG),
  load: async (path) => RewardModel.load(path, OPTIONS).then(() => 'loaded'),
  keepScoring: async (path) => keepScoring(await RewardModel.load(path, OPTIONS)),
};

function startWorker(job: string, path: string, seed = 0): Worker {
  return new Worker(fileURLToPath(import.meta.url), { workerData: { job, path, seed } });
}

function fromWorker(job: string, path: string, seed = 0): Promise<unknown> {
  return new Promise((resolve, reject) => {
    startWorker(job, path, seed).once('message', resolve).once('error', reject);
  });
}

if (isMainThread) {
  const [name = '', model = ''] = process.argv.slice(2);
  await scenarios[name]?.(model);
} else {
  const { job, path, seed } = workerData as { job: string; path: string; seed: number };
  parentPort?.postMessage(await workerJobs[job]?.(path, seed));
}
