import { InformError } from '../errors.js';
import { STDIN } from '../input/source.js';
import type { RunOptions } from '../options/table.js';
import type { ConfirmDownload } from '../models/confirm-download.js';
import type { ShardNumber } from './shards/shard.js';
import type { ShardTask } from './shards/shard-task.js';

/** What a run is told beside its options. */
export interface RunSettings {
  overwrite: boolean;
  /** Discard what an unfinished run left, and begin anew. */
  restart?: boolean | undefined;
  /** Go on with an input that grew at its end. */
  followAppended?: boolean | undefined;
  /** Score this part of the rows. */
  shard?: ShardNumber | undefined;
  /** Has that part, of a run that many machines share. */
  task?: ShardTask | undefined;
  /** Write a line without a score for a rejected row, too. */
  oneLinePerRow?: boolean | undefined;
  /** The configuration file that the options were read from. */
  config?: string | undefined;
  /** File for the run's log. */
  log?: string | undefined;
  /** Report llama.cpp's log. */
  verbose?: boolean | undefined;
  /** Asked before more than 5 GB are downloaded; without it such a download is refused. */
  confirm?: ConfirmDownload | undefined;
  /** The command that resumes the run, said when it ends before its time. */
  resumeCommand?: string | undefined;
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
