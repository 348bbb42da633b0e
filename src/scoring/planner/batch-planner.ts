import type { Batch, BatchLimits } from '../../engine/batch.js';
import { groupByPrefix } from './group.js';
import { commonPrefix, PrefixTrie, type TrieNode } from './prefix-trie.js';

/** A batch, and whose rewards it gives. */
export interface PlannedBatch<T> extends Batch {
  /** For each sequence the samples that have its tokens. */
  samples: T[][];
}

/**
 * Packs samples into batches such that within what it is given together each distinct prefix is computed once, where the
 * engine keeps the last sequence of each batch for the next one.
 */
export class BatchPlanner<T extends { tokens: Int32Array }> {
  /** Samples of equal tokens together, in the order of evaluation; the next one at `#at`. */
  #order: readonly T[][] = [];
  #at = 0;
  /** The sequence that the engine still holds when the next batch begins. */
  #resident: Int32Array = new Int32Array();

  constructor(private readonly limits: BatchLimits) {}

  get empty(): boolean {
    return this.#at === this.#order.length;
  }

  /** Takes the next samples, when those before are used up. Each has 1 to `contextTokens` tokens. */
  add(samples: readonly T[]): void {
    this.#order = this.limits.share ? groupByPrefix(samples) : samples.map((sample) => [sample]);
    this.#at = 0;
  }

  /** The next batch, or undefined when all samples are used up. */
  next(): PlannedBatch<T> | undefined {
    if (this.empty) return undefined;
    return this.limits.share ? this.#shared() : this.#separate();
  }

  #shared(): PlannedBatch<T> {
    const { contextTokens, batchTokens, maxSequences } = this.limits;
    const resident = this.#resident;
    const trie = new PrefixTrie<T[]>();
    // First, so that what goes on from the resident sequence comes first in the batch.
    trie.insert(resident);
    let computed = 0;
    let kept = 0;
    let count = 0;
    for (; count < maxSequences; count++) {
      const samples = this.#order[this.#at];
      const tokens = samples?.[0]?.tokens;
      if (!samples || !tokens) break;
      // The last token is always computed: it is the output.
      const known = Math.min(trie.match(tokens), tokens.length - 1);
      const keeps = Math.max(kept, Math.min(commonPrefix(resident, tokens), known));
      const computes = computed + tokens.length - known;
      if (count > 0 && (computes > batchTokens || keeps + computes > contextTokens)) break;
      trie.insert(tokens).values.push(samples);
      kept = keeps;
      computed = computes;
      this.#at++;
    }
    const samples = inTrieOrder(trie.root, resident);
    this.#resident = samples.at(-1)?.[0]?.tokens ?? resident;
    return frontCoded(samples, true);
  }

  #separate(): PlannedBatch<T> {
    const { contextTokens, batchTokens, maxSequences } = this.limits;
    const first = this.#at;
    let computed = 0;
    for (; this.#at - first < maxSequences; this.#at++) {
      const length = this.#order[this.#at]?.[0]?.tokens.length;
      if (length === undefined) break;
      if (this.#at > first && computed + length > Math.min(batchTokens, contextTokens)) break;
      computed += length;
    }
    return frontCoded(this.#order.slice(first, this.#at), false);
  }
}

/** The two halves of a batch, in the same order; undefined for a batch of one sequence. */
export function halves<T extends { tokens: Int32Array }>(batch: PlannedBatch<T>): PlannedBatch<T>[] | undefined {
  const { samples, reuse } = batch;
  if (samples.length < 2) return undefined;
  const middle = Math.ceil(samples.length / 2);
  // Coded anew: the second half's first sequence follows none.
  return [samples.slice(0, middle), samples.slice(middle)].map((half) => frontCoded(half, reuse));
}

/**
 * Depth first, so that every sequence has its longest common prefix with the one before. A sequence comes before those
 * that it begins, except where the resident sequence goes on: that must come first to be of use.
 */
function inTrieOrder<T>(root: TrieNode<T[]>, resident: Int32Array): T[][] {
  const order: T[][] = [];
  const visit = (node: TrieNode<T[]>, above: number | undefined): void => {
    // Whether the resident sequence runs through here; `above` is how deep it is known to.
    const runsThrough = above !== undefined && commonPrefix(node.tokens, resident, above, node.depth) === node.depth;
    const depth = runsThrough ? node.depth : undefined;
    if (!runsThrough) order.push(...node.values);
    for (const child of node.children.values()) visit(child, depth);
    if (runsThrough) order.push(...node.values);
  };
  visit(root, 0);
  return order;
}

function frontCoded<T extends { tokens: Int32Array }>(samples: T[][], share: boolean): PlannedBatch<T> {
  const sequences = samples.flatMap(([sample]) => (sample ? [sample.tokens] : []));
  const shared = new Int32Array(sequences.length);
  const tails = new Int32Array(sequences.length);
  let total = 0;
  for (const [i, tokens] of sequences.entries()) {
    const before = sequences[i - 1];
    const common = share && before ? Math.min(commonPrefix(before, tokens), tokens.length - 1) : 0;
    shared[i] = common;
    tails[i] = tokens.length - common;
    total += tokens.length - common;
  }
  const all = new Int32Array(total);
  let offset = 0;
  for (const [i, tokens] of sequences.entries()) {
    all.set(tokens.subarray(shared[i]), offset);
    offset += tails[i] ?? 0;
  }
  return { samples, tokens: all, shared, tails, reuse: share };
}
