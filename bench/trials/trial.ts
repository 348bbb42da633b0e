import { readFileSync } from 'node:fs';
import type { StageSeconds } from '#src/scoring/pipeline-stats.js';
import type { Dataset } from '../support/datasets.js';

/** What a contestant's process prints on its last line, as JSON. The model is loaded and warm when its clock starts. */
export interface Trial {
  /** Wall-clock time of all samples of the data set. */
  seconds: number;
  /** Of the samples, as the contestant counted them: the proof that it ran what it was given. */
  tokens: number;
  /** Those that went through the model, padding included; undefined where it is `tokens`. */
  computedTokens?: number;
  /** Where ours spent its time; stages overlap. */
  stages?: StageSeconds;
}

/** What our own trial is told. */
export interface TrialOrder {
  model: string;
  /** File of a `Dataset`. */
  dataset: string;
  /** Options of the model, as in the API. */
  options: Record<string, unknown>;
}

export function readDataset(file: string): Dataset {
  return JSON.parse(readFileSync(file, 'utf8')) as Dataset;
}

export function lastJsonLine(output: string): Trial {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  return JSON.parse(line) as Trial;
}
