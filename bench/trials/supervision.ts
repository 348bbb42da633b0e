// One trial of bench/supervision.ts: `supervision.js own|other MODEL INPUT` scores a file with the model in this process or
// in another, as the command line does, and prints what it took as JSON.

import os from 'node:os';
import { openResults } from '#src/run/output/results.js';
import { readRows } from '#src/input/rows.js';
import type { Job } from '#src/scoring/score-stream.js';
import { PipelineStats } from '#src/scoring/pipeline-stats.js';
import { loadModel, superviseModel } from '../../test/support/models/load.js';
import { checkedConversation } from '#src/input/sample.js';

export interface SupervisionTrial {
  tokens: number;
  /** Scoring alone. */
  seconds: number;
  /** In which the engine had nothing to do. */
  idleSeconds: number;
  /** User and system time that this process took for scoring. */
  cpuSeconds: number;
}

const [where, modelFile = '', input = ''] = process.argv.slice(2);
const model = await (where === 'other' ? superviseModel : loadModel)(modelFile);
const results = await openResults(os.devNull);
if (!results) throw new Error(`${os.devNull} is a regular file`);
const stats = new PipelineStats();
const cpu = process.cpuUsage();
for await (const { tag, ...outcome } of model.scoreJobs(jobs(), { live: false, stats })) {
  if (outcome.error) throw outcome.error;
  await results.write(tag, outcome.score);
}
const { user, system } = process.cpuUsage(cpu);
await results.finish();
await model.close();
const trial: SupervisionTrial = {
  tokens: stats.tokensSeen,
  seconds: stats.elapsed,
  idleSeconds: stats.engineIdle,
  cpuSeconds: (user + system) / 1e6,
};
console.log(JSON.stringify(trial));

async function* jobs(): AsyncGenerator<Job<string>> {
  for await (const row of readRows([input])) {
    if (!row.ok) throw row.error;
    yield { tag: String(row.row), conversation: checkedConversation(row.value) };
  }
}
