/** The value below which a share of sorted values lies, between two of them in proportion (R's type 7, NumPy's default). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export interface Spread {
  count: number;
  mean: number;
  /** The sample's, with count - 1. */
  deviation: number;
  min: number;
  quarter: number;
  median: number;
  threeQuarters: number;
  max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const count = sorted.length;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / count;
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    count,
    mean,
    deviation: count < 2 ? 0 : Math.sqrt(squares / (count - 1)),
    min: quantile(sorted, 0),
    quarter: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    threeQuarters: quantile(sorted, 0.75),
    max: quantile(sorted, 1),
  };
}

export interface Bin {
  from: number;
  to: number;
  count: number;
}

/**
 * Counts in bins of equal, round width: 1, 2, 2.5 or 5 times a power of ten, about `about` of them over the range.
 *
 * @param counted values, each with how often it stands there
 */
export function countedHistogram(
  counted: Iterable<readonly [value: number, count: number]>,
  about: number,
  { min, max }: { min: number; max: number },
): Bin[] {
  const width = roundWidth((max - min) / about);
  // A value on a limit belongs to the bin that begins there, though 0.3 / 0.1 is a little less than 3.
  const binOf = (value: number): number => Math.floor(value / width + 1e-9);
  const [first, last] = [binOf(min), binOf(max)];
  const bins = Array.from({ length: last - first + 1 }, (_, i) => ({
    from: clean((first + i) * width),
    to: clean((first + i + 1) * width),
    count: 0,
  }));
  for (const [value, count] of counted) {
    const bin = bins[binOf(value) - first];
    if (bin !== undefined) bin.count += count;
  }
  return bins;
}

/** The same of a list of values. */
export function histogram(values: readonly number[], about: number, range = rangeOf([values])): Bin[] {
  return countedHistogram(eachOnce(values), about, range);
}

function* eachOnce(values: readonly number[]): Generator<[number, number]> {
  for (const value of values) yield [value, 1];
}

/** The least and the largest of the values of several lists; 0 where there are none. */
export function rangeOf(lists: readonly (readonly number[])[]): { min: number; max: number } {
  const [first = 0] = lists.find(({ length }) => length > 0) ?? [];
  let [min, max] = [first, first];
  for (const values of lists) {
    for (const value of values) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return { min, max };
}

function roundWidth(exact: number): number {
  if (!(exact > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(exact));
  return ([1, 2, 2.5, 5].find((factor) => factor * power >= 0.8 * exact) ?? 10) * power;
}

/** Without the dust of binary fractions: 0.1 · 3 is 0.3. */
function clean(value: number): number {
  return Number(value.toPrecision(12));
}

/** What is left of the rows when the scores from a threshold on are kept. */
export interface Threshold {
  score: number;
  rows: number;
  /** Of the answers; 0 where lengths are not known. */
  characters: number;
}

/** Thresholds in even, round steps over the range that nearly all scores lie in, with what each keeps. */
export function thresholdsOf(scores: readonly number[], lengths: readonly number[], steps: number): Threshold[] {
  const order = scores.map((_, i) => i).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0));
  const sorted = order.map((i) => scores[i] ?? 0);
  const [low, high] = [quantile(sorted, 0.001), quantile(sorted, 0.999)];
  const digits = Math.max(0, 2 - Math.floor(Math.log10((high - low) / steps || 1)));
  let at = 0;
  let rows = scores.length;
  let characters = lengths.reduce((sum, length) => sum + length, 0);
  return Array.from({ length: steps + 1 }, (_, step) => {
    const score = Number((low + ((high - low) * step) / steps).toFixed(Math.min(digits, 12)));
    for (; at < sorted.length && (sorted[at] ?? 0) < score; at++) {
      rows--;
      characters -= lengths[order[at] ?? 0] ?? 0;
    }
    return { score, rows, characters };
  });
}
