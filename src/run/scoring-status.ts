import { formatCount } from '../util/format.js';
import type { ProgressStatus } from '../util/progress-status.js';

export interface ScoringProgress {
  samples: number;
  tokens: number;
  /** Since scoring began. */
  seconds: number;
  /** Input bytes of the samples done: they stand for tokens, which are not known for samples yet to come. */
  bytes: number;
  /** Size of all inputs in bytes; undefined when one is a pipe. */
  totalBytes: number | undefined;
}

/** The status of a scoring run; its share done goes by bytes, as rows differ in length too much to be counted. */
export function scoringStatus({ samples, tokens, seconds, bytes, totalBytes }: ScoringProgress): ProgressStatus {
  const details = [`${formatCount(samples)} samples`];
  if (seconds > 0) details.push(`${formatCount(Math.round(tokens / seconds))} tokens/s`);
  const known = totalBytes !== undefined && totalBytes > 0;
  return { label: 'Scoring', fraction: known ? bytes / totalBytes : undefined, timeLeft: true, details };
}
