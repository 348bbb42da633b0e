import type { EncodeSeconds } from '../prompt/encoder.js';

/** Where the time of a run goes, in seconds. Stages overlap: reading to planning run while the engine computes. */
export interface StageSeconds extends EncodeSeconds {
  /** Waiting for rows and parsing them. */
  read: number;
  /** Finding shared prefixes and packing batches. */
  plan: number;
  /** Evaluating batches. */
  engine: number;
  /** Of that, the score head, which runs on the CPU. */
  head: number;
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
  /** Tokens of all samples evaluated, after truncation. */
  tokensSeen = 0;
  /** Those that went through the model: a prefix that samples share goes once. */
  tokensComputed = 0;
  /** From the first look at the source to the last score. */
  elapsed = 0;
  readonly seconds: StageSeconds = { read: 0, template: 0, tokenize: 0, plan: 0, engine: 0, head: 0, write: 0 };

  /** tokens seen / tokens computed; 1 where nothing was. */
  get sharingFactor(): number {
    return this.tokensComputed === 0 ? 1 : this.tokensSeen / this.tokensComputed;
  }

  /** Seconds in which the engine had nothing to do. */
  get engineIdle(): number {
    return Math.max(0, this.elapsed - this.seconds.engine);
  }
}
