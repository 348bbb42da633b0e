import { rm } from 'node:fs/promises';
import type { RunOptions } from '../options/table.js';
import { fetchDatasets } from '../run/fetch-datasets.js';
import { journalOf } from '../run/journal/journal.js';
import type { Reporter } from '../run/reporter.js';
import { scoreFiles } from '../run/score-run.js';
import type { RunSettings } from '../run/settings.js';
import { withEngine } from '../supervisor/engine-process.js';
import { checkNewFile } from '../util/files/new-file.js';
import { sampleRows } from './sample-rows.js';
import { ownRun } from './work-files.js';

export interface ScoreBothOptions {
  /** The models; with one of many bits first, the tables say what the other lost. */
  first: string;
  second: string;
  data: string;
  /** How many rows are scored at most. */
  sample: number;
  /** Files that are written in the end, the page first; the scores go beside it. */
  outputs: readonly [string, ...string[]];
  options: RunOptions;
  settings: RunSettings;
  signal: AbortSignal;
  reporter: Reporter;
}

export interface BothScores {
  /** The rows that were scored. */
  rows: string;
  first: string;
  second: string;
  /** Removes what is not to stay, once the outputs are there. */
  tidy: () => Promise<void>;
}

/**
 * Scores some rows with two models, one after the other. The same call resumes it, whichever of the two it was at.
 *
 * @throws InformError as `scoreFiles` does
 */
export async function scoreBoth(both: ScoreBothOptions): Promise<BothScores> {
  const { first, second, data, sample, outputs, options, settings, signal, reporter } = both;
  const stem = outputs[0].replace(/\.html$/, '');
  const paths = { rows: `${stem}.rows.jsonl`, first: `${stem}.first.jsonl`, second: `${stem}.second.jsonl` };
  const files = await fetchDatasets([data], { confirm: settings.confirm, signal, reporter });
  for (const output of outputs) await checkNewFile(output, files, settings.overwrite);
  await sampleRows(files, sample, paths.rows);
  for (const [model, scores] of [
    [first, paths.first],
    [second, paths.second],
  ] as const) {
    reporter.note(`${model}:`);
    const run = ownRun({ ...options, model }, settings, { rows: paths.rows, run: scores });
    await withEngine((engine) => scoreFiles(run.options, run.settings, { engine, signal, reporter }));
  }
  const tidy = async (): Promise<void> => {
    for (const path of [paths.rows, journalOf(paths.first), journalOf(paths.second)]) await rm(path, { force: true });
  };
  return { ...paths, tidy };
}
