import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { InformError, systemCodeOf } from '../../errors.js';
import {
  entryOf,
  outputError,
  withOutputErrors,
  jsonLine,
  openFile,
  unwritable,
} from '../../util/files/file-errors.js';
import { scoreMembers, splitResult, valuesOf, type RowScores } from './row-scores.js';

/** The output that stands for standard output. */
export const STDOUT = '-';

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
 * @throws InformError INFORM_OUTPUT_UNWRITABLE when it cannot be written
 */
export async function openResults(output: string, stdout: Writable = process.stdout): Promise<ResultSink | undefined> {
  if (output === STDOUT || output === '/dev/stdout') return new StreamResults(stdout);
  const entry = await entryOf(output);
  if (entry?.isDirectory() === true) throw unwritable(output, 'is a directory. Name a file.');
  // A device or a named pipe cannot be replaced by renaming, and must not be.
  return entry?.isFile() === false ? new DirectResults(output, await openFile(output, 'w')) : undefined;
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

/** A device or a named pipe. */
class DirectResults implements ResultSink {
  readonly #name: string;
  readonly #file: FileHandle;
  readonly #gone = new AbortController();
  readonly readerGone = this.#gone.signal;

  constructor(name: string, file: FileHandle) {
    this.#name = name;
    this.#file = file;
  }

  async write(idJson: string, score: RowScores): Promise<void> {
    await this.writeLine(resultLine(idJson, score));
  }

  async writeLine(line: string): Promise<void> {
    if (this.readerGone.aborted) return;
    try {
      await this.#file.appendFile(line);
    } catch (error) {
      if (systemCodeOf(error) !== 'EPIPE') throw outputError(this.#name, error);
      this.#gone.abort();
    }
  }

  async finish(): Promise<void> {
    await withOutputErrors(this.#name, this.#file.close());
  }

  async abandon(): Promise<void> {
    await this.#file.close();
  }
}

/** Standard output. */
class StreamResults implements ResultSink {
  readonly #stream: Writable;
  readonly #gone = new AbortController();
  readonly readerGone = this.#gone.signal;

  constructor(stream: Writable) {
    this.#stream = stream;
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
  }

  abandon(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves once the stream has taken the text, so a slow reader slows the run down instead of filling memory. */
  #send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.readerGone.aborted) {
        resolve();
        return;
      }
      this.#stream.write(text, (error) => {
        if (error && systemCodeOf(error) === 'EPIPE') this.#gone.abort();
        if (error && !this.readerGone.aborted) reject(outputError('Standard output', error));
        else resolve();
      });
    });
  }
}
