import { rm } from 'node:fs/promises';
import { InformError } from '../errors.js';
import type { RunOptions } from '../options/table.js';
import { fetchDatasets, type FetchContext } from '../run/fetch-datasets.js';
import { journalOf } from '../run/journal/journal.js';
import { scoreFiles, type RunContext, type RunOutcome } from '../run/score-run.js';
import type { RunSettings } from '../run/settings.js';
import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import { checkNewFile } from '../util/files/new-file.js';
import type { Answered } from './answers.js';
import { readItemScores } from './item-scores.js';
import { readItems, type Item } from './items.js';
import { scorePairs, type PairsResult } from './pairs.js';
import { resultsText } from './results-file.js';
import { scoreRewardbench, type RewardbenchResult } from './rewardbench.js';
import { scoreRewardbench2, type Rewardbench2Result } from './rewardbench2.js';
import { ownRun, pathsFor, writeRows } from './work-files.js';

export const BENCHMARKS = ['rewardbench', 'rewardbench2', 'pairs'] as const;

type Evaluated =
  | ({ benchmark: 'rewardbench' } & RewardbenchResult)
  | ({ benchmark: 'rewardbench2' } & Rewardbench2Result)
  | ({ benchmark: 'pairs' } & PairsResult);

export type Evaluation = Evaluated & {
  data: string;
  items: number;
  /** Items that have no score, and count nowhere. */
  withoutScore: number;
};

export interface EvaluateOptions {
  benchmark: (typeof BENCHMARKS)[number];
  /** A file, or hf://datasets/OWNER/NAME/SPLIT. */
  data: string;
  /** The dotted path of the field to group by; undefined: "subset". */
  by?: string | undefined;
}

export interface EvaluateRun {
  /** The model and how it scores. */
  options: RunOptions;
  settings: RunSettings;
  context: RunContext;
  /** Where the results go; the scores of each item beside it. */
  output: string;
}

/**
 * Evaluates scores that are there already: those that a run has given to the rows of the data.
 *
 * @throws InformError INFORM_SCORES_DO_NOT_FIT, INFORM_INVALID_SAMPLE, INFORM_INPUT_UNREADABLE
 */
export async function evaluateScores(
  options: EvaluateOptions,
  scores: string,
  fetch: FetchContext,
): Promise<Evaluation> {
  const items: Item[] = [];
  const data = await fetchDatasets([options.data], fetch);
  for await (const { item } of readItems(data, options.by)) items.push(item);
  return evaluation(options, items, await readItemScores(items, scores));
}

/**
 * Scores a benchmark with a model, by a run like any other, which the same call resumes; then evaluates the scores.
 *
 * @throws InformError as `scoreFiles` does; INFORM_INVALID_SAMPLE, INFORM_INPUT_UNREADABLE, INFORM_OUTPUT_UNWRITABLE
 */
export async function evaluateModel(
  options: EvaluateOptions,
  { options: runOptions, settings, context, output }: EvaluateRun,
): Promise<{ evaluation: Evaluation; outcome: RunOutcome; scores: string }> {
  const paths = pathsFor(output);
  const { signal, reporter } = context;
  const data = await fetchDatasets([options.data], { confirm: settings.confirm, signal, reporter });
  for (const path of [output, paths.scores]) await checkNewFile(path, data, settings.overwrite);
  const items = await writeRows(paths.rows, readItems(data, options.by));
  const run = ownRun(runOptions, settings, paths);
  const outcome = await scoreFiles(run.options, run.settings, context);
  const numbered = items.map((item, i) => ({ ...item, idJson: String(i) }));
  const scores = await readItemScores(numbered, paths.run);
  const found = evaluation(options, items, scores);
  const texts = [
    resultsText(found, runOptions.model ?? ''),
    items.map(({ idJson }, i) => `{"id": ${idJson}, "scores": ${JSON.stringify(scores[i] ?? null)}}\n`).join(''),
  ].map((text) => Buffer.from(text));
  const files = [output, paths.scores].map((path, i) => ({ path, bytes: texts[i]?.length ?? 0 }));
  await writeFilesAtomically(files, async (temporaries) => {
    for (const [i, { handle }] of temporaries.entries()) await writeFully(handle, texts[i] ?? Buffer.alloc(0));
  });
  for (const path of [paths.run, journalOf(paths.run), paths.rows]) await rm(path, { force: true });
  return { evaluation: found, outcome, scores: paths.scores };
}

function evaluation(
  { benchmark, data }: EvaluateOptions,
  items: readonly Item[],
  scores: readonly (readonly number[] | undefined)[],
): Evaluation {
  const answered = items.flatMap((item, i): Answered[] => {
    const these = scores[i];
    return these === undefined ? [] : [{ item, scores: these }];
  });
  if (answered.length === 0) {
    throw new InformError(
      'INFORM_INVALID_SAMPLE',
      `${data} holds no rows with scores, so there is nothing to evaluate.`,
    );
  }
  const facts = { data, items: items.length, withoutScore: items.length - answered.length };
  switch (benchmark) {
    case 'rewardbench':
      return { benchmark, ...facts, ...scoreRewardbench(answered) };
    case 'rewardbench2':
      return { benchmark, ...facts, ...scoreRewardbench2(answered) };
    case 'pairs':
      return { benchmark, ...facts, ...scorePairs(answered) };
  }
}
