import { resolve } from 'node:path';

import { entryOf, unwritable } from './file-errors.js';

/**
 * Refuses to write a file over one of those it is made from, over anything that is no regular file, and, unless
 * `overwrite` is set, over anything at all.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE
 */
export async function checkNewFile(path: string, sources: readonly string[], overwrite: boolean): Promise<void> {
  const existing = await entryOf(path);
  if (existing === undefined) return;
  for (const source of sources) {
    const entry = await entryOf(source);
    const same = entry?.ino === existing.ino && entry.dev === existing.dev;
    if (same || resolve(source) === resolve(path)) {
      throw unwritable(path, 'is the input, which would be lost. Choose another output.');
    }
  }
  if (!existing.isFile()) throw unwritable(path, 'exists and is no regular file. Choose another output.');
  if (!overwrite) throw unwritable(path, 'exists already. Pass --overwrite to replace it.');
}
