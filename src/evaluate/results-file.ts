import type { Evaluation } from './evaluate.js';

/**
 * What `-o` writes. For the two RewardBenches it is what allenai's programs write and their leaderboard reads: names, and a number for
 * each subset. For other files it is the evaluation itself.
 */
export function resultsText(evaluation: Evaluation, model: string): string {
  return `${JSON.stringify(contentOf(evaluation, model), null, 4)}\n`;
}

function contentOf(evaluation: Evaluation, model: string): unknown {
  if (evaluation.benchmark === 'pairs') return { model, ...evaluation };
  const accuracies = evaluation.subsets.map(({ name, accuracy }) => [name, accuracy.value] as const);
  return {
    model,
    model_type: 'Seq. Classifier',
    chat_template: 'tokenizer',
    ...Object.fromEntries(accuracies.toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}
