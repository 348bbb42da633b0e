import { createHash, type Hash } from 'node:crypto';

/** A file of 100 GB has 100,000 blocks, whose hashes take about 15 MB. */
const BLOCK_BYTES = 2 ** 20;
const HASH_BYTES = 16;

/** The hash of every block of a file, to compare what is read of it later while it is read. */
export class BlockHashes {
  readonly #hashes: Buffer[] = [];
  #hash: Hash = createHash('sha256');
  #filled = 0;

  /** Takes the next bytes of the file. */
  add(chunk: Buffer): void {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + BLOCK_BYTES - this.#filled);
      this.#hash.update(part);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled === BLOCK_BYTES) this.end();
    }
  }

  /** The file is at its end. */
  end(): void {
    if (this.#filled === 0) return;
    this.#hashes.push(Buffer.from(this.#hash.digest().subarray(0, HASH_BYTES)));
    this.#hash = createHash('sha256');
    this.#filled = 0;
  }

  /**
   * The same bytes in whole blocks, each of them compared first.
   *
   * @throws what `failure` gives, before the first block that is another, and where there are more or fewer of them
   */
  async *compared(chunks: AsyncIterable<Buffer>, failure: () => Error): AsyncGenerator<Buffer> {
    let at = 0;
    for await (const block of blocksOf(chunks)) {
      const hash = createHash('sha256').update(block).digest().subarray(0, HASH_BYTES);
      if (this.#hashes[at]?.equals(hash) !== true) throw failure();
      at++;
      yield block;
    }
    if (at < this.#hashes.length) throw failure();
  }
}

/** Chunks of any length as blocks; the last one may be shorter. */
async function* blocksOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + BLOCK_BYTES - length);
      held.push(part);
      length += part.length;
      from += part.length;
      if (length < BLOCK_BYTES) continue;
      yield held.length === 1 ? part : Buffer.concat(held);
      held = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(held);
}
