/** What the output files have in common: how their lines look, and how their failures are told. */

import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { InformError, messageOf, systemCodeOf } from '../../errors.js';
import { doesNotExist } from './missing.js';

/** A JSON object on a line of its own, from names and JSON texts. */
export function jsonLine(members: readonly (readonly [name: string, json: string])[]): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(', ')}}\n`;
}

/** What is at a path; undefined where nothing is. */
export async function entryOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw outputError(path, error);
  }
}

/** Waits for work on an output file and says in one sentence what went wrong. */
export async function withOutputErrors<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw outputError(path, error);
  }
}

export function outputError(name: string, error: unknown): InformError {
  if (error instanceof InformError) return error;
  switch (systemCodeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return unwritable(name, `cannot be created: its folder ${doesNotExist(name)}. Create it first.`, error);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return unwritable(name, 'may not be written by this user. Check the permissions of its folder.', error);
    case 'EIO':
      return unwritable(name, 'could not be written: the disk reports an error (EIO). Check it and run again.', error);
    case 'ENOSPC':
    case 'EDQUOT':
      return unwritable(name, 'could not be written to its end: the disk is full. Make room and run again.', error);
    default:
      return unwritable(name, `could not be written: ${messageOf(error)}`, error);
  }
}

export function unwritable(name: string, what: string, cause?: unknown): InformError {
  return new InformError('INFORM_OUTPUT_UNWRITABLE', `${name} ${what}`, cause === undefined ? {} : { cause });
}

/** What tells a file from all others, whatever its names. */
export interface FileIdentity {
  ino: number;
  dev: number;
}

export function isSameFile(entry: FileIdentity | undefined, other: FileIdentity): boolean {
  return entry?.ino === other.ino && entry.dev === other.dev;
}
