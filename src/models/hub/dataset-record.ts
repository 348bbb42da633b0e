import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { findCacheFolder } from '../../util/cache-folder.js';
import { readNamedText } from '../../util/files/bounded-text.js';
import { writeSmallFile } from '../../util/files/small-file.js';

/** The files of a split when it was fetched: what is in the shared cache alone does not say whether it is all of them. */
export interface DatasetRecord {
  readonly commit: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

const MAX_BYTES = 16 * 2 ** 20;
/** What is wrong with a record is told to nobody: there is none then. */
const ERRORS = { code: 'INFORM_DOWNLOAD_FAILED', subject: 'The record', tooLarge: 'The record is too large.' } as const;

/** Remembers a split that is complete, for when the hub may not be asked. */
export async function rememberDataset(url: string, { commit, files }: DatasetRecord): Promise<void> {
  const file = fileFor(url);
  if (file === undefined) return;
  await writeSmallFile(file, JSON.stringify({ commit, files: files.map(({ path, size }) => ({ path, size })) }));
}

/** What was remembered; undefined where nothing was, or nothing that can be read. */
export async function datasetRecord(url: string): Promise<DatasetRecord | undefined> {
  const file = fileFor(url);
  if (file === undefined) return undefined;
  try {
    const value = JSON.parse(await readNamedText(file, MAX_BYTES, ERRORS)) as unknown;
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function fileFor(url: string): string | undefined {
  const folder = findCacheFolder();
  if (folder === undefined) return undefined;
  return join(folder, 'datasets', `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.json`);
}

function isRecord(value: unknown): value is DatasetRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { commit, files } = value as Record<string, unknown>;
  return (
    typeof commit === 'string' &&
    /^[0-9a-f]{40}$/.test(commit) &&
    Array.isArray(files) &&
    files.length > 0 &&
    files.every(
      (file: unknown) =>
        typeof file === 'object' &&
        file !== null &&
        'path' in file &&
        typeof file.path === 'string' &&
        !file.path.split('/').includes('..') &&
        'size' in file &&
        typeof file.size === 'number',
    )
  );
}
