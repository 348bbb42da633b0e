import { InformError } from '../../errors.js';
import { MAX_SHARDS, parseShard, type ShardNumber } from './shard.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** How a scheduler tells a task which one it is. */
interface Scheduler {
  name: string;
  /** The variable with the task's own number. */
  task: string;
  /** The number of the first task where nothing tells another. */
  base: 0 | 1;
  /** Variables with the first number, the last one, the step between two, and how many there are. */
  first?: string;
  last?: string;
  step?: string;
  count?: string;
}

const SCHEDULERS: readonly Scheduler[] = [
  {
    name: 'Slurm',
    task: 'SLURM_ARRAY_TASK_ID',
    base: 0,
    first: 'SLURM_ARRAY_TASK_MIN',
    last: 'SLURM_ARRAY_TASK_MAX',
    step: 'SLURM_ARRAY_TASK_STEP',
    count: 'SLURM_ARRAY_TASK_COUNT',
  },
  { name: 'Kubernetes', task: 'JOB_COMPLETION_INDEX', base: 0 },
  { name: 'AWS Batch', task: 'AWS_BATCH_JOB_ARRAY_INDEX', base: 0, count: 'AWS_BATCH_JOB_ARRAY_SIZE' },
  { name: 'Cloud Run', task: 'CLOUD_RUN_TASK_INDEX', base: 0, count: 'CLOUD_RUN_TASK_COUNT' },
  { name: 'SkyPilot', task: 'SKYPILOT_NODE_RANK', base: 0, count: 'SKYPILOT_NUM_NODES' },
  { name: 'PBS', task: 'PBS_ARRAY_INDEX', base: 0 },
  { name: 'LSF', task: 'LSB_JOBINDEX', base: 1, step: 'LSB_JOBINDEX_STEP', last: 'LSB_JOBINDEX_END' },
  {
    name: 'Grid Engine',
    task: 'SGE_TASK_ID',
    base: 1,
    first: 'SGE_TASK_FIRST',
    last: 'SGE_TASK_LAST',
    step: 'SGE_TASK_STEPSIZE',
  },
];

/** The shard that the command line names: i/n, or "auto". Throws INFORM_INVALID_CONFIG. */
export function shardNamed(
  text: string | undefined,
  count: number | undefined,
  env: Environment,
): ShardNumber | undefined {
  if (text === 'auto') return shardOfTask(env, count);
  if (count !== undefined) throw invalid('--shards is for --shard auto; i/n says how many there are.');
  return text === undefined ? undefined : parseShard(text);
}

/**
 * The shard of this task of an array job, out of the variables that its scheduler sets. With `count` the tasks may be any part of
 * the array, such as the ones that are to be run again: their numbers are then those of the whole array, which begins at 0 (at 1
 * in LSF and Grid Engine, which have no 0).
 *
 * @throws InformError INFORM_INVALID_CONFIG where the variables are not there, are those of two schedulers, or do not fit
 */
function shardOfTask(env: Environment, count?: number): ShardNumber {
  if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS)) {
    throw invalid(`--shards must be a whole number from 1 to ${MAX_SHARDS}.`);
  }
  const found = SCHEDULERS.filter(({ task, base }) => isTask(env[task]) && !(base === 1 && env[task] === '0'));
  const [scheduler] = found;
  if (scheduler === undefined) {
    const names = SCHEDULERS.map(({ name, task }) => `${task} (${name})`).join(', ');
    throw invalid(`--shard auto finds no array job: none of these is set: ${names}. Name the shard as i/n.`);
  }
  if (found.length > 1) {
    const names = found.map(({ task }) => task).join(' and ');
    throw invalid(`--shard auto does not know which of ${names} to go by. Name the shard as i/n.`);
  }
  return count === undefined ? numberInArray(scheduler, env) : numberOf(scheduler, env, count);
}

/** Grid Engine sets "undefined", and LSF 0, where a job is no array. */
function isTask(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== 'undefined';
}

function numberOf(scheduler: Scheduler, env: Environment, count: number): ShardNumber {
  const { name, task, base } = scheduler;
  const number = numberIn(env, task, name);
  const index = number - base + 1;
  if (index >= 1 && index <= count) return { index, count };
  throw invalid(
    `${task} is ${number}, and with --shards ${count} the tasks of ${name} are numbered ${base} to ${count - 1 + base}. Change the array's numbers, or --shards.`,
  );
}

/** As the array itself says where it begins and ends. */
function numberInArray(scheduler: Scheduler, env: Environment): ShardNumber {
  const { name, task, base } = scheduler;
  const valueOf = (variable: string | undefined): number | undefined =>
    variable === undefined || !isTask(env[variable]) ? undefined : numberIn(env, variable, name);
  const number = numberIn(env, task, name);
  const first = valueOf(scheduler.first) ?? base;
  const step = Math.max(valueOf(scheduler.step) ?? 1, 1);
  const last = valueOf(scheduler.last);
  const told = valueOf(scheduler.count);
  const count = told ?? (last === undefined ? undefined : (last - first) / step + 1);
  if (count === undefined) {
    throw invalid(`${name} does not tell a task how many there are. Pass --shards with the number of tasks.`);
  }
  const index = (number - first) / step + 1;
  const hasGaps = last !== undefined && (last - first) / step + 1 !== count;
  if (!hasGaps && Number.isInteger(index) && index >= 1 && index <= count && count <= MAX_SHARDS)
    return { index, count };
  throw invalid(
    `The array job of ${name} is a part of one, or has more than ${MAX_SHARDS} tasks: ${task} is ${number}, and there are ${count}. ` +
      'Pass --shards with the number of shards of the whole run.',
  );
}

function numberIn(env: Environment, variable: string, scheduler: string): number {
  const text = env[variable] ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalid(
    `${variable} of ${scheduler} is ${JSON.stringify(text.slice(0, 60))} and no number. Name the shard as i/n.`,
  );
}

function invalid(message: string): InformError {
  return new InformError('INFORM_INVALID_CONFIG', message);
}
