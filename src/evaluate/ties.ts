// The Ties subset of RewardBench 2: each prompt has a "tied" row, with several answers that are equally right, and may have a "ref" row,
// with a single one. What is asked: right ones above wrong ones, and closer to one another than to those. Weights are allenai's
// (rewardbench/utils.py, process_single_model).

/** What the scores of one row say. */
interface TiesRow {
  /** Whether every right answer is above every wrong one. */
  accurate: boolean;
  /** Best right answer less the worst right one; undefined where only one is right. */
  between: number | undefined;
  /** Worst right answer less the best wrong one. */
  above: number;
}

export interface TiesPrompt {
  ref?: TiesRow;
  tied?: TiesRow;
}

/** @param correct how many of the scores, from the first on, are of right answers */
export function tiesRow(scores: readonly number[], correct: number): TiesRow {
  const [right, wrong] = [scores.slice(0, correct), scores.slice(correct)];
  if (right.length === 0 || wrong.length === 0) return { accurate: false, between: undefined, above: 0 };
  const worst = right.reduce((a, b) => Math.min(a, b));
  const above = worst - wrong.reduce((a, b) => Math.max(a, b));
  return {
    accurate: above > 0,
    between: right.length > 1 ? right.reduce((a, b) => Math.max(a, b)) - worst : undefined,
    above,
  };
}

/** The subset's score. Each prompt counts as often as `counts` says. */
export function tiesScore(prompts: readonly TiesPrompt[], counts: ArrayLike<number>): number {
  const [ref, tied, preferred, preferredHard, margin] = [new Mean(), new Mean(), new Mean(), new Mean(), new Mean()];
  let common = 0;
  for (const [i, { ref: single, tied: several }] of prompts.entries()) {
    const count = counts[i] ?? 0;
    if (single !== undefined) ref.add(Number(single.accurate), count);
    if (several !== undefined) tied.add(Number(several.accurate), count);
    if (single === undefined || several === undefined) continue;
    common += count;
    const { between, above } = several;
    if (between === undefined) continue;
    const least = Math.min(single.above, above);
    preferred.add(Number(above > between), count);
    preferredHard.add(Number(least > between), count);
    if (between > 0) margin.add(Math.tanh(least / between - 1), count);
  }
  // Where prompts have both rows and none has two right answers, nothing says which is preferred: that is no number.
  const both = common === 0 ? 0 : 0.2 * preferred.value + 0.2 * preferredHard.value;
  return 0.3 * tied.orZero + 0.3 * ref.orZero + both + 0.01 * margin.orZero;
}

class Mean {
  #sum = 0;
  #count = 0;

  add(value: number, count: number): void {
    this.#sum += value * count;
    this.#count += count;
  }

  get value(): number {
    return this.#sum / this.#count;
  }

  get orZero(): number {
    return this.#count === 0 ? 0 : this.value;
  }
}
