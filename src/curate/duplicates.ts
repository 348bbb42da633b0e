import { BANDS, bandHash, FUNCTIONS, NEAR, signatureOf, similarity } from './min-hash.js';
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

/** Texts that share this many of a band's hash are each compared with as many of their neighbours, in input order. */
const NEIGHBOURS = 16;
const FIRST_CAPACITY = 1024;

/** Texts whose estimated similarity is 0.8 or more, and whatever such texts are linked by. 256 bytes a text are held. */
export class NearDuplicates implements DuplicateFinder {
  #signatures = new Uint32Array(FIRST_CAPACITY * FUNCTIONS);
  #count = 0;

  add(words: readonly string[]): void {
    const at = this.#count++ * FUNCTIONS;
    if (at === this.#signatures.length) {
      const larger = new Uint32Array(2 * this.#signatures.length);
      larger.set(this.#signatures);
      this.#signatures = larger;
    }
    this.#signatures.set(signatureOf(words), at);
  }

  groups(): Int32Array {
    const parents = Int32Array.from({ length: this.#count }, (_, i) => i);
    for (let band = 0; band < BANDS; band++) {
      const hashes = Uint32Array.from(parents, (_, i) => bandHash(this.#signature(i), band));
      const order = Uint32Array.from(parents, (_, i) => i).sort((a, b) => (hashes[a] ?? 0) - (hashes[b] ?? 0) || a - b);
      for (const [at, text] of order.entries()) this.#link(parents, order, hashes, at, text);
    }
    return parents.map((_, i) => rootOf(parents, i));
  }

  #link(parents: Int32Array, order: Uint32Array, hashes: Uint32Array, at: number, text: number): void {
    for (let before = at - 1; before >= Math.max(0, at - NEIGHBOURS); before--) {
      const other = order[before] ?? 0;
      if (hashes[other] !== hashes[text]) return;
      const [a, b] = [rootOf(parents, other), rootOf(parents, text)];
      if (a !== b && similarity(this.#signature(other), this.#signature(text)) >= NEAR)
        parents[Math.max(a, b)] = Math.min(a, b);
    }
  }

  #signature(index: number): Uint32Array {
    return this.#signatures.subarray(index * FUNCTIONS, (index + 1) * FUNCTIONS);
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
