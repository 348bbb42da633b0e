/**
 * `npm run faults -- [--runs 20] [--seed 7] [--model demo] [--json]`: breaks runs of the CLI in many ways and shows what was
 * lost. `--runs` counts the runs that are killed; of every other fault there are a quarter as many. Exit code 1 where anything
 * was lost.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { FaultHarness, type FaultCounts, type FaultKind } from './harness.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    model: { type: 'string', default: 'demo' },
    json: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-faults-'));
const start = performance.now();
try {
  const harness = new FaultHarness({
    model: values.model,
    folder,
    seed,
    onRun: (kind, counts) => process.stderr.write(`${kind}: ${counts.identical} of ${counts.runs} identical\n`),
  });
  await harness.prepare();
  const kill = await harness.run('kill', runs);
  const others: Partial<Record<FaultKind, FaultCounts | 'no engine child'>> = {};
  for (const kind of ['signal', 'fullDisk', 'cutInput', 'flippedBytes', 'changedJournal', 'changedInput'] as const) {
    others[kind] = await harness.run(kind, Math.ceil(runs / 4));
  }
  others.engineKilled = (await harness.hasEngineChild())
    ? await harness.run('engineKilled', Math.ceil(runs / 4))
    : 'no engine child';
  const seconds = Math.round((performance.now() - start) / 1000);
  const report = { ...kill, seed, model: values.model, seconds, others };
  process.stdout.write(`${JSON.stringify(report, undefined, values.json ? undefined : 2)}\n`);
  const all = [kill, ...Object.values(others)].filter((counts) => typeof counts === 'object');
  process.exitCode = all.every((counts) => counts.identical === counts.runs && counts.lost === 0) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
