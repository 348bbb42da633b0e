import type { Engine } from '#src/engine/engine.js';
import { BatchPlanner } from '#src/scoring/planner/batch-planner.js';

/** The reward of each sequence, in order, evaluated in the batches that a run would make of them. */
export async function rewardsOf(engine: Engine, sequences: readonly Int32Array[]): Promise<number[]> {
  const planner = new BatchPlanner<{ tokens: Int32Array; index: number }>(engine.limits);
  planner.add(sequences.map((tokens, index) => ({ tokens, index })));
  const found = sequences.map(() => NaN);
  for (let batch = planner.next(); batch !== undefined; batch = planner.next()) {
    const { rewards } = await engine.evaluate(batch);
    for (const [i, samples] of batch.samples.entries()) {
      for (const { index } of samples) found[index] = rewards[i] ?? NaN;
    }
  }
  return found;
}
