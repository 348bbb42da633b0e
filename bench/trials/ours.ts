// One trial of ours, in a process of its own: `node ours.js ORDER`, ORDER being a `TrialOrder` in JSON. Rows go through
// all of the pipeline (template, tokenizer, planner, engine), which the other contestants are spared.

import type { Encoder } from '#src/prompt/encoder.js';
import { Engine } from '#src/engine/engine.js';
import { resolveModelOptions } from '#src/options/check.js';
import { scoreStream, type Job, type Outcome } from '#src/scoring/score-stream.js';
import { RewardModel } from '#src/scoring/reward-model.js';
import { PipelineStats } from '#src/scoring/pipeline-stats.js';
import type { Dataset } from '../support/datasets.js';
import { readDataset, type Trial, type TrialOrder } from './trial.js';

const { model, dataset, options } = JSON.parse(process.argv[2] ?? '') as TrialOrder;
console.log(JSON.stringify(await trial(readDataset(dataset))));

async function trial({ samples, tokens }: Dataset): Promise<Trial> {
  return samples ? scoreSamples(samples) : scoreTokens(tokens);
}

async function scoreSamples(samples: readonly unknown[]): Promise<Trial> {
  await using loaded = await RewardModel.load(model, options);
  await loaded.score({ instruction: 'Warm up.', output: 'The weights are in memory, the threads are there.' });
  const stats = new PipelineStats();
  return await measured(loaded.scoreJobs(jobs(samples), { live: false, stats }), stats);
}

/** The planner and the engine alone: an encoder that gives what it gets. */
async function scoreTokens(sequences: readonly number[][]): Promise<Trial> {
  const resolved = resolveModelOptions(options);
  const engine = await Engine.load(model, resolved);
  const encoder = {
    encode: (given: readonly unknown[]) =>
      Promise.resolve(
        given.map((ids) => ({ tokens: Int32Array.from(ids as number[]), truncated: false, holdsSpecialText: false })),
      ),
  } as unknown as Encoder;
  const { window } = resolved;
  try {
    const warmUp = scoreStream(jobs([sequences.at(-1)?.toReversed() ?? []]), encoder, engine, { window, live: false });
    for await (const { error } of warmUp) if (error) throw error;
    const stats = new PipelineStats();
    return await measured(scoreStream(jobs(sequences), encoder, engine, { window, live: false, stats }), stats);
  } finally {
    await engine.close();
  }
}

async function measured(outcomes: AsyncGenerator<Outcome<number>>, stats: PipelineStats): Promise<Trial> {
  const start = performance.now();
  for await (const { error } of outcomes) if (error) throw error;
  const seconds = (performance.now() - start) / 1000;
  return { seconds, tokens: stats.tokensSeen, computedTokens: stats.tokensComputed };
}

async function* jobs(samples: readonly unknown[]): AsyncGenerator<Job<number>> {
  for (const [tag, sample] of samples.entries()) {
    await Promise.resolve();
    yield { tag, sample };
  }
}
