import { InformError, type ErrorCode } from '../errors.js';
import type { PreparedModel } from '../models/prepare.js';
import type { ModelInfo } from '../scoring/loaded-model.js';
import type { Message } from '../input/sample.js';
import type { StageSeconds } from '../scoring/pipeline-stats.js';

// What the supervisor and the engine's process say to each other. Samples go by their number in the run.

/** A model is loaded once; runs follow one after the other. */
export type Order =
  | { type: 'load'; model: PreparedModel }
  | { type: 'begin'; live: boolean }
  | { type: 'samples'; samples: SentSample[] }
  /** No more samples of this run. */
  | { type: 'end' }
  | { type: 'stop' }
  | { type: 'close' };

export interface SentSample {
  index: number;
  /** Null keeps a place for a sample that the supervisor found to be none, so that batches do not depend on who found it. */
  messages: Message[] | null;
  /** As the job says: windows end by it. */
  characters: number;
}

export type Reply =
  | { type: 'loading'; fraction: number }
  | { type: 'loaded'; info: ModelInfo; log: string[] }
  /** So many samples, in the order of their sending, wait no longer in the process's inbox. */
  | { type: 'taken'; count: number }
  /** These samples are about to enter native code, and have left it. */
  | { type: 'entered'; set: number; indices: readonly number[] }
  | { type: 'left'; set: number }
  | { type: 'outcomes'; outcomes: SentOutcome[]; work: Work }
  /** The run's end; `error` where it came before the samples'. */
  | { type: 'ended'; error?: SentError; log: string[] }
  /** The model could not be loaded. */
  | { type: 'failed'; error: SentError };

export type SentOutcome =
  | { index: number; score: number; tokens: number; truncated: boolean; holdsSpecialText: boolean; error?: undefined }
  | { index: number; error: SentError };

export interface SentError {
  code: ErrorCode;
  message: string;
}

/** What the process has computed in this run so far: the parts of `PipelineStats` that it knows. */
export interface Work {
  samples: number;
  batches: number;
  halved: number;
  tokensSeen: number;
  tokensComputed: number;
  seconds: Pick<StageSeconds, 'template' | 'tokenize' | 'plan' | 'engine' | 'head'>;
}

export function toSent({ code, message }: InformError): SentError {
  return { code, message };
}

export function fromSent({ code, message }: SentError): InformError {
  return new InformError(code, message);
}
