/**
 * Shares a number of rows equally among groups. A group with fewer rows than its share gives all it has, and the others share what
 * it leaves; what cannot be cut evenly goes to the largest remainders, which are equal here, so to the first groups.
 *
 * @param sizes rows that each group has
 * @returns rows that each group gives, at most its size, together `total` or all there are
 */
export function equalQuotas(sizes: readonly number[], total: number): number[] {
  const quotas = sizes.map(() => 0);
  let left = Math.min(
    total,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  let open = sizes.map((_, i) => i).filter((i) => (sizes[i] ?? 0) > 0);
  while (left > 0) {
    const share = Math.floor(left / open.length);
    const small = open.filter((i) => (sizes[i] ?? 0) <= share);
    if (small.length === 0) {
      const extra = left - share * open.length;
      for (const [at, i] of open.entries()) quotas[i] = share + (at < extra ? 1 : 0);
      return quotas;
    }
    for (const i of small) {
      quotas[i] = sizes[i] ?? 0;
      left -= quotas[i];
    }
    open = open.filter((i) => !small.includes(i));
  }
  return quotas;
}
