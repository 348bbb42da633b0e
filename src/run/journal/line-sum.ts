import { hash } from 'node:crypto';

const WORDS = 4;

/**
 * A sum over lines that does not depend on their order: two journals with the same sum hold the same lines. Of each line 128
 * bits of its SHA-256 are added, word by word.
 */
export class LineSum {
  count = 0;
  readonly #words = new Uint32Array(WORDS);

  /** @param line without its line break */
  add(line: string | Buffer): void {
    const digest = hash('sha256', line, 'buffer');
    this.count++;
    for (let word = 0; word < WORDS; word++) this.#addTo(word, digest.readUInt32LE(4 * word));
  }

  addSum(other: LineSum): void {
    this.count += other.count;
    for (let word = 0; word < WORDS; word++) this.#addTo(word, other.#words[word] ?? 0);
  }

  equals(other: LineSum): boolean {
    return this.count === other.count && this.#words.every((word, at) => word === other.#words[at]);
  }

  #addTo(word: number, value: number): void {
    this.#words[word] = (this.#words[word] ?? 0) + value; // a Uint32Array keeps the lower 32 bits
  }
}
