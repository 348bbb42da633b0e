import { InformError } from '../errors.js';
import { STDIN } from '../input/source.js';
import type { RunOptions } from '../options/table.js';
import type { ProgressMode } from '../cli/terminal-progress.js';
import type { Shard } from './row-shard.js';

/** What only a command line says about a run. */
export interface RunSettings {
  overwrite: boolean;
  progress: ProgressMode;
  /** Discard what an unfinished run left, and begin anew. */
  restart?: boolean | undefined;
  /** Go on with an input that grew at its end. */
  followAppended?: boolean | undefined;
  /** Score this part of the rows. */
  shard?: Shard | undefined;
  /** The configuration file that the options were read from. */
  config?: string | undefined;
  /** File for the run's log. */
  log?: string | undefined;
  /** Print llama.cpp's log. */
  verbose?: boolean | undefined;
  /** Print what was computed and where the time went, after the summary. */
  stats?: boolean | undefined;
  /** Download a large model without asking. */
  yes?: boolean | undefined;
  /** The command that resumes the run, for when it ends before its time. */
  resumeLine?: string | undefined;
}

export function requireModel(options: RunOptions): string {
  if (options.model !== undefined) return options.model;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    'No model is named. Pass -m model.gguf, or "model:" in a configuration file; -m demo uses the embedded one.',
  );
}

export function chooseInputs(inputs: readonly string[]): readonly string[] {
  if (inputs.length > 0) return inputs;
  if (!process.stdin.isTTY) return [STDIN];
  throw new InformError('INFORM_INVALID_CONFIG', 'No input is named. Pass a file of samples, or pipe samples in.');
}
