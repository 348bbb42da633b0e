import { InformError } from '../errors.js';
import { STDIN } from '../input/source.js';
import { packageVersion } from '../util/package-root.js';
import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import { checkNewFile } from '../util/files/new-file.js';
import { Candidates, type Candidate } from './candidates.js';
import { checkCriteria, type Criteria } from './criteria.js';
import { decide } from './decide.js';
import { FileHashes } from './file-hashes.js';
import type { LengthModel } from './length-bias.js';
import { decisionsOf, MANIFEST_FORMAT, manifestOf, type HashedFile, type Manifest } from './manifest.js';
import { EvaluationTexts } from './overlap.js';
import { choosePairs } from './pairs.js';
import { readScoredRows, type ScoredFiles } from './scored-rows.js';
import { TextReader } from './text.js';
import { writeSelection, type Written } from './write-selection.js';

export interface SelectOptions extends ScoredFiles {
  output: string;
  overwrite?: boolean | undefined;
  criteria: Criteria;
  /** Where the fields of a sample stand in a row, as the run's `--map` had it. */
  map?: readonly string[] | undefined;
}

export interface SelectOutcome {
  read: number;
  /** Rows, or pairs. */
  written: number;
  /** Rows by the kind of reason why they were dropped, the most frequent first. */
  dropped: [reason: string, rows: number][];
  lengthModel: LengthModel | undefined;
  decisions: string;
  manifest: string;
}

/**
 * Writes the rows of a scored data set that the criteria keep, unchanged and in their order, or the best and worst answers as pairs;
 * beside them a decision for every row and a manifest. The data is read twice and never held. The same files and criteria give the
 * same bytes.
 *
 * @throws InformError INFORM_INVALID_ARGUMENT, INFORM_INVALID_SAMPLE, INFORM_INPUT_UNREADABLE, INFORM_INPUT_CHANGED,
 *   INFORM_SCORES_DO_NOT_FIT, INFORM_OUTPUT_UNWRITABLE
 */
export async function select(options: SelectOptions): Promise<SelectOutcome> {
  const { output, criteria, data, scores, map } = options;
  const { against } = criteria;
  checkCriteria(criteria);
  const reader = new TextReader(map);
  const readTwice = [...data, ...(scores === undefined ? [] : [scores])];
  const reads = [...readTwice, ...(against ?? [])];
  if (reads.includes(STDIN)) {
    throw new InformError(
      'INFORM_INVALID_ARGUMENT',
      'select reads its files twice, which standard input cannot be. Name files.',
    );
  }
  const paths = { output, decisions: decisionsOf(output), manifest: manifestOf(output) };
  for (const path of Object.values(paths)) await checkNewFile(path, reads, options.overwrite ?? false);

  const first = new FileHashes();
  const evaluation =
    against === undefined ? undefined : await EvaluationTexts.read(against, first.whileReading(against));
  const candidates = new Candidates(criteria, reader, evaluation);
  for await (const row of readScoredRows(options, first)) candidates.add(row);
  const { rows } = candidates;
  const lengthModel = decide(candidates, criteria);
  const pairs = criteria.pairs === undefined ? undefined : choosePairs(rows, criteria.pairs.margin);

  const second = new FileHashes();
  let lines = 0;
  const files = Object.values(paths).map((path) => ({ path, bytes: 0 }));
  await writeFilesAtomically(files, async ([kept, decisions, manifest]) => {
    if (kept === undefined || decisions === undefined || manifest === undefined) throw new Error('three files');
    const selection = { rows, pairs, bestAnswer: criteria.bestAnswer ?? false };
    const written = await writeSelection(selection, readScoredRows(options, second), reader, { kept, decisions });
    const changed = await second.changedSince(first, readTwice);
    if (changed !== undefined) {
      throw new InformError(
        'INFORM_INPUT_CHANGED',
        `${changed} changed while it was read. Select again when nothing writes to it.`,
      );
    }
    lines = written.lines;
    await writeFully(
      manifest.handle,
      Buffer.from(await manifestText(options, first, rows.length, written, lengthModel)),
    );
  });
  return { read: rows.length, written: lines, dropped: countReasons(rows), lengthModel, ...paths };
}

async function manifestText(
  { data, scores, criteria, map, output }: SelectOptions,
  hashes: FileHashes,
  rows: number,
  written: Written,
  lengthModel: LengthModel | undefined,
): Promise<string> {
  const named = (paths: readonly string[]): Promise<HashedFile[]> =>
    Promise.all(paths.map(async (path) => ({ path, sha256: await hashes.of(path) })));
  const [ofScores] = await named(scores === undefined ? [] : [scores]);
  const manifest: Manifest = {
    format: MANIFEST_FORMAT,
    made_by: `inform-score ${packageVersion()}`,
    data: await named(data),
    ...(ofScores === undefined ? {} : { scores: ofScores }),
    ...(criteria.against === undefined ? {} : { against: await named(criteria.against) }),
    criteria: { ...criteria },
    ...(map === undefined ? {} : { map }),
    ...(lengthModel === undefined ? {} : { length_model: lengthModel }),
    rows,
    written: written.lines,
    output: { path: output, sha256: written.kept },
    decisions: { path: decisionsOf(output), sha256: written.decisions },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function countReasons(rows: readonly Candidate[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { dropped } of rows) {
    if (dropped !== undefined) counts.set(dropped.kind, (counts.get(dropped.kind) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}
