/** The places of values from the lowest to the highest; equal ones in their order. */
function orderOf(values: Float64Array): Int32Array {
  return Int32Array.from(values.keys()).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0) || i - j);
}

/** For each value the number of distinct values below it. */
function denseRanksOf(values: Float64Array, order: Int32Array): { ranks: Int32Array; classes: number } {
  const ranks = new Int32Array(values.length);
  let rank = -1;
  let last: number | undefined;
  for (const index of order) {
    if (values[index] !== last) rank++;
    last = values[index];
    ranks[index] = rank;
  }
  return { ranks, classes: rank + 1 };
}

/** The best first; of equal ones the first in the input, as `select` has it. */
function bestFirst(values: Float64Array): Int32Array {
  return Int32Array.from(values.keys()).sort((i, j) => (values[j] ?? 0) - (values[i] ?? 0) || i - j);
}

/** One of two lists of scores, with what is asked of it over and over. */
interface Side {
  readonly values: Float64Array;
  /** For each row the number of distinct scores below its own. */
  readonly ranks: Int32Array;
  /** How many distinct scores there are. */
  readonly classes: number;
  /** The rows, the best first. */
  readonly best: Int32Array;
}

/** Two scores of each row. What sorting tells is found once, so that a resample, which is a count for each row, needs none. */
export class PairedScores {
  readonly length: number;
  readonly a: Side;
  readonly b: Side;
  /** The rows by their score in a, and where that is the same in b. */
  readonly order: Int32Array;

  constructor(a: Float64Array, b: Float64Array) {
    this.length = a.length;
    this.a = sideOf(a);
    this.b = sideOf(b);
    const [first, second] = [this.a.ranks, this.b.ranks];
    this.order = Int32Array.from(a.keys()).sort(
      (i, j) => (first[i] ?? 0) - (first[j] ?? 0) || (second[i] ?? 0) - (second[j] ?? 0),
    );
  }

  /** Some of the rows. */
  pick(rows: Int32Array): PairedScores {
    const of = ({ values }: Side): Float64Array => Float64Array.from(rows, (row) => values[row] ?? NaN);
    return new PairedScores(of(this.a), of(this.b));
  }
}

function sideOf(values: Float64Array): Side {
  const { ranks, classes } = denseRanksOf(values, orderOf(values));
  return { values, ranks, classes, best: bestFirst(values) };
}

/** Every row once. */
export function onceEach(length: number): Int32Array {
  return new Int32Array(length).fill(1);
}
