// One trial of ours, in a process of its own: `node ours.js ORDER`, ORDER being a `TrialOrder` in JSON. Rows go through
// all of the pipeline (template, tokenizer, planner, engine), which the other contestants are spared.

import type { Encoder } from '#src/prompt/encoder.js';
import { Engine } from '#src/engine/engine.js';
import { scoreStream, type Job, type Outcome } from '#src/scoring/score-stream.js';
import { PipelineStats } from '#src/scoring/pipeline-stats.js';
import type { Dataset } from '../support/datasets.js';
import { readDataset, type Trial, type TrialOrder } from './trial.js';
import { loadModel, prepare } from '../../test/support/models/load.js';
import { checkedConversation } from '#src/input/sample.js';

const { model, dataset, options } = JSON.parse(process.argv[2] ?? '') as TrialOrder;
console.log(JSON.stringify(await trial(readDataset(dataset))));

async function trial({ samples, tokens }: Dataset): Promise<Trial> {
  return samples ? scoreSamples(samples) : scoreTokens(tokens);
}

async function scoreSamples(samples: readonly unknown[]): Promise<Trial> {
  await using loaded = await loadModel(model, options);
  const warmUp = { instruction: 'Warm up.', output: 'The weights are in memory, the threads are there.' };
  for await (const { error } of loaded.scoreJobs(jobs([warmUp]))) if (error) throw error;
  const stats = new PipelineStats();
  return await measured(loaded.scoreJobs(jobs(samples), { live: false, stats }), stats);
}

/** The planner and the engine alone: an encoder that gives what it gets. */
async function scoreTokens(sequences: readonly number[][]): Promise<Trial> {
  const prepared = await prepare(model, options);
  const engine = await Engine.load(prepared);
  const encoder = {
    encode: (given: readonly unknown[]) =>
      Promise.resolve(
        given.map((ids) => ({ tokens: Int32Array.from(ids as number[]), truncated: false, holdsSpecialText: false })),
      ),
  } as unknown as Encoder;
  const { window } = prepared.options;
  try {
    const warmUp = scoreStream(tokenJobs([sequences.at(-1)?.toReversed() ?? []]), encoder, engine, {
      window,
      live: false,
    });
    for await (const { error } of warmUp) if (error) throw error;
    const stats = new PipelineStats();
    return await measured(scoreStream(tokenJobs(sequences), encoder, engine, { window, live: false, stats }), stats);
  } finally {
    await engine.close();
  }
}

async function measured(outcomes: AsyncGenerator<Outcome<number>>, stats: PipelineStats): Promise<Trial> {
  const start = performance.now();
  for await (const { error } of outcomes) if (error) throw error;
  const seconds = (performance.now() - start) / 1000;
  return { seconds, tokens: stats.tokensSeen, computedTokens: stats.tokensComputed, stages: stats.seconds };
}

function jobs(samples: readonly unknown[]): AsyncGenerator<Job<number>> {
  return numbered(samples.map(checkedConversation));
}

/** Token ids in a conversation's place: the encoder takes them as they are. */
function tokenJobs(sequences: readonly number[][]): AsyncGenerator<Job<number>> {
  return numbered(sequences as unknown as Job<number>['conversation'][]);
}

async function* numbered(conversations: readonly Job<number>['conversation'][]): AsyncGenerator<Job<number>> {
  for (const [tag, conversation] of conversations.entries()) {
    await Promise.resolve();
    yield { tag, conversation };
  }
}
