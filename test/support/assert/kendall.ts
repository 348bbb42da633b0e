/** Kendall's rank correlation tau-b of two lists of equal length: of their pairs, those in the same order less the others. */
export function kendall(a: readonly number[], b: readonly number[]): number {
  let [agreement, orderedInA, orderedInB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const inA = Math.sign((a[i] ?? NaN) - (a[j] ?? NaN));
      const inB = Math.sign((b[i] ?? NaN) - (b[j] ?? NaN));
      agreement += inA * inB;
      orderedInA += inA * inA;
      orderedInB += inB * inB;
    }
  }
  return agreement / Math.sqrt(orderedInA * orderedInB);
}
