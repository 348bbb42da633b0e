import { lstat, realpath } from 'node:fs/promises';
import { fileSha256 } from '../../util/files/sha256.js';
import { entryOf, withOutputErrors, isSameFile, unwritable } from '../../util/files/file-errors.js';
import { STDIN } from '../../input/source.js';
import { damagedOf, journalOf } from '../journal/journal.js';

/** Rows that could not be scored, beside their output. */
export function rejectsOf(output: string): string {
  return `${output}.rejects.jsonl`;
}

/** All files that a run with this output writes. */
export function outputPaths(output: string): string[] {
  return [output, journalOf(output), damagedOf(output), rejectsOf(output)];
}

/** A link is followed, so that the file is replaced that it names and not the link. */
export async function targetOf(output: string): Promise<string> {
  const isLink = await lstat(output).then(
    (entry) => entry.isSymbolicLink(),
    () => false,
  );
  return isLink ? realpath(output).catch(() => output) : output;
}

/** Whether nothing is at a path, or the run's own work, by its SHA-256. */
export async function isFreeOrOwn(path: string, own: string | undefined): Promise<boolean> {
  return (
    (await entryOf(path)) === undefined ||
    (own !== undefined && own === (await withOutputErrors(path, fileSha256(path))))
  );
}

/** Refuses to replace a file unasked, unless more of the same work does. Throws INFORM_OUTPUT_UNWRITABLE. */
export async function refuseToReplace(path: string, own?: string): Promise<void> {
  if (await isFreeOrOwn(path, own)) return;
  throw unwritable(path, 'exists already. Move it away, or pass --overwrite to replace it.');
}

/** Also an input under another name is found: two paths are the same file when device and inode are. */
export async function refuseInputs(outputs: readonly string[], inputs: readonly string[]): Promise<void> {
  for (const output of outputs) {
    const written = await entryOf(output);
    if (written === undefined) continue;
    for (const input of inputs) {
      const read = input === STDIN ? undefined : await entryOf(input);
      if (isSameFile(read, written)) {
        throw unwritable(output, `would be written over, but is the input ${input}. Choose another output.`);
      }
    }
  }
}
