import type { InformError } from '../../errors.js';
import { joinedLine, rejectedMembers } from './formats/joined.js';
import type { ResultSink } from './results.js';
import { scoreMembers } from './row-scores.js';
import type { InputRow } from '../../input/rows.js';
import { rejectedLine } from './rejects.js';
import type { ScoredSample } from '../run-stats.js';

/** Where the results of a run go, in input order. Wait for each call before the next. */
export interface RunOutput {
  /** Aborts when the reader of the output has left: more is not wanted, and that is not an error. */
  readonly readerGone: AbortSignal;
  /** Where rejected rows are written; undefined where the output is no regular file. */
  readonly rejectsPath: string | undefined;
  /** @throws InformError INFORM_OUTPUT_UNWRITABLE, INFORM_NON_FINITE_SCORE */
  score(row: InputRow, sample: ScoredSample): Promise<void>;
  /** @throws InformError INFORM_OUTPUT_UNWRITABLE */
  reject(row: InputRow, error: InformError): Promise<void>;
  /**
   * Makes the output whole. Gives what the user should know.
   *
   * @param rows of all inputs, also those of other shards
   */
  finish(rows: number): Promise<string[]>;
  /** Stops without finishing. Gives what is kept, undefined where nothing is. */
  abandon(): Promise<SavedRun | undefined>;
}

/** What an unfinished run left for the next one. */
export interface SavedRun {
  rows: number;
  journal: string;
}

export interface StreamOptions {
  /** Whether every row goes out, with its score. */
  join?: boolean | undefined;
  /** Whether a rejected row has a line as well, without a score: who reads counts them. */
  oneLinePerRow?: boolean | undefined;
}

/** Standard output, a device or a pipe: what went out is gone, and nothing can be resumed. */
export class StreamOutput implements RunOutput {
  readonly rejectsPath = undefined;

  /** @param checkInputs called at the run's end; gives what the user should know */
  constructor(
    private readonly sink: ResultSink,
    private readonly checkInputs: () => Promise<string[]>,
    private readonly options: StreamOptions = {},
  ) {}

  get readerGone(): AbortSignal {
    return this.sink.readerGone;
  }

  score(row: InputRow, { idJson, score }: ScoredSample): Promise<void> {
    return this.options.join === true
      ? this.sink.writeLine(joinedLine(row, scoreMembers(score)))
      : this.sink.write(idJson, score);
  }

  async reject(row: InputRow, error: InformError): Promise<void> {
    // Else it is reported on standard error alone.
    const { join, oneLinePerRow } = this.options;
    if (join === true) await this.sink.writeLine(joinedLine(row, rejectedMembers(error.message)));
    else if (oneLinePerRow === true) await this.sink.writeLine(rejectedLine(row, error));
  }

  async finish(): Promise<string[]> {
    await this.sink.finish();
    return this.checkInputs();
  }

  async abandon(): Promise<undefined> {
    await this.sink.abandon();
  }
}
