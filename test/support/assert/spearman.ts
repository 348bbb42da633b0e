/** Spearman's rank correlation of two lists of equal length without ties. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const ranksOfB = ranks(b);
  const n = a.length;
  const squares = ranks(a).reduce((sum, rank, i) => sum + (rank - (ranksOfB[i] ?? NaN)) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
  const found = new Array<number>(values.length);
  order.forEach((index, rank) => (found[index] = rank));
  return found;
}
