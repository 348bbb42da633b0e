/**
 * `npm run hostile -- [--seed 1] [--minutes 10 | --rounds 100] [--first 0] [--json]`: does hostile things to the program, of a kind
 * that the seed and the round's number decide, counts what was met as it should be, and prints a table. `--first N --rounds 1` is
 * round N again. Exit code 1 where anything was not. Linux.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '#src/errors.js';
import { FaultHarness, type FaultKind } from '../faults/harness.js';
import { loadDamagedModels } from '../support/models/hostile-models.js';
import { tinyModel } from '../support/models/tiny-model.js';
import { Random } from '../support/random.js';
import { changedModel, changedTemplate } from './changed-files.js';
import { hostileNames } from './hostile-names.js';
import { lyingHub } from './lying-hub.js';
import { mutatedCheckpoint } from './mutated-checkpoint.js';
import type { Round } from './round.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '10' },
    rounds: { type: 'string' },
    first: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
const first = Number(values.first);
const end = values.rounds === undefined ? Infinity : first + Number(values.rounds);
const deadline = values.rounds === undefined ? performance.now() + Number(values.minutes) * 60_000 : Infinity;

/** Damaged models a round: one takes milliseconds. */
const MODELS_A_ROUND = 10;
const SILENCE_MS = 60_000;

const folder = mkdtempSync(path.join(os.tmpdir(), 'inform-score-hostile-'));
const harness = new FaultHarness({ model: 'demo', folder, seed });
const roundSeed = (round: number): number => seed * 1_000_003 + round;

function fault(kind: FaultKind): Round {
  return async (random) => {
    harness.reseed(random.below(2 ** 31));
    const { identical, lost } = await harness.run(kind, 1);
    if (identical !== 1 || lost > 0) throw new Error(`${lost} rows lost, ${identical} of 1 identical`);
  };
}

async function damagedModels(random: Random, place: string): Promise<void> {
  const campaign = { source: await tinyModel(path.join(place, 'tiny.gguf')), folder: place, silenceMs: SILENCE_MS };
  const models = { seed: random.below(2 ** 31), first: 0, end: MODELS_A_ROUND };
  const { failures } = await loadDamagedModels({ ...campaign, ...models });
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

const KINDS: readonly [string, Round][] = [
  ['kill -9', fault('kill')],
  ['SIGINT, SIGTERM or SIGHUP', fault('signal')],
  ['a full disk', fault('fullDisk')],
  ['kill -9 of the engine', fault('engineKilled')],
  ['a bit flipped in the journal', fault('flippedBytes')],
  ['the journal changed under the run', fault('changedJournal')],
  ['the input changed under the run', fault('changedInput')],
  ['the input cut between runs', fault('cutInput')],
  ['the model changed under the run', changedModel],
  ['the template changed under the run', changedTemplate],
  [`${MODELS_A_ROUND} damaged models`, damagedModels],
  ['a damaged checkpoint', mutatedCheckpoint],
  ['a hub that lies', lyingHub],
  ['hostile names', hostileNames],
];

const counts = KINDS.map(([kind]) => ({ kind, rounds: 0, failures: 0, seconds: 0 }));
const began = performance.now();
try {
  await harness.prepare();
  for (let round = first; round < end && performance.now() < deadline; round++) await play(round);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const failures = counts.reduce((sum, { failures: some }) => sum + some, 0);
const seconds = Math.round((performance.now() - began) / 1000);
if (values.json) process.stdout.write(`${JSON.stringify({ seed, first, seconds, failures, counts })}\n`);
else console.table(counts.map((count) => ({ ...count, seconds: Math.round(count.seconds) })));
process.exitCode = failures === 0 ? 0 : 1;

/** The kind of a round, and all that happens in it, follow from the seed and its number. */
async function play(round: number): Promise<void> {
  const random = new Random(roundSeed(round));
  const chosen = random.below(KINDS.length);
  const [kind, run] = KINDS[chosen] ?? [];
  const count = counts[chosen];
  if (run === undefined || count === undefined) return;
  const place = path.join(folder, `round-${round}`);
  mkdirSync(place);
  const start = performance.now();
  count.rounds++;
  try {
    await run(random, place);
  } catch (error) {
    count.failures++;
    process.stderr.write(`round ${round} of seed ${seed}, ${kind ?? ''}: ${messageOf(error)}\n`);
  }
  count.seconds += (performance.now() - start) / 1000;
  rmSync(place, { recursive: true, force: true });
}
