import path from 'node:path';
import { InformError } from '../../errors.js';
import { readRows, type InputRow } from '../../input/rows.js';
import { STDIN, inputName } from '../../input/source.js';
import { formatOf, makePieces, type OutputFormat } from './formats/make-pieces.js';
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
  if (settings.task !== undefined) {
    if (settings.oneLinePerRow === true) throw notForFiles();
    await refuseUncuttable(inputs, followAppended);
    const flags = { overwrite, restart, followAppended, keepJournal: true, journalOnly: true };
    // The lease holds others off, also where there are no locks.
    return JournaledOutput.open(settings.task.output, { ...flags, lock: () => 'locked', reads });
  }
  if (log !== undefined) await refuseAsLog(log, output, reads);
  const stream = await openResults(output ?? STDOUT, signal);
  if (stream === undefined && output !== undefined) {
    const format = formatOf(output, options.format);
    await refuseUnjoinable(options, inputs, format, settings);
    if (settings.oneLinePerRow === true) throw notForFiles();
    if (shard !== undefined) await refuseUncuttable(inputs, followAppended);
    const readAgain = (): AsyncGenerator<InputRow> => readRows(inputs, { maxLineBytes: options.maxLineBytes });
    return JournaledOutput.open(output, {
      pieces: makePieces(format, options.join ? readAgain : undefined, options.name),
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
  if (options.format !== undefined && options.format !== 'jsonl') {
    throw new InformError(
      'INFORM_INVALID_CONFIG',
      `--format ${options.format} needs an output file. Name one with -o.`,
    );
  }
  const { join } = options;
  return new StreamOutput(stream, await watchInputs(inputs), { join, oneLinePerRow: settings.oneLinePerRow });
}

/** There, rejected rows have a file of their own. */
function notForFiles(): InformError {
  return new InformError(
    'INFORM_INVALID_CONFIG',
    '--one-line-per-row is for standard output and pipes; beside a file the rejected rows are in its .rejects.jsonl.',
  );
}

/** An output with every row is made of the input once more, and a table of all results. */
async function refuseUnjoinable(
  { join }: RunOptions,
  inputs: readonly string[],
  format: OutputFormat,
  { shard }: RunSettings,
): Promise<void> {
  if (shard !== undefined && (join || format !== 'jsonl')) {
    const what = join ? '--join' : `An output of the format ${format}`;
    throw new InformError('INFORM_INVALID_CONFIG', `${what} is not for --shard: its outputs are merged as JSON Lines.`);
  }
  if (!join) return;
  if (format === 'oda')
    throw new InformError('INFORM_INVALID_CONFIG', '--join is not for --format oda, which has ids alone.');
  const pipe = await pipeAmong(inputs);
  if (pipe === undefined) return;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `--join with an output file reads the input twice, and ${pipe} is a pipe. Name a file, or leave -o out.`,
  );
}

/** Where a shard begins is found by reading all of the input first, and moves when that grows. */
async function refuseUncuttable(inputs: readonly string[], followAppended: boolean): Promise<void> {
  if (followAppended) {
    throw new InformError(
      'INFORM_INVALID_CONFIG',
      '--follow-appended is not for --shard: rows added would move the others.',
    );
  }
  const pipe = await pipeAmong(inputs);
  if (pipe === undefined) return;
  throw new InformError('INFORM_INVALID_CONFIG', `--shard reads the input twice, and ${pipe} is a pipe. Name a file.`);
}

/** The name of the first input that can be read only once. */
async function pipeAmong(inputs: readonly string[]): Promise<string | undefined> {
  for (const input of inputs) {
    const entry = input === STDIN ? undefined : await entryOf(input).catch(() => undefined);
    if (entry?.isFile() !== true) return inputName(input);
  }
  return undefined;
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
