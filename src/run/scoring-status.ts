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

/** Below these no total is guessed from what is done. */
const LEAST_SHARE = 0.01;
const LEAST_SAMPLES = 20;

/** The status of a scoring run; its share done goes by bytes, as rows differ in length too much to be counted. */
export function scoringStatus({ samples, tokens, seconds, bytes, totalBytes }: ScoringProgress): ProgressStatus {
  const fraction = totalBytes !== undefined && totalBytes > 0 ? bytes / totalBytes : undefined;
  const details = [samplesText(samples, fraction)];
  if (seconds > 0) details.push(`${formatCount(Math.round(tokens / seconds))} tokens/s`);
  return { label: 'Scoring', fraction, timeLeft: true, details };
}

/** "1,236 of about 3,200 samples": how many there are is known when they are read, and until then goes by bytes. */
function samplesText(samples: number, fraction: number | undefined): string {
  if (fraction === undefined || fraction < LEAST_SHARE || fraction >= 1 || samples < LEAST_SAMPLES) {
    return `${formatCount(samples)} samples`;
  }
  const total = Math.max(Number((samples / fraction).toPrecision(2)), samples);
  return `${formatCount(samples)} of about ${formatCount(total)} samples`;
}
