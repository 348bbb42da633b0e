import type { PairedScores } from './paired-scores.js';

// Correlations of two lists of scores, each row counted as often as `counts` says: the data itself counts every row once, a resample
// some of them twice and some not at all. NaN where one of the lists has a single value.

/** Pearson's correlation. */
export function pearson({ a, b }: PairedScores, counts: Int32Array): number {
  return correlation(a.values, b.values, counts);
}

/** Spearman's: Pearson's of the ranks, where equal scores share the mean of their ranks. */
export function spearman({ a, b }: PairedScores, counts: Int32Array): number {
  return correlation(sharedRanks(a, counts), sharedRanks(b, counts), counts);
}

/** Kendall's tau-b: of the pairs that neither list ties, those in the same order less the others; ties shrink it. */
export function kendall({ a, b, order }: PairedScores, counts: Int32Array): number {
  const below = new PrefixSums(b.classes);
  let [agreement, total] = [0, 0];
  for (let start = 0; start < order.length;) {
    const rank = a.ranks[order[start] ?? 0];
    let end = start;
    for (; end < order.length && a.ranks[order[end] ?? 0] === rank; end++) {
      const row = order[end] ?? 0;
      const count = counts[row] ?? 0;
      const other = b.ranks[row] ?? 0;
      if (count > 0) agreement += count * (below.sum(other) - (total - below.sum(other + 1)));
    }
    // Rows of the same score are no pairs among themselves, so they are added when all of them have been compared.
    for (; start < end; start++) {
      const row = order[start] ?? 0;
      const count = counts[row] ?? 0;
      total += count;
      if (count > 0) below.add(b.ranks[row] ?? 0, count);
    }
  }
  const pairs = (total * (total - 1)) / 2;
  return agreement / Math.sqrt((pairs - tiedPairs(a, counts)) * (pairs - tiedPairs(b, counts)));
}

function correlation(x: Float64Array, y: Float64Array, counts: Int32Array): number {
  const [meanX, meanY] = [meanOf(x, counts), meanOf(y, counts)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] ?? 0;
    const dx = (x[i] ?? 0) - meanX;
    const dy = (y[i] ?? 0) - meanY;
    xx += count * dx * dx;
    yy += count * dy * dy;
    xy += count * dx * dy;
  }
  return xx === 0 || yy === 0 ? NaN : Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}

/** The mean of values, each as often as it counts. */
export function meanOf(values: Float64Array, counts: Int32Array): number {
  let [sum, total] = [0, 0];
  for (let i = 0; i < counts.length; i++) {
    sum += (values[i] ?? 0) * (counts[i] ?? 0);
    total += counts[i] ?? 0;
  }
  return sum / total;
}

function sharedRanks(side: Ranked, counts: Int32Array): Float64Array {
  const rows = rowsByRank(side, counts);
  const shared = new Float64Array(side.classes);
  let before = 0;
  for (let rank = 0; rank < side.classes; rank++) {
    const here = rows[rank] ?? 0;
    shared[rank] = before + (here + 1) / 2;
    before += here;
  }
  const ranks = new Float64Array(counts.length);
  for (let i = 0; i < counts.length; i++) ranks[i] = shared[side.ranks[i] ?? 0] ?? NaN;
  return ranks;
}

function tiedPairs(side: Ranked, counts: Int32Array): number {
  let pairs = 0;
  for (const rows of rowsByRank(side, counts)) pairs += (rows * (rows - 1)) / 2;
  return pairs;
}

type Ranked = PairedScores['a'];

function rowsByRank({ ranks, classes }: Ranked, counts: Int32Array): Float64Array {
  const rows = new Float64Array(classes);
  for (let i = 0; i < counts.length; i++) {
    const rank = ranks[i] ?? 0;
    rows[rank] = (rows[rank] ?? 0) + (counts[i] ?? 0);
  }
  return rows;
}

/** Sums of the first entries of a list that grows in place, each in logarithmic time (Fenwick's tree). */
class PrefixSums {
  readonly #tree: Float64Array;

  constructor(length: number) {
    this.#tree = new Float64Array(length + 1);
  }

  add(index: number, amount: number): void {
    for (let at = index + 1; at < this.#tree.length; at += at & -at) this.#tree[at] = (this.#tree[at] ?? 0) + amount;
  }

  /** Of the entries before `index`. */
  sum(index: number): number {
    let sum = 0;
    for (let at = index; at > 0; at -= at & -at) sum += this.#tree[at] ?? 0;
    return sum;
  }
}
