import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { InformError } from '../../errors.js';
import { formatBytes } from '../format.js';

/** What is going to be written below a folder, which need not exist yet. */
export interface SpaceNeed {
  readonly folder: string;
  readonly bytes: number;
  /** For people: "the download". */
  readonly what: string;
}

/**
 * Checks that every disk has room for all that goes onto it.
 *
 * @param remedy a sentence
 * @throws InformError INFORM_OUTPUT_UNWRITABLE
 */
export async function checkDiskSpace(needs: readonly SpaceNeed[], remedy: string): Promise<void> {
  const disks = new Map<number, SpaceNeed[]>();
  for (const need of needs.filter(({ bytes }) => bytes > 0)) {
    const folder = await existingFolder(need.folder);
    const { dev } = await stat(folder);
    disks.set(dev, [...(disks.get(dev) ?? []), { ...need, folder }]);
  }
  for (const disk of disks.values()) {
    const folder = disk[0]?.folder ?? '';
    const free = await freeBytes(folder);
    if (free === undefined || disk.reduce((sum, { bytes }) => sum + bytes, 0) <= free) continue;
    const wanted = disk.map(({ bytes, what }) => `${formatBytes(bytes)} for ${what}`).join(' and ');
    throw new InformError(
      'INFORM_OUTPUT_UNWRITABLE',
      `The disk of ${folder} has ${formatBytes(free)} left, too little for this: ${wanted}. ${remedy}`,
    );
  }
}

/** What the disk of a folder has left; undefined where that is not known (some network file systems report none). */
export async function freeBytes(folder: string): Promise<number | undefined> {
  const space = await statfs(folder).catch(() => undefined);
  return space === undefined || space.blocks === 0 ? undefined : space.bavail * space.bsize;
}

/** The folder, or the nearest one above it that is there. */
export async function existingFolder(folder: string): Promise<string> {
  for (let path = folder; ; path = dirname(path)) {
    const status = await stat(path).catch(() => undefined);
    if (status?.isDirectory() === true || path === dirname(path)) return path;
  }
}
