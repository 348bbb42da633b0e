import type { Writable } from 'node:stream';
import { InformError, systemCodeOf } from '../../errors.js';
import { entryOf, outputError, withOutputErrors, jsonLine, unwritable } from '../../util/files/file-errors.js';
import { closeWriter, openWriter, writeText } from '../../util/files/text-writer.js';
import { scoreMembers, splitResult, valuesOf, type RowScores } from './row-scores.js';

/** The output that stands for standard output. */
export const STDOUT = '-';
const STDOUT_NAME = 'Standard output';

/** Where scores go, one JSON object a line, in the order of the calls. Wait for each call before the next. */
export interface ResultSink {
  /** Aborts when the reader of the output has left (EPIPE): more is not wanted, and that is not an error. */
  readonly readerGone: AbortSignal;
  /**
   * @param idJson the id as JSON, written as it is
   * @throws InformError INFORM_OUTPUT_UNWRITABLE; INFORM_NON_FINITE_SCORE for a score that is no number
   */
  write(idJson: string, score: RowScores): Promise<void>;
  /** The same for a line that is made already. */
  writeLine(line: string): Promise<void>;
  /** Resolves once the output has taken everything. */
  finish(): Promise<void>;
  /** Stops without finishing. */
  abandon(): Promise<void>;
}

/**
 * Opens standard output ("-"), a device or a named pipe for results; undefined for a regular file and for what is not there
 * yet.
 *
 * @param stdout in place of process.stdout
 * @throws InformError INFORM_OUTPUT_UNWRITABLE when it cannot be written; INFORM_ABORTED when `signal` aborts before a named pipe
 *   has a reader
 */
export async function openResults(
  output: string,
  signal?: AbortSignal,
  stdout: Writable = process.stdout,
): Promise<ResultSink | undefined> {
  if (output === STDOUT || output === '/dev/stdout') return new StreamResults(STDOUT_NAME, stdout, signal);
  const entry = await entryOf(output);
  if (entry?.isDirectory() === true) throw unwritable(output, 'is a directory. Name a file.');
  // A device or a named pipe cannot be replaced by renaming, and must not be.
  if (entry?.isFile() !== false) return undefined;
  return new StreamResults(output, await withOutputErrors(output, openWriter(output, 'w', signal)), signal);
}

/** One line of results. @throws InformError INFORM_NON_FINITE_SCORE */
export function resultLine(idJson: string, score: RowScores): string {
  const wrong = valuesOf(score).find((value) => !Number.isFinite(value));
  if (wrong !== undefined) {
    throw new InformError('INFORM_NON_FINITE_SCORE', `The score of sample ${idJson} is ${wrong}, which is no score.`);
  }
  return jsonLine([['id', idJson], ...scoreMembers(score)]);
}

/** The id, as JSON, and the scores of a line that `resultLine` made; NaN for any other line. */
export function parseResultLine(line: string): { idJson: string; score: RowScores } {
  return splitResult(line.trimEnd()) ?? { idJson: '', score: NaN };
}

/** Standard output, a device or a named pipe. */
class StreamResults implements ResultSink {
  readonly #gone = new AbortController();
  readonly readerGone = this.#gone.signal;

  constructor(
    private readonly name: string,
    private readonly stream: Writable,
    private readonly signal: AbortSignal | undefined,
  ) {
    // A failed write comes to its callback and as an event. The event needs a listener for as long as the process
    // lives, or it would end the process.
    stream.on('error', (error) => {
      if (systemCodeOf(error) === 'EPIPE') this.#gone.abort();
    });
  }

  async write(idJson: string, score: RowScores): Promise<void> {
    await this.writeLine(resultLine(idJson, score));
  }

  async writeLine(line: string): Promise<void> {
    await this.#send(line);
  }

  async finish(): Promise<void> {
    await this.#send('');
    await this.#close();
  }

  async abandon(): Promise<void> {
    await this.#close();
  }

  /** Standard output belongs to the process, and stays. */
  async #close(): Promise<void> {
    if (this.name !== STDOUT_NAME) await closeWriter(this.stream, this.signal);
  }

  /** Resolves once the stream has taken the text, so a slow reader slows the run down instead of filling memory. */
  async #send(text: string): Promise<void> {
    if (this.readerGone.aborted) return;
    try {
      await writeText(this.stream, text, this.signal);
    } catch (error) {
      if (systemCodeOf(error) === 'EPIPE') this.#gone.abort();
      if (!this.#gone.signal.aborted) throw outputError(this.name, error);
    }
  }
}
