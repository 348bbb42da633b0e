import path from 'node:path';
import { InformError } from '../../errors.js';
import { openResults, STDOUT } from './results.js';
import { JournaledOutput } from './journaled-output.js';
import { StreamOutput, type RunOutput } from './output.js';
import { outputPaths, refuseInputs } from './output-paths.js';
import type { RunSettings } from '../settings.js';

/**
 * Opens where a run's results go: a file with its journal, or standard output, a device or a pipe.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE, INFORM_OUTPUT_IN_USE; INFORM_INVALID_CONFIG for settings that need a file
 */
export async function openOutput(
  output: string | undefined,
  inputs: readonly string[],
  settings: RunSettings,
): Promise<RunOutput> {
  const { overwrite, restart = false, followAppended = false, shard, log } = settings;
  if (log !== undefined) await refuseAsLog(log, output, inputs);
  const stream = await openResults(output ?? STDOUT);
  if (stream === undefined && output !== undefined) {
    return JournaledOutput.open(output, {
      overwrite,
      restart,
      followAppended,
      keepJournal: shard !== undefined,
      inputs,
    });
  }
  const needsFile = { '--restart': restart, '--follow-appended': followAppended, '--shard': shard !== undefined };
  for (const [flag, given] of Object.entries(needsFile)) {
    if (given) throw new InformError('INFORM_INVALID_CONFIG', `${flag} needs an output file. Name one with -o.`);
  }
  if (stream === undefined) throw new InformError('INFORM_INTERNAL', 'There is no output.');
  return new StreamOutput(stream);
}

async function refuseAsLog(log: string, output: string | undefined, inputs: readonly string[]): Promise<void> {
  await refuseInputs([log], inputs);
  const outputs = output === undefined ? [] : outputPaths(output);
  if (outputs.every((written) => path.resolve(written) !== path.resolve(log))) return;
  throw new InformError('INFORM_OUTPUT_UNWRITABLE', `${log} cannot be both the log and an output. Choose another log.`);
}
