import type { Batch, BatchLimits } from '../../engine/batch.js';
import { groupByPrefix } from './group.js';
import { commonPrefix, PrefixTrie, type TrieNode } from './prefix-trie.js';

/** A batch, and whose rewards it gives. */
export interface PlannedBatch<T> extends Batch {
  /** For each sequence the samples that have its tokens. */
  samples: T[][];
}

/** How many samples that do not fit into a batch, or belong to others, are passed by in search of some that do. */
const LOOK_AHEAD = 32;

const NO_TOKENS = new Int32Array();

/**
 * Packs samples into batches such that within what it is given together each distinct prefix is computed once, where the
 * engine keeps the last sequence of each batch for the next one. Weights are read and decoded once for a batch, so that a
 * fuller one costs less a token: where the next sample does not fit, later ones take its place, and it begins the next batch.
 */
export class BatchPlanner<T extends { tokens: Int32Array }> {
  /** Samples of equal tokens together, in the order of evaluation. */
  #waiting: T[][] = [];
  /** The sequence that the engine still holds when the next batch begins. */
  #resident: Int32Array = NO_TOKENS;

  constructor(private readonly limits: BatchLimits) {}

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes the next samples, when those before are used up. Each has 1 to `contextTokens` tokens. */
  add(samples: readonly T[]): void {
    this.#waiting = this.limits.share ? groupByPrefix(samples) : samples.map((sample) => [sample]);
  }

  /** The next batch, or undefined when all samples are used up. */
  next(): PlannedBatch<T> | undefined {
    if (this.empty) return undefined;
    return this.limits.share ? this.#shared() : this.#separate();
  }

  #shared(): PlannedBatch<T> {
    const { contextTokens, batchTokens } = this.limits;
    const resident = this.#resident;
    const trie = new PrefixTrie<T[]>();
    // First, so that what goes on from the resident sequence comes first in the batch.
    trie.insert(resident);
    let computed = 0;
    let kept = 0;
    /** The most that one which was passed by has in common with the batch, and so the least for those behind it. */
    let common = 0;
    this.#fill((samples, tokens, at) => {
      // The last token is always computed: it is the output.
      const known = Math.min(trie.match(tokens), tokens.length - 1);
      const keeps = Math.max(kept, Math.min(commonPrefix(resident, tokens), known));
      const computes = computed + tokens.length - known;
      if (computed > 0 && (computes > batchTokens || keeps + computes > contextTokens)) {
        common = Math.max(common, known);
        return false;
      }
      if (at > 0 && known < Math.max(common, this.#commonWithNeighbours(at))) return false;
      trie.insert(tokens).values.push(samples);
      kept = keeps;
      computed = computes;
      return true;
    });
    const samples = inTrieOrder(trie.root, resident);
    this.#resident = samples.at(-1)?.[0]?.tokens ?? resident;
    return frontCoded(samples, true);
  }

  #separate(): PlannedBatch<T> {
    const most = Math.min(this.limits.batchTokens, this.limits.contextTokens);
    let computed = 0;
    const samples = this.#fill((_, { length }) => {
      if (computed > 0 && computed + length > most) return false;
      computed += length;
      return true;
    });
    return frontCoded(samples, false);
  }

  /** Goes through what waits, from the first on, and gives what is taken. The first one must be. */
  #fill(take: (samples: T[], tokens: Int32Array, at: number) => boolean): T[][] {
    const taken: T[][] = [];
    let at = 0;
    while (taken.length < this.limits.maxSequences && at <= LOOK_AHEAD) {
      const samples = this.#waiting[at];
      const tokens = samples?.[0]?.tokens;
      if (!samples || !tokens) break;
      if (take(samples, tokens, at)) taken.push(...this.#waiting.splice(at, 1));
      else at++;
    }
    return taken;
  }

  /** What one that waits has in common with those before and behind it, beside which it costs less. */
  #commonWithNeighbours(at: number): number {
    const tokensAt = (index: number): Int32Array => this.#waiting[index]?.[0]?.tokens ?? NO_TOKENS;
    return Math.max(commonPrefix(tokensAt(at), tokensAt(at - 1)), commonPrefix(tokensAt(at), tokensAt(at + 1)));
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
