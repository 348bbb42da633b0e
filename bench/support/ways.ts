import type { Activations } from '#src/addon/load-addon.js';

/** The best rate of each way, measured by turns. */
export async function bestRates(
  ways: readonly Activations[],
  rounds: number,
  measure: (way: Activations) => Promise<number>,
): Promise<number[]> {
  const best = ways.map(() => 0);
  for (let round = 0; round < rounds; round++) {
    for (const [i, way] of ways.entries()) best[i] = Math.max(best[i] ?? 0, await measure(way));
  }
  return best;
}

/** Rates in billions of operations a second, all but the first with their ratio to it. */
export function withRatios([first = NaN, ...others]: readonly number[]): string[] {
  return [billions(first), ...others.map((rate) => `${billions(rate)} (${(rate / first).toFixed(2)})`)];
}

function billions(rate: number): string {
  return (rate / 1e9).toFixed(0);
}
