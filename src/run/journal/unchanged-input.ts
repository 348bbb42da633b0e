import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { InformError } from '../../errors.js';
import { readChunks, STDIN } from '../../input/source.js';
import type { DigestedInput } from './input-digest.js';

/**
 * What is read of an input, each block of it compared with what it was when the input was hashed. No row of another content is
 * scored, so that every row in the journal is of the first one.
 *
 * @throws InformError INFORM_INPUT_CHANGED before the first block that is another
 */
export function comparedChunks({ file, state }: DigestedInput, chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  return state === undefined ? chunks : state.blocks.compared(chunks, () => changed(file));
}

/**
 * Checks at the end of a run that its inputs are still what they were at its start. Gives what the user should know of those
 * that grew at their end.
 *
 * @throws InformError INFORM_INPUT_CHANGED, INFORM_INPUT_UNREADABLE
 */
export async function checkInputsUnchanged(
  inputs: readonly DigestedInput[],
  { followed }: { followed: boolean },
): Promise<string[]> {
  const notes: string[] = [];
  for (const { file, bytes, sha256, state } of inputs) {
    if (state === undefined) continue;
    const now = await stat(state.path, { bigint: true }).catch(() => undefined);
    if (now !== undefined && isUntouched(state.entry, now)) continue;
    if (now === undefined || (await sha256Of(state.path, bytes)) !== sha256) throw changed(file);
    if (now.size > state.entry.size) notes.push(grewText(file, followed));
  }
  return notes;
}

/**
 * Remembers what its inputs are for a run that keeps no journal, and so does not hash them. What is returned checks at the run's
 * end that they are still the same, by their times and sizes, and gives what the user should know.
 *
 * @throws InformError INFORM_INPUT_CHANGED from what is returned
 */
export async function watchInputs(inputs: readonly string[]): Promise<() => Promise<string[]>> {
  const stateOf = (path: string): Promise<BigIntStats | undefined> =>
    stat(path, { bigint: true }).catch(() => undefined);
  const files = inputs.filter((input) => input !== STDIN);
  const before = await Promise.all(files.map(stateOf));
  return async () => {
    const notes: string[] = [];
    for (const [index, file] of files.entries()) {
      const [then, now] = [before[index], await stateOf(file)];
      if (then?.isFile() !== true || (now !== undefined && isUntouched(then, now))) continue;
      if (now === undefined || now.ino !== then.ino || now.size <= then.size) throw mixed(file);
      notes.push(`${file} grew while the run went on. What was added may be scored in part.`);
    }
    return notes;
  };
}

function mixed(file: string): InformError {
  return new InformError(
    'INFORM_INPUT_CHANGED',
    `${file} was changed, cut or replaced during the run: what was written may be the scores of two contents. ` +
      'Run it again on an input that stays as it is. With -o FILE every block is compared before its rows are scored.',
  );
}

function isUntouched(then: BigIntStats, now: BigIntStats): boolean {
  return (['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const).every((member) => then[member] === now[member]);
}

async function sha256Of(path: string, bytes: number | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of readChunks(path, { bytes })) hash.update(chunk);
  return hash.digest('hex');
}

function grewText(file: string, followed: boolean): string {
  const how = followed ? 'Run the same command again to score it.' : '--follow-appended is for inputs that grow.';
  return `${file} grew while the run went on. What was added is not scored. ${how}`;
}

function changed(file: string): InformError {
  return new InformError(
    'INFORM_INPUT_CHANGED',
    `${file} was changed, cut or replaced during the run. The rows that are scored are of what it held at the start. ` +
      'Restore it and run the same command again to score the rest, or pass --restart to score what it holds now.',
  );
}
