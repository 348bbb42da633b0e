import { compare, type Comparison } from '../compare/compare.js';
import { writePage } from '../compare/write-page.js';
import { scoreBoth, type ScoreBothOptions } from './score-both.js';

export interface CompareModelsOptions extends Omit<ScoreBothOptions, 'outputs'> {
  threshold: number | undefined;
  /** The page. */
  output: string;
}

/**
 * Scores some rows with two models and compares the scores.
 *
 * @throws InformError as `scoreFiles` and `compare` do
 */
export async function compareModels({
  threshold,
  output,
  ...both
}: CompareModelsOptions): Promise<{ comparison: Comparison; scores: string[] }> {
  const { rows, first, second, tidy } = await scoreBoth({ ...both, outputs: [output] });
  const comparison = await compare({ a: first, b: second, data: rows, threshold });
  await writePage(output, comparison);
  await tidy();
  return { comparison, scores: [first, second] };
}
