import path from 'node:path';
import { printable } from '../printable.js';

/**
 * What follows a path's name where nothing is there: with the folder in which a relative one was looked for. That is the one where the
 * command runs, also for a path in a configuration, which may lie elsewhere.
 */
export function doesNotExist(file: string): string {
  return path.isAbsolute(file) ? 'does not exist' : `does not exist in ${printable(process.cwd())}`;
}
