import { InformError } from '../errors.js';
import type { RunOptions } from '../options/table.js';
import { scoreFiles, type RunContext, type RunOutcome } from './score-run.js';
import type { RunSettings } from './settings.js';
import { ShardTask } from './shards/shard-task.js';

/** A run in a folder that many machines share, of which this process does one shard. */
export interface RunDirectory {
  folder: string;
  leaseSeconds: number;
}

/**
 * Scores one shard of a run into the run's folder. undefined stands for a shard that is finished already. Throws what
 * `scoreFiles` throws, INFORM_RUN_DIFFERS where the folder holds another run, and INFORM_SHARD_TAKEN where another task took the
 * shard meanwhile.
 */
export async function scoreShard(
  options: RunOptions,
  settings: RunSettings,
  { folder, leaseSeconds }: RunDirectory,
  context: RunContext,
): Promise<RunOutcome | undefined> {
  const { signal, reporter } = context;
  const { shard } = settings;
  if (shard === undefined) {
    throw new InformError('INFORM_INVALID_CONFIG', '--run-dir needs --shard: i/n, or auto in an array job.');
  }
  refuseOutputs(options, settings);
  const task = await ShardTask.take(folder, shard, { leaseSeconds, signal, reporter });
  const name = `Shard ${shard.index}/${shard.count} of ${folder}`;
  if (task === undefined) {
    reporter.note(`${name} is finished already. Nothing is done.`);
    return undefined;
  }
  try {
    const outcome = await scoreFiles(
      options,
      { ...settings, task },
      { ...context, signal: AbortSignal.any([signal, task.lost]) },
    );
    await task.release('done');
    reporter.note(`${name} is finished.`);
    return outcome;
  } catch (error) {
    await task.release(signal.aborted ? 'interrupted' : 'stopped');
    throw task.lost.aborted && !signal.aborted ? task.lost.reason : error;
  }
}

/** The folder holds journals alone; what they are made into, `merge` decides. */
function refuseOutputs(
  { output, format, join }: RunOptions,
  { overwrite, restart = false, followAppended = false }: RunSettings,
): void {
  const given = {
    '-o': output !== undefined,
    '--format': format !== undefined,
    '--join': join,
    '--overwrite': overwrite,
    '--restart': restart,
    '--follow-appended': followAppended,
  };
  for (const [flag, isGiven] of Object.entries(given)) {
    if (!isGiven) continue;
    throw new InformError(
      'INFORM_INVALID_CONFIG',
      `${flag} is not for --run-dir, which keeps journals: "inform-score merge" makes the output of them. To begin anew, name another folder.`,
    );
  }
}
