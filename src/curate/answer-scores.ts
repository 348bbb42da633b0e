/** The scores of a row's answers, in their order. */
export interface AnswerScores {
  /** `pair`: the chosen answer's and the rejected one's. `list`: those of `responses` or `completions`. */
  answers: 'one' | 'pair' | 'list';
  values: readonly number[];
}

/** The scores in an object as results have them: "score", or "scores" of a pair or a list; undefined where there are none. */
export function answerScoresOf(value: unknown): AnswerScores | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { score, scores } = value as Record<string, unknown>;
  if (isScore(score)) return { answers: 'one', values: [score] };
  if (Array.isArray(scores))
    return scores.length > 0 && scores.every(isScore) ? { answers: 'list', values: scores } : undefined;
  if (typeof scores !== 'object' || scores === null) return undefined;
  const { chosen, rejected } = scores as Record<string, unknown>;
  return isScore(chosen) && isScore(rejected) ? { answers: 'pair', values: [chosen, rejected] } : undefined;
}

function isScore(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** The one number that a row counts by: its score, the margin of a pair, the best score of a list. */
export function rowScoreOf({ answers, values }: AnswerScores): number {
  return answers === 'pair' ? (values[0] ?? NaN) - (values[1] ?? NaN) : (values[bestOf(values)] ?? NaN);
}

/** Which answer has the highest score; of equal ones the first. */
export function bestOf(values: readonly number[]): number {
  return values.reduce((best, value, at) => (value > (values[best] ?? NaN) ? at : best), 0);
}

/** Which answer has the lowest score; of equal ones the last, so that two equal answers are not one. */
export function worstOf(values: readonly number[]): number {
  return values.reduce((worst, value, at) => (value <= (values[worst] ?? NaN) ? at : worst), 0);
}

/** How far the best and the worst answer are apart. */
export function gapOf(values: readonly number[]): number {
  return (values[bestOf(values)] ?? NaN) - (values[worstOf(values)] ?? NaN);
}
