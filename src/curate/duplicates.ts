import { endianness } from 'node:os';
import { BANDS, bandHash, FUNCTIONS, NEAR, similarity, writeSignature } from './min-hash.js';
import { textKey } from './text.js';

/** Finds the texts that stand in a data set more than once. Texts are numbered as they are added. */
export interface DuplicateFinder {
  add: (words: readonly string[]) => void;
  /** For each text a number of its group: texts of one group are duplicates. */
  groups: () => Int32Array;
}

/** The same words in the same order. */
export class ExactDuplicates implements DuplicateFinder {
  readonly #groupOf = new Map<string, number>();
  readonly #groups: number[] = [];

  add(words: readonly string[]): void {
    const key = textKey(words.join(' '));
    const group = this.#groupOf.get(key) ?? this.#groupOf.size;
    this.#groupOf.set(key, group);
    this.#groups.push(group);
  }

  groups(): Int32Array {
    return Int32Array.from(this.#groups);
  }
}

/** Texts that share a band's hash are each compared with as many of their neighbours, in input order. */
const NEIGHBOURS = 16;
/** Signatures are held in blocks of so many: one array that grows would be there twice while it does. */
const BLOCK_TEXTS = 2 ** 14;

/** Texts whose estimated similarity is 0.8 or more, and whatever such texts are linked by. 256 bytes a text are held. */
export class NearDuplicates implements DuplicateFinder {
  readonly #blocks: Uint32Array[] = [];
  #count = 0;

  add(words: readonly string[]): void {
    const text = this.#count++;
    if (text % BLOCK_TEXTS === 0) this.#blocks.push(new Uint32Array(BLOCK_TEXTS * FUNCTIONS));
    writeSignature(words, this.#blockOf(text), placeOf(text));
  }

  groups(): Int32Array {
    const parents = new Int32Array(this.#count);
    for (let text = 0; text < this.#count; text++) parents[text] = text;
    const sorted = new SortedHashes(this.#count);
    for (let band = 0; band < BANDS; band++) {
      sorted.sort((text) => bandHash(this.#blockOf(text), band, placeOf(text)));
      for (let at = 1; at < this.#count; at++) this.#link(parents, sorted, at);
    }
    return parents.map((_, i) => rootOf(parents, i));
  }

  #link(parents: Int32Array, sorted: SortedHashes, at: number): void {
    const text = sorted.textAt(at);
    for (let before = at - 1; before >= Math.max(0, at - NEIGHBOURS); before--) {
      if (sorted.hashAt(before) !== sorted.hashAt(at)) return;
      const other = sorted.textAt(before);
      const [a, b] = [rootOf(parents, other), rootOf(parents, text)];
      if (a !== b && this.#similarity(other, text) >= NEAR) parents[Math.max(a, b)] = Math.min(a, b);
    }
  }

  #similarity(a: number, b: number): number {
    return similarity(this.#blockOf(a), this.#blockOf(b), placeOf(a), placeOf(b));
  }

  #blockOf(text: number): Uint32Array {
    return this.#blocks[Math.floor(text / BLOCK_TEXTS)] ?? NO_BLOCK;
  }
}

const NO_BLOCK = new Uint32Array(0);

function placeOf(text: number): number {
  return (text % BLOCK_TEXTS) * FUNCTIONS;
}

/** Which half of a 64-bit number a pair of 32-bit ones has first. */
const [LOW, HIGH] = endianness() === 'LE' ? [0, 1] : [1, 0];

/** A hash for each text, in their order, equal ones by the text's number: pairs that are sorted as 64-bit numbers. */
class SortedHashes {
  readonly #keys: BigUint64Array;
  readonly #halves: Uint32Array;

  constructor(count: number) {
    this.#keys = new BigUint64Array(count);
    this.#halves = new Uint32Array(this.#keys.buffer);
  }

  sort(hashOf: (text: number) => number): void {
    for (let text = 0; text < this.#keys.length; text++) {
      this.#halves[2 * text + LOW] = text;
      this.#halves[2 * text + HIGH] = hashOf(text);
    }
    this.#keys.sort();
  }

  hashAt(place: number): number {
    return this.#halves[2 * place + HIGH] ?? 0;
  }

  textAt(place: number): number {
    return this.#halves[2 * place + LOW] ?? 0;
  }
}

/** The text that stands for a text's group; paths to it are shortened on the way. */
function rootOf(parents: Int32Array, text: number): number {
  let root = text;
  while (parents[root] !== root) {
    parents[root] = parents[parents[root] ?? root] ?? root;
    root = parents[root] ?? root;
  }
  return root;
}
