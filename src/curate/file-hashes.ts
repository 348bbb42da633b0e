import { createHash } from 'node:crypto';
import { PARQUET_START } from '../input/bytes.js';
import type { ReadOptions } from '../input/rows.js';
import { fileSha256 } from '../util/files/sha256.js';

/** SHA-256 of files, taken while their rows are read: a file of many gigabytes is not read once more for it. */
export class FileHashes {
  readonly #hashes = new Map<string, string>();
  /** Files that are read from their ends, in pieces: they are hashed before their first row is read, and again at the end. */
  readonly #inPieces = new Set<string>();

  /** For reading these files with `readRows`. */
  whileReading(files: readonly string[]): Pick<ReadOptions, 'check'> {
    return { check: (index, chunks) => this.#hashed(files[index] ?? '', chunks) };
  }

  /** The hash of a file as it was read. */
  async of(file: string): Promise<string> {
    const known = this.#hashes.get(file);
    if (known !== undefined) return known;
    const hash = await fileSha256(file);
    this.#hashes.set(file, hash);
    return hash;
  }

  /** The first of these files that another reading found to be another, or that is another by now. */
  async changedSince(earlier: FileHashes, files: readonly string[]): Promise<string | undefined> {
    for (const file of files) {
      const now = this.#inPieces.has(file) ? await fileSha256(file) : await this.of(file);
      if (now !== (await earlier.of(file))) return file;
    }
    return undefined;
  }

  async *#hashed(file: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    let isFirst = true;
    for await (const chunk of chunks) {
      if (isFirst && PARQUET_START.every((byte, at) => chunk[at] === byte)) {
        this.#inPieces.add(file);
        await this.of(file);
      }
      isFirst = false;
      hash.update(chunk);
      yield chunk;
    }
    this.#hashes.set(file, hash.digest('hex'));
  }
}
