// A run of 100 million rows on 512 cards, simulated over our rules of shards and journals: `npm run bench -- cluster-sim`. Writes its
// section of RESULTS.md. Nothing here is measured but the constants that say so.

import { Random } from '../test/support/random.js';
import { table, writeSection } from './support/results-file.js';

const ROWS = 100e6;
const CARDS = 512;
/** A large card with a 70B model, assumed: 5,000 tokens a second, 500 tokens a row. */
const ROWS_PER_SECOND = 10;

/**
 * Grattafiori et al., "The Llama 3 Herd of Models" (arXiv 2407.21783, section 3.3.4): 419 unexpected interruptions in 54 days of
 * 16,384 GPUs, so that one GPU meets one in 2,112 days.
 */
const FAILURE_DAYS = (54 * 16_384) / 419;
/** Assumed: how often capacity that may be taken away is taken, and for how long any card is away then. */
const PREEMPTION_DAYS = 1;
const AWAY_SECONDS = 600;
/** Slurm 22.05 lets a requeued task wait for so long (seen in test/support/slurm); the lease is over by then. */
const REQUEUE_SECONDS = 120;
/** Assumed: a process starts, 42 GB come from the node's disk at 3 GB/s, the input is hashed and read up to the shard. */
const START_SECONDS = 60;
/** A batch of 32 rows, and what the journal had not written: 0.1 s. */
const LOST_ROWS = 32 + 0.1 * ROWS_PER_SECOND;
/** Assumed: speeds of cards differ by 3 % (standard deviation), and one card of a hundred has half of it. */
const SPREAD = 0.03;
const SLOW_SHARE = 0.01;

const SECONDS_A_DAY = 86_400;

interface Outcome {
  /** Time over that of 512 cards of that speed without any loss. */
  overhead: number;
  lost: number;
  starts: number;
}

interface Scenario {
  name: string;
  eventsADay: number;
  stragglers: boolean;
}

const SCENARIOS: Scenario[] = [
  { name: 'nothing happens', eventsADay: 0, stragglers: false },
  { name: 'failures', eventsADay: 1 / FAILURE_DAYS, stragglers: false },
  { name: 'failures and stragglers', eventsADay: 1 / FAILURE_DAYS, stragglers: true },
  { name: 'and preempted once a day', eventsADay: 1 / FAILURE_DAYS + 1 / PREEMPTION_DAYS, stragglers: true },
];
const SHARDS = [512, 1024, 2048, 4096, 8192];
const ROUNDS = 20;

/** One run: cards take the next shard when they are free; what a card was doing when it fell away waits and goes on elsewhere. */
function simulate(shards: number, { eventsADay, stragglers }: Scenario, random: Random): Outcome {
  const speeds = Array.from({ length: CARDS }, () => (stragglers ? speed(random) : 1) * ROWS_PER_SECOND);
  const free = speeds.map((_, card) => ({ at: 0, card }));
  const waiting = Array.from({ length: shards }, () => ({ rows: ROWS / shards, from: 0 }));
  let [end, lost, starts] = [0, 0, 0];
  while (waiting.length > 0) {
    free.sort((a, b) => a.at - b.at);
    const { at, card } = free[0] ?? { at: 0, card: 0 };
    const next = waiting.findIndex(({ from }) => from <= at);
    if (next < 0) {
      if (free[0]) free[0].at = Math.min(...waiting.map(({ from }) => from));
      continue;
    }
    const { rows = 0 } = waiting.splice(next, 1)[0] ?? {};
    starts++;
    const needed = START_SECONDS + rows / (speeds[card] ?? ROWS_PER_SECOND);
    const fault = eventsADay === 0 ? Infinity : (-Math.log(1 - uniform(random)) / eventsADay) * SECONDS_A_DAY;
    if (fault >= needed) {
      end = Math.max(end, at + needed);
      if (free[0]) free[0].at = at + needed;
      continue;
    }
    const scored = Math.max((fault - START_SECONDS) * (speeds[card] ?? ROWS_PER_SECOND), 0);
    const gone = Math.min(LOST_ROWS, scored);
    lost += gone;
    waiting.push({ rows: rows - scored + gone, from: at + fault + REQUEUE_SECONDS });
    if (free[0]) free[0].at = at + fault + AWAY_SECONDS;
  }
  const ideal = ROWS / speeds.reduce((sum, rate) => sum + rate);
  return { overhead: end / ideal - 1, lost, starts };
}

function speed(random: Random): number {
  if (uniform(random) < SLOW_SHARE) return 0.5;
  return 1 + SPREAD * Math.sqrt(-2 * Math.log(1 - uniform(random))) * Math.cos(2 * Math.PI * uniform(random));
}

function uniform(random: Random): number {
  return random.below(2 ** 30) / 2 ** 30;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const random = new Random(19);
const rows = SCENARIOS.map((scenario) => [
  scenario.name,
  ...SHARDS.map((shards) => {
    const outcomes = Array.from({ length: ROUNDS }, () => simulate(shards, scenario, random));
    return `${(100 * mean(outcomes.map(({ overhead }) => overhead))).toFixed(1)} %`;
  }),
]);
const worst = SCENARIOS[SCENARIOS.length - 1] as Scenario;
const outcomes = Array.from({ length: ROUNDS }, () => simulate(2048, worst, random));

/** Of one task: the journal is written at most every 0.1 s and synced every 2 s, the lease both six times in 30 s. */
const writes = CARDS * (Math.min(ROWS_PER_SECOND, 10) + 0.2);
const syncs = CARDS * (0.5 + 0.2);
/** A line of 500-token rows with a short id (this is what encodeRecord makes). */
const LINE_BYTES = 150;

const body = `Time over that of ${CARDS} cards without any loss, ${(ROWS / CARDS / ROWS_PER_SECOND / 3600).toFixed(1)} hours; mean of ${ROUNDS} runs for each field.

${table(['what happens', ...SHARDS.map((shards) => `${shards.toLocaleString('en-US')} shards`)], rows)}

With 2,048 shards and all of it: ${Math.round(mean(outcomes.map(({ starts }) => starts))).toLocaleString('en-US')} starts of a task, ${Math.round(mean(outcomes.map(({ lost }) => lost))).toLocaleString('en-US')} rows scored twice (${((100 * mean(outcomes.map(({ lost }) => lost))) / ROWS).toFixed(4)} %).

The shared file system sees, from all cards, ${Math.round(writes).toLocaleString('en-US')} small writes and ${Math.round(syncs).toLocaleString('en-US')} syncs a second, ${((CARDS * ROWS_PER_SECOND * LINE_BYTES) / 1e6).toFixed(1)} MB/s, and in the end ${((ROWS * LINE_BYTES) / 1e9).toFixed(0)} GB of journals.

Failures: 419 in 54 days of 16,384 GPUs (Grattafiori et al., "The Llama 3 Herd of Models", arXiv 2407.21783, section 3.3.4). Assumed, and not
measured: ${ROWS_PER_SECOND} rows a second and card, ${START_SECONDS} s from start to first row, a card that fell away is back after ${AWAY_SECONDS} s, one preemption a card and
day, speeds that spread by 3 %, one card of a hundred at half speed. A requeued task waits ${REQUEUE_SECONDS} s, as Slurm has it; a killed one loses a batch.`;
writeSection('Many machines, simulated', 'npm run bench -- cluster-sim', body);
