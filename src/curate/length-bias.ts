/** What length explains of the scores: score = intercept + slope · ln(1 + characters of the answer), by least squares. */
export interface LengthModel {
  intercept: number;
  slope: number;
  /** Pearson's correlation of score and ln(1 + length). */
  correlation: number;
}

/** @param lengths characters of each answer; where all are equal, length explains nothing */
export function fitLength(lengths: readonly number[], scores: readonly number[]): LengthModel {
  const count = scores.length;
  const logs = lengths.map(logLength);
  const meanLog = sum(logs) / count;
  const meanScore = sum(scores) / count;
  let covariance = 0;
  let spreadOfLogs = 0;
  let spreadOfScores = 0;
  for (const [i, log] of logs.entries()) {
    const score = (scores[i] ?? 0) - meanScore;
    covariance += (log - meanLog) * score;
    spreadOfLogs += (log - meanLog) ** 2;
    spreadOfScores += score ** 2;
  }
  if (count === 0 || spreadOfLogs === 0 || spreadOfScores === 0)
    return { intercept: count === 0 ? 0 : meanScore, slope: 0, correlation: 0 };
  const slope = covariance / spreadOfLogs;
  return {
    intercept: meanScore - slope * meanLog,
    slope,
    correlation: covariance / Math.sqrt(spreadOfLogs * spreadOfScores),
  };
}

/** What is left of a score when what length explains is taken away. */
export function withoutLength({ intercept, slope }: LengthModel, length: number, score: number): number {
  return score - intercept - slope * logLength(length);
}

function logLength(characters: number): number {
  return Math.log(1 + characters);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
