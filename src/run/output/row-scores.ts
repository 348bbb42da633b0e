/** The scores of a preference pair. */
interface PairScores {
  readonly chosen: number;
  readonly rejected: number;
}

/** What a row came to: the score of its answer, those of a pair, or those of a list of answers in their order. */
export type RowScores = number | PairScores | readonly number[];

/** All of them, the chosen one's first. */
export function valuesOf(scores: RowScores): readonly number[] {
  if (typeof scores === 'number') return [scores];
  return 'chosen' in scores ? [scores.chosen, scores.rejected] : scores;
}

/** The members of a result line after its id, as JSON. */
export function scoreMembers(scores: RowScores): [name: string, json: string][] {
  if (typeof scores === 'number') return [['score', JSON.stringify(scores)]];
  if (!('chosen' in scores)) return [['scores', `[${scores.map((score) => JSON.stringify(score)).join(', ')}]`]];
  const { chosen, rejected } = scores;
  return [
    ['scores', `{"chosen": ${JSON.stringify(chosen)}, "rejected": ${JSON.stringify(rejected)}}`],
    ['margin', JSON.stringify(chosen - rejected)],
  ];
}

// Greedy: an id may hold any text, also that of a result.
const RESULT =
  /^\{"id": (.*), "scores?": (-?[\d.e+-]+|\[[\d.e+, -]*\]|\{"chosen": [^{}]*\})(?:, "margin": [^,{}]*)?\}$/s;

/** The id, as JSON, and the scores of a line that `resultLine` made; undefined for any other. */
export function splitResult(line: string): { idJson: string; score: RowScores } | undefined {
  const [, idJson, json] = RESULT.exec(line) ?? [];
  if (idJson === undefined || json === undefined) return undefined;
  try {
    return { idJson, score: JSON.parse(json) as RowScores };
  } catch {
    return undefined;
  }
}
