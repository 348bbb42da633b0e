import { formatBytes } from './format.js';

/** How far a piece of work is, for people. */
export interface ProgressStatus {
  /** What is being done, such as "Loading model". A new label starts the clock of the time left anew. */
  label: string;
  /** How much is done, 0 to 1; undefined where the total is not known. */
  fraction?: number | undefined;
  /** Whether the time left is worth estimating. */
  timeLeft?: boolean | undefined;
  /** What else to say, shortest and most important first. */
  details?: readonly string[] | undefined;
}

/** The status of work that is counted in bytes. */
export function bytesStatus(label: string, done: number, total: number): ProgressStatus {
  const details = [`${formatBytes(done)} of ${formatBytes(total)}`];
  return { label, fraction: total === 0 ? 1 : done / total, timeLeft: true, details };
}
