import { readlink, realpath } from 'node:fs/promises';
import path from 'node:path';
import { fileSha256 } from '../../util/files/sha256.js';
import { entryOf, withOutputErrors, isSameFile, unwritable } from '../../util/files/file-errors.js';
import { rejectsOf } from '../../input/rejects.js';
import { damagedOf, journalOf } from '../journal/journal.js';

/** All files that a run with this output writes. */
export function outputPaths(output: string): string[] {
  return [output, journalOf(output), damagedOf(output), rejectsOf(output)];
}

const MAX_LINKS = 40; // as Linux follows

/** Where a path leads: a link is followed as a shell's redirection does, also to where nothing is yet. */
export async function targetOf(output: string): Promise<string> {
  let target = output;
  for (let links = 0; links < MAX_LINKS; links++) {
    const to = await readlink(target).catch(() => undefined);
    if (to === undefined) return target;
    // Not normalized: what ".." means behind a link to a folder only the system knows.
    target = path.isAbsolute(to) ? to : `${await realpath(path.dirname(target))}${path.sep}${to}`;
  }
  throw unwritable(output, 'is a link that leads to itself. Name a file.');
}

/** Whether nothing is at a path, or the run's own work, by its SHA-256. */
export async function isFreeOrOwn(file: string, own: string | undefined): Promise<boolean> {
  return (
    (await entryOf(file)) === undefined ||
    (own !== undefined && own === (await withOutputErrors(file, fileSha256(file))))
  );
}

/** Refuses to replace a file unasked, unless more of the same work does. Throws INFORM_OUTPUT_UNWRITABLE. */
export async function refuseToReplace(file: string, own?: string): Promise<void> {
  if (await isFreeOrOwn(file, own)) return;
  throw unwritable(file, 'exists already. Move it away, or pass --overwrite to replace it.');
}

/** A file that a run reads. */
export interface ReadFile {
  /** What the run reads it as, for messages: "the input". */
  as: string;
  path: string;
}

/**
 * Refuses to write where something is read from, under whatever name: two paths are the same file when device and inode are.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE
 */
export async function refuseToWriteOver(outputs: readonly string[], reads: readonly ReadFile[]): Promise<void> {
  for (const output of outputs) {
    const written = await entryOf(output);
    if (written === undefined) continue;
    for (const { as, path: read } of reads) {
      if (isSameFile(await entryOf(read).catch(() => undefined), written)) {
        throw unwritable(output, `would be written over, but is ${as} ${read}. Choose another output.`);
      }
    }
  }
}
