import { createHash, type Hash } from 'node:crypto';
import { unlink, type FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';
import { writeFilesAtomically, writeFully } from '../../util/files/atomic-file.js';
import { outputError } from '../../util/files/file-errors.js';
import type { RowRecord } from './records.js';

export interface OutputPaths {
  output: string;
  rejects: string;
}

/** SHA-256 of the files that were written. */
export interface OutputHashes {
  output: string;
  /** undefined where no row was rejected, and so there is no such file. */
  rejects?: string | undefined;
}

export interface WriteOptions {
  hasRejects: boolean;
  /** Called when the files are written, and before they get their names. */
  beforeNames: (hashes: OutputHashes) => Promise<void>;
}

/**
 * Makes the output, and where rows were rejected the rejects, out of results in input order. Each appears under its name
 * whole and on disk, or not at all; rejects that are there already go where there are none now.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE, and what `results` and `beforeNames` throw
 */
export async function writeOutputs(
  { output, rejects }: OutputPaths,
  results: AsyncIterable<RowRecord>,
  { hasRejects, beforeNames }: WriteOptions,
): Promise<void> {
  // A journal has more bytes than what is made of it, so its disk's room is known to be about enough; writing will tell.
  const files = [{ path: output, bytes: 0 }, ...(hasRejects ? [{ path: rejects, bytes: 0 }] : [])];
  await writeFilesAtomically(files, async ([outputFile, rejectsFile]) => {
    const scores = outputFile && new HashedWriter(outputFile.handle);
    const rejected = rejectsFile && new HashedWriter(rejectsFile.handle);
    for await (const { kind, json } of results) await (kind === 'score' ? scores : rejected)?.write(`${json}\n`);
    await beforeNames({ output: (await scores?.end()) ?? '', rejects: await rejected?.end() });
  });
  if (hasRejects) return;
  await unlink(rejects).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'ENOENT') throw outputError(rejects, error);
  });
}

const WRITE_BYTES = 2 ** 18;

/** Writes lines in large pieces. */
class HashedWriter {
  readonly #hash: Hash = createHash('sha256');
  #lines: string[] = [];
  #length = 0;

  constructor(private readonly file: FileHandle) {}

  async write(line: string): Promise<void> {
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length >= WRITE_BYTES) await this.#flush();
  }

  /** The hash of all lines. */
  async end(): Promise<string> {
    await this.#flush();
    return this.#hash.digest('hex');
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    this.#length = 0;
    this.#hash.update(bytes);
    await writeFully(this.file, bytes);
  }
}
