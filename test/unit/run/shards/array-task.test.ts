import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shardNamed } from '#src/run/shards/array-task.js';
import { expectError } from '../../../support/assert/expect-error.js';

// As each scheduler's documentation has them, for the second of four tasks.
const SECOND_OF_FOUR: [name: string, env: Record<string, string>, shards?: number][] = [
  ['Slurm, from 0', slurm(1, 0, 3)],
  ['Slurm, from 1', slurm(2, 1, 4)],
  ['Slurm, with a step', { ...slurm(12, 10, 16), SLURM_ARRAY_TASK_STEP: '2', SLURM_ARRAY_TASK_COUNT: '4' }],
  ['Slurm, a part of the array', { ...slurm(1, 1, 3), SLURM_ARRAY_TASK_COUNT: '2' }, 4],
  ['Kubernetes', { JOB_COMPLETION_INDEX: '1' }, 4],
  ['AWS Batch', { AWS_BATCH_JOB_ARRAY_INDEX: '1', AWS_BATCH_JOB_ARRAY_SIZE: '4' }],
  ['Cloud Run', { CLOUD_RUN_TASK_INDEX: '1', CLOUD_RUN_TASK_COUNT: '4' }],
  ['SkyPilot', { SKYPILOT_NODE_RANK: '1', SKYPILOT_NUM_NODES: '4' }],
  ['PBS', { PBS_ARRAY_INDEX: '1' }, 4],
  ['LSF', { LSB_JOBINDEX: '2', LSB_JOBINDEX_END: '4', LSB_JOBINDEX_STEP: '1' }],
  ['Grid Engine', { SGE_TASK_ID: '2', SGE_TASK_FIRST: '1', SGE_TASK_LAST: '4', SGE_TASK_STEPSIZE: '1' }],
  ['Grid Engine, a part of the array', { SGE_TASK_ID: '2', SGE_TASK_FIRST: '2', SGE_TASK_LAST: '2' }, 4],
  ['Grid Engine and LSF in a job that is no array', { ...slurm(1, 0, 3), SGE_TASK_ID: 'undefined', LSB_JOBINDEX: '0' }],
];

function slurm(task: number, min: number, max: number): Record<string, string> {
  return {
    SLURM_ARRAY_TASK_ID: String(task),
    SLURM_ARRAY_TASK_MIN: String(min),
    SLURM_ARRAY_TASK_MAX: String(max),
    SLURM_ARRAY_TASK_COUNT: String(max - min + 1),
  };
}

for (const [name, env, shards] of SECOND_OF_FOUR) {
  test(`--shard auto: ${name}`, () => {
    assert.equal(shardNamed('auto', shards, env), { index: 2, count: 4 });
  });
}

for (const [name, env, shards, message] of [
  ['no array job', {}, undefined, /none of these is set: SLURM_ARRAY_TASK_ID \(Slurm\), .* Name the shard as i\/n/],
  ['two schedulers', { ...slurm(0, 0, 3), JOB_COMPLETION_INDEX: '0' }, 4, /which of SLURM_ARRAY_TASK_ID and JOB_COMP/],
  ['a scheduler that tells no count', { JOB_COMPLETION_INDEX: '0' }, undefined, /Kubernetes does not tell .*--shards/],
  ['an array with gaps', { ...slurm(9, 1, 9), SLURM_ARRAY_TASK_COUNT: '3' }, undefined, /is a part of one.*--shards/],
  ['a task beyond the count', slurm(64, 1, 64), 64, /SLURM_ARRAY_TASK_ID is 64, and with --shards 64 .* 0 to 63/],
  ['a number that is none', { PBS_ARRAY_INDEX: '1[]' }, 4, /PBS_ARRAY_INDEX of PBS is "1\[\]" and no number/],
  ['no whole number of shards', slurm(0, 0, 3), 2.5, /--shards must be a whole number from 1 to 10000/],
] as [string, Record<string, string>, number | undefined, RegExp][]) {
  test(`--shard auto is refused by name: ${name}`, async () => {
    await expectError('INFORM_INVALID_CONFIG', message, () => shardNamed('auto', shards, env));
  });
}

test('i/n is as before, and --shards does not go with it', async () => {
  assert.equal(shardNamed('2/4', undefined, slurm(0, 0, 9)), { index: 2, count: 4 });
  assert.is(shardNamed(undefined, undefined, slurm(0, 0, 9)), undefined);
  await expectError('INFORM_INVALID_CONFIG', /--shards is for --shard auto/, () => shardNamed('2/4', 4, {}));
});

test.run();
