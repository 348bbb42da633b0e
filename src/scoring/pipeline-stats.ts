import type { EncodeSeconds } from '../prompt/encoder.js';
import { formatCount } from '../util/format.js';

/** Where the time of a run goes, in seconds. Stages overlap: reading to planning run while the engine computes. */
export interface StageSeconds extends EncodeSeconds {
  /** Waiting for rows and parsing them. */
  read: number;
  /** Finding shared prefixes and packing batches. */
  plan: number;
  /** Evaluating batches. */
  engine: number;
  /** What the scores' consumer takes: writing, progress. */
  write: number;
}

/** What a flow of samples through the pipeline did. Filled while it runs; final when it has ended. */
export class PipelineStats {
  samples = 0;
  batches = 0;
  /** Batches that failed and were evaluated again in two halves. */
  halved = 0;
  /** Times that the engine's process was started again after a crash. */
  restarts = 0;
  /** Of all samples evaluated, after truncation. */
  tokensSeen = 0;
  /** Those that went through the model: a prefix that samples share goes once. */
  tokensComputed = 0;
  /** From the first look at the source to the last score. */
  elapsed = 0;
  readonly seconds: StageSeconds = { read: 0, template: 0, tokenize: 0, plan: 0, engine: 0, write: 0 };

  /** tokens seen / tokens computed; 1 where nothing was. */
  get sharingFactor(): number {
    return this.tokensComputed === 0 ? 1 : this.tokensSeen / this.tokensComputed;
  }

  /** Seconds in which the engine had nothing to do. */
  get engineIdle(): number {
    return Math.max(0, this.elapsed - this.seconds.engine);
  }
}

/** The statistics in aligned lines for people to read. */
export function formatStats(stats: PipelineStats): string {
  const { samples, batches, halved, restarts, tokensSeen, tokensComputed, elapsed, seconds } = stats;
  const rate = (tokens: number): string =>
    elapsed > 0 ? `, ${formatCount(Math.round(tokens / elapsed))} tokens/s` : '';
  const share = (part: number): string => (elapsed > 0 ? ` (${((100 * part) / elapsed).toFixed(1)} %)` : '');
  const lines: [label: string, text: string][] = [
    ['Tokens seen', `${formatCount(tokensSeen)}${rate(tokensSeen)}`],
    ['Tokens computed', `${formatCount(tokensComputed)}${rate(tokensComputed)}`],
    ['Sharing factor', `${stats.sharingFactor.toFixed(3)} tokens seen for each one computed`],
    ['Batches', `${formatCount(batches)} for ${formatCount(samples)} samples`],
    ...whereAny('Halved', halved, 'batches that failed as a whole'),
    ...whereAny('Restarts', restarts, "of the engine's process after a crash"),
    ['Elapsed', `${elapsed.toFixed(3)} s; stages overlap:`],
    ...Object.entries(seconds).map(([stage, time]: [string, number]): [string, string] => [
      `  ${stage}`,
      `${time.toFixed(3)} s${share(time)}`,
    ]),
    ['Engine idle', `${stats.engineIdle.toFixed(3)} s${share(stats.engineIdle)}`],
  ];
  const width = Math.max(...lines.map(([label]) => label.length));
  return lines.map(([label, text]) => `${label.padEnd(width)}  ${text}\n`).join('');
}

function whereAny(label: string, count: number, what: string): [label: string, text: string][] {
  return count === 0 ? [] : [[label, `${formatCount(count)} ${what}`]];
}
