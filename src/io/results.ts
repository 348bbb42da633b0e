import { type FileHandle, realpath, rename, unlink } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { InformError, systemCodeOf } from '../errors.js';
import { entryOf, explain, explained, jsonLine, openFile, unwritable } from './output.js';
import { STDIN } from './source.js';

/** The output that stands for standard output. */
export const STDOUT = '-';

const PARTIAL_EXISTS =
  'is there already: a run that did not finish left it, or one is still going on. Move it away, or pass --overwrite to discard it.';

/** Where scores go, one JSON object a line, in the order of the calls. Wait for each call before the next. */
export interface ResultSink {
  /** Where rejected rows belong: beside the output file; undefined where the output is no regular file. */
  readonly rejectsPath: string | undefined;
  /** Aborts when whoever reads the output has left (EPIPE): nobody wants more, and that is no error. */
  readonly readerGone: AbortSignal;
  /**
   * @param idJson the id as JSON, written as it is
   * @throws InformError INFORM_OUTPUT_UNWRITABLE; INFORM_NON_FINITE_SCORE for a score that is no number
   */
  write(idJson: string, score: number): Promise<void>;
  /** Makes the output whole: on disk and under its own name. */
  finish(): Promise<void>;
  /** Stops without finishing. Gives the path that keeps what was scored, or undefined where there is nothing. */
  abandon(): Promise<string | undefined>;
}

export interface OutputOptions {
  /** Replace what is there. */
  overwrite?: boolean | undefined;
  /** The run's inputs: none of them may be written over. */
  inputs?: readonly string[] | undefined;
  /** In place of process.stdout. */
  stdout?: Writable | undefined;
}

/**
 * Opens a file for results, or standard output for "-".
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE when it cannot be written, or exists and `overwrite` is not set
 */
export async function openResults(output: string, options: OutputOptions = {}): Promise<ResultSink> {
  if (output === STDOUT || output === '/dev/stdout') return new StreamResults(options.stdout ?? process.stdout);
  const entry = await entryOf(output);
  if (entry?.isDirectory() === true) throw unwritable(output, 'is a directory. Name a file.');
  // A device or a named pipe cannot be replaced by renaming, and must not be.
  if (entry?.isFile() === false) return new DirectResults(output, await openFile(output, 'w'));

  await refuseInputs(outputPaths(output), options.inputs ?? []);
  const overwrite = options.overwrite === true;
  if (entry !== undefined && !overwrite) throw unwritable(output, 'exists already. Pass --overwrite to replace it.');
  // A link is followed, so that the rename replaces the file it names and not the link.
  const target = entry === undefined ? output : await realpath(output);
  const partial = partialOf(target);
  if ((await entryOf(partial)) !== undefined) {
    if (!overwrite) throw unwritable(partial, PARTIAL_EXISTS);
    await explained(partial, unlink(partial));
  }
  const file = await openFile(partial, 'wx');
  return new FileResults(output, target, overwrite, file, await explained(partial, file.stat()));
}

/** One line of results. @throws InformError INFORM_NON_FINITE_SCORE */
export function resultLine(idJson: string, score: number): string {
  if (!Number.isFinite(score)) {
    throw new InformError('INFORM_NON_FINITE_SCORE', `The score of sample ${idJson} is ${score}, which is no score.`);
  }
  return jsonLine([
    ['id', idJson],
    ['score', JSON.stringify(score)],
  ]);
}

/** A regular file: written under another name, and given its own once it is whole and on disk. */
class FileResults implements ResultSink {
  readonly rejectsPath: string;
  readonly readerGone = new AbortController().signal;
  readonly #name: string;
  readonly #target: string;
  readonly #overwrite: boolean;
  readonly #file: FileHandle;
  readonly #identity: FileIdentity;
  #empty = true;
  #finished = false;

  constructor(name: string, target: string, overwrite: boolean, file: FileHandle, identity: FileIdentity) {
    this.rejectsPath = rejectsOf(name);
    this.#name = name;
    this.#target = target;
    this.#overwrite = overwrite;
    this.#file = file;
    this.#identity = identity;
  }

  async write(idJson: string, score: number): Promise<void> {
    const line = resultLine(idJson, score);
    this.#empty = false;
    await explained(this.#name, this.#file.appendFile(line));
  }

  async finish(): Promise<void> {
    const partial = partialOf(this.#target);
    await explained(this.#name, this.#file.sync());
    if (!(await this.#ownsPartial())) {
      throw unwritable(this.#name, 'was taken over by another run with the same output. Choose an output of its own.');
    }
    if (!this.#overwrite && (await entryOf(this.#target)) !== undefined) {
      throw unwritable(this.#name, `was made by someone else during the run. The scores are in ${partial}.`);
    }
    await explained(this.#name, this.#file.close());
    await explained(this.#name, rename(partial, this.#target));
    this.#finished = true;
  }

  /** Another run with --overwrite may have taken the name; its file must not be given ours, nor removed. */
  async #ownsPartial(): Promise<boolean> {
    return isSameFile(await entryOf(partialOf(this.#target)), this.#identity);
  }

  async abandon(): Promise<string | undefined> {
    if (this.#finished) return undefined;
    const partial = partialOf(this.#target);
    const owned = await this.#ownsPartial();
    await this.#file.close();
    if (!owned) return undefined;
    if (!this.#empty) return partial;
    await unlink(partial);
    return undefined;
  }
}

/** A device or a named pipe. */
class DirectResults implements ResultSink {
  readonly rejectsPath = undefined;
  readonly #name: string;
  readonly #file: FileHandle;
  readonly #gone = new AbortController();
  readonly readerGone = this.#gone.signal;

  constructor(name: string, file: FileHandle) {
    this.#name = name;
    this.#file = file;
  }

  async write(idJson: string, score: number): Promise<void> {
    const line = resultLine(idJson, score);
    if (this.readerGone.aborted) return;
    try {
      await this.#file.appendFile(line);
    } catch (error) {
      if (systemCodeOf(error) !== 'EPIPE') throw explain(this.#name, error);
      this.#gone.abort();
    }
  }

  async finish(): Promise<void> {
    await explained(this.#name, this.#file.close());
  }

  async abandon(): Promise<undefined> {
    await this.#file.close();
  }
}

/** Standard output. */
class StreamResults implements ResultSink {
  readonly rejectsPath = undefined;
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

  async write(idJson: string, score: number): Promise<void> {
    await this.#send(resultLine(idJson, score));
  }

  async finish(): Promise<void> {
    await this.#send('');
  }

  abandon(): Promise<undefined> {
    return Promise.resolve(undefined);
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
        if (error && !this.readerGone.aborted) reject(explain('Standard output', error));
        else resolve();
      });
    });
  }
}

/** The files that a run with this output writes. */
export function outputPaths(output: string): string[] {
  return [output, partialOf(output), rejectsOf(output)];
}

function partialOf(output: string): string {
  return `${output}.partial`;
}

function rejectsOf(output: string): string {
  return `${output}.rejects.jsonl`;
}

/** What tells a file from all others, whatever its names. */
interface FileIdentity {
  ino: number;
  dev: number;
}

function isSameFile(entry: FileIdentity | undefined, other: FileIdentity): boolean {
  return entry?.ino === other.ino && entry.dev === other.dev;
}

/** Also an input under another name is found: two paths are the same file when device and inode are. */
export async function refuseInputs(outputs: readonly string[], inputs: readonly string[]): Promise<void> {
  for (const output of outputs) {
    const written = await entryOf(output);
    if (written === undefined) continue;
    for (const input of inputs) {
      const read = input === STDIN ? undefined : await entryOf(input);
      if (isSameFile(read, written)) {
        throw unwritable(output, `would be written over, but is the input ${input}. Choose another output.`);
      }
    }
  }
}
