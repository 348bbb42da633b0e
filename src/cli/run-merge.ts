import { stat } from 'node:fs/promises';
import { ExitCode } from './exit-codes.js';
import { mergeShards } from '../run/merge.js';
import { unwritable } from '../util/files/file-errors.js';
import { formatCount } from './terminal-progress.js';
import { outputPaths, refuseToReplace, refuseToWriteOver, rejectsOf, targetOf } from '../run/output/output-paths.js';

/**
 * Puts the outputs of a run's shards together. Resolves to the exit code.
 *
 * @throws InformError INFORM_INVALID_SHARDS, INFORM_OUTPUT_UNWRITABLE
 */
export async function runMerge(
  shards: readonly string[],
  output: string,
  { overwrite }: { overwrite: boolean },
): Promise<number> {
  const found = await stat(output).catch(() => undefined);
  if (found?.isFile() === false) throw unwritable(output, 'is no regular file. Name a file.');
  const target = await targetOf(output);
  const paths = { output: target, rejects: rejectsOf(target) };
  const reads = shards.flatMap(outputPaths).map((path) => ({ as: 'the input', path }));
  await refuseToWriteOver(Object.values(paths), reads);
  if (!overwrite) for (const path of Object.values(paths)) await refuseToReplace(path);

  const { scored, rejected } = await mergeShards(shards, paths);
  const rejects = rejected === 0 ? '' : `, ${formatCount(rejected)} rejected, see ${paths.rejects}`;
  process.stderr.write(
    `Merged ${shards.length} shards into ${output}: ${formatCount(scored)} ${scored === 1 ? 'score' : 'scores'}${rejects}\n`,
  );
  return rejected > 0 ? ExitCode.someRejected : ExitCode.done;
}
