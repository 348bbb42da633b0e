import path from 'node:path';
import { InformError } from '../../errors.js';
import type { RunOptions } from '../../options/table.js';
import { entryOf, isSameFile } from '../../util/files/file-errors.js';
import { openResults, STDOUT } from './results.js';
import { JournaledOutput } from './journaled-output.js';
import { StreamOutput, type RunOutput } from './output.js';
import { watchInputs } from '../journal/unchanged-input.js';
import { outputPaths, refuseToWriteOver, targetOf, type ReadFile } from './output-paths.js';
import { readFilesOf } from './read-files.js';
import type { RunSettings } from '../settings.js';

/**
 * Opens where a run's results go: a file with its journal, or standard output, a device or a pipe.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE, INFORM_OUTPUT_IN_USE; INFORM_INVALID_CONFIG for settings that need a file
 */
export async function openOutput(
  options: RunOptions,
  inputs: readonly string[],
  settings: RunSettings,
  signal: AbortSignal,
): Promise<RunOutput> {
  const { output } = options;
  const { overwrite, restart = false, followAppended = false, shard, log } = settings;
  const reads = await readFilesOf(options, inputs, settings.config);
  if (log !== undefined) await refuseAsLog(log, output, reads);
  const stream = await openResults(output ?? STDOUT, signal);
  if (stream === undefined && output !== undefined) {
    return JournaledOutput.open(output, {
      overwrite,
      restart,
      followAppended,
      keepJournal: shard !== undefined,
      reads,
    });
  }
  const needsFile = { '--restart': restart, '--follow-appended': followAppended, '--shard': shard !== undefined };
  for (const [flag, given] of Object.entries(needsFile)) {
    if (given) throw new InformError('INFORM_INVALID_CONFIG', `${flag} needs an output file. Name one with -o.`);
  }
  if (stream === undefined) throw new InformError('INFORM_INTERNAL', 'There is no output.');
  return new StreamOutput(stream, await watchInputs(inputs));
}

async function refuseAsLog(log: string, output: string | undefined, reads: readonly ReadFile[]): Promise<void> {
  await refuseToWriteOver([log], reads);
  if (output === undefined) return;
  const [file, outputs] = [await targetOf(log), outputPaths(await targetOf(output))];
  const entry = await entryOf(file);
  for (const written of outputs) {
    const isSame = entry !== undefined && isSameFile(await entryOf(written).catch(() => undefined), entry);
    if (!isSame && path.resolve(written) !== path.resolve(file)) continue;
    throw new InformError(
      'INFORM_OUTPUT_UNWRITABLE',
      `${log} cannot be both the log and an output. Choose another log.`,
    );
  }
}
