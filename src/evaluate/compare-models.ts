import { rm } from 'node:fs/promises';
import { compare, type Comparison } from '../compare/compare.js';
import { writePage } from '../compare/write-page.js';
import type { RunOptions } from '../options/table.js';
import { fetchDatasets } from '../run/fetch-datasets.js';
import { journalOf } from '../run/journal/journal.js';
import type { Reporter } from '../run/reporter.js';
import { scoreFiles } from '../run/score-run.js';
import type { RunSettings } from '../run/settings.js';
import { EngineProcess } from '../supervisor/engine-process.js';
import { checkNewFile } from '../util/files/new-file.js';
import { sampleRows } from './sample-rows.js';
import { ownRun } from './work-files.js';

export interface CompareModelsOptions {
  /** The models; with one of many bits first, the table says what the other lost. */
  first: string;
  second: string;
  data: string;
  /** How many rows are scored at most. */
  sample: number;
  threshold: number | undefined;
  /** The page; the scores go beside it. */
  output: string;
  options: RunOptions;
  settings: RunSettings;
  signal: AbortSignal;
  reporter: Reporter;
}

/**
 * Scores some rows with two models, one after the other, and compares the scores. The same call resumes it, whichever of the two it was at.
 *
 * @throws InformError as `scoreFiles` and `compare` do
 */
export async function compareModels({
  first,
  second,
  data,
  sample,
  threshold,
  output,
  options,
  settings,
  signal,
  reporter,
}: CompareModelsOptions): Promise<{ comparison: Comparison; scores: string[] }> {
  const stem = output.replace(/\.html$/, '');
  const [rows, ...scores] = [`${stem}.rows.jsonl`, `${stem}.first.jsonl`, `${stem}.second.jsonl`];
  const files = await fetchDatasets([data], { confirm: settings.confirm, signal, reporter });
  await checkNewFile(output, files, settings.overwrite);
  await sampleRows(files, sample, rows);
  for (const [i, model] of [first, second].entries()) {
    reporter.note(`${model}:`);
    const engine = EngineProcess.start();
    try {
      const run = ownRun({ ...options, model }, settings, { rows, run: scores[i] ?? '' });
      await scoreFiles(run.options, run.settings, { engine, signal, reporter });
    } finally {
      await engine.kill();
    }
  }
  const comparison = await compare({ a: scores[0], b: scores[1], data: rows, threshold });
  await writePage(output, comparison);
  for (const path of [rows, ...scores.map(journalOf)]) await rm(path, { force: true });
  return { comparison, scores };
}
