import { copyFile, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder, temporaryPath } from '../../util/files/atomic-file.js';
import { withOutputErrors } from '../../util/files/file-errors.js';
import { journalOf } from '../journal/journal.js';
import { isUnreadable, summarizeJournal, type JournalSummary } from '../journal/summarize.js';

// Each term of a shard's lease has a journal of its own, `<shard>.t<term>.journal`, which begins as a copy of the one before. So a
// task that lost the lease and does not know it yet writes where nobody reads any more, and finds its journal gone.

/** What `JournaledOutput` names its journal by. */
export function outputOfTerm(base: string, term: number): string {
  return `${base}.t${term}`;
}

/** A shard's journals, those of the first terms first: mostly one, and two where a task was killed while it took over. */
export async function journalsOf(base: string): Promise<{ term: number; file: string }[]> {
  const names = await withOutputErrors(base, readdir(path.dirname(base)));
  const start = `${path.basename(base)}.t`;
  return names
    .filter((name) => name.startsWith(start))
    .map((name) => ({ name, term: Number(/^(\d{1,9})\.journal$/.exec(name.slice(start.length))?.[1] ?? 0) }))
    .filter(({ term }) => term > 0)
    .sort((a, b) => a.term - b.term)
    .map(({ name, term }) => ({ term, file: path.join(path.dirname(base), name) }));
}

export interface ShardJournal {
  file: string;
  summary: JournalSummary;
}

/** The journal of a shard that came to its end; undefined where none did. */
export async function finishedJournal(base: string): Promise<ShardJournal | undefined> {
  for (const { file } of await journalsOf(base)) {
    const summary = await summaryOf(file);
    if (summary?.complete === true && summary.damage === undefined) return { file, summary };
  }
  return undefined;
}

/** The journal that holds most of a shard; undefined where there is none to read. */
export async function newestJournal(base: string): Promise<ShardJournal | undefined> {
  for (const { file } of (await journalsOf(base)).toReversed()) {
    const summary = await summaryOf(file);
    if (summary !== undefined) return { file, summary };
  }
  return undefined;
}

/** Takes over what earlier terms did: after that the term has all of it in its own journal, and the others are gone. */
export async function adoptJournal(base: string, term: number): Promise<void> {
  const earlier = (await journalsOf(base)).filter((journal) => journal.term < term);
  const newest = earlier.at(-1);
  if (newest === undefined) return;
  const own = journalOf(outputOfTerm(base, term));
  const copy = temporaryPath(own);
  try {
    await withOutputErrors(own, copyFile(newest.file, copy));
    const file = await open(copy, 'r+');
    await withOutputErrors(own, file.sync()).finally(() => file.close());
    await withOutputErrors(own, rename(copy, own));
  } finally {
    await rm(copy, { force: true });
  }
  await syncFolder(path.dirname(own));
  for (const { file } of earlier) await rm(file, { force: true });
}

async function summaryOf(file: string): Promise<JournalSummary | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch {
    return undefined; // taken over just now
  }
  try {
    const summary = await summarizeJournal(handle, file);
    return summary === undefined || isUnreadable(summary) ? undefined : summary;
  } finally {
    await handle.close();
  }
}
