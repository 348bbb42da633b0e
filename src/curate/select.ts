import { InformError } from '../errors.js';
import { toMessages } from '../input/sample.js';
import { STDIN } from '../input/source.js';
import { packageVersion } from '../util/package-root.js';
import { writeFilesAtomically, writeFully, type TemporaryFile } from '../util/files/atomic-file.js';
import { jsonLine } from '../util/files/file-errors.js';
import { checkNewFile } from '../util/files/new-file.js';
import { fileSha256 } from '../util/files/sha256.js';
import { Candidates, type Candidate } from './candidates.js';
import { checkCriteria, type Criteria } from './criteria.js';
import { decide } from './decide.js';
import type { LengthModel } from './length-bias.js';
import { decisionsOf, MANIFEST_FORMAT, manifestOf, type Manifest } from './manifest.js';
import { choosePairs, type Pair } from './pairs.js';
import { readScoredRows, type ScoredFiles, type ScoredRow } from './scored-rows.js';

export interface SelectOptions extends ScoredFiles {
  output: string;
  overwrite?: boolean | undefined;
  criteria: Criteria;
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
 * @throws InformError INFORM_INVALID_ARGUMENT, INFORM_INPUT_UNREADABLE, INFORM_INPUT_CHANGED, INFORM_SCORES_DO_NOT_FIT,
 *   INFORM_OUTPUT_UNWRITABLE
 */
export async function select(options: SelectOptions): Promise<SelectOutcome> {
  const { output, criteria, data, scores } = options;
  checkCriteria(criteria);
  const reads = [...data, ...(scores === undefined ? [] : [scores]), ...(criteria.against ?? [])];
  if (reads.includes(STDIN)) {
    throw new InformError(
      'INFORM_INVALID_ARGUMENT',
      'select reads its files twice, which standard input cannot be. Name files.',
    );
  }
  const paths = { output, decisions: decisionsOf(output), manifest: manifestOf(output) };
  for (const path of Object.values(paths)) await checkNewFile(path, reads, options.overwrite ?? false);

  const before = await hashesOf(reads);
  const candidates = await Candidates.for(criteria);
  for await (const row of readScoredRows(options)) candidates.add(row);
  const lengthModel = decide(candidates, criteria);
  const pairs = criteria.pairs === undefined ? undefined : choosePairs(candidates.rows, criteria.pairs.margin);

  let written = 0;
  const files = Object.values(paths).map((path) => ({ path, bytes: 0 }));
  await writeFilesAtomically(files, async ([kept, decisions, manifest]) => {
    if (kept === undefined || decisions === undefined || manifest === undefined) throw new Error('three files');
    written = await new SelectionWriter(options, candidates.rows, pairs, kept, decisions).write();
    if (JSON.stringify(await hashesOf(reads)) !== JSON.stringify(before)) {
      throw new InformError(
        'INFORM_INPUT_CHANGED',
        'A file changed while it was read. Select again when nothing writes to it.',
      );
    }
    const text = await manifestText(options, before, candidates.rows.length, written, lengthModel, [kept, decisions]);
    await writeFully(manifest.handle, Buffer.from(text));
  });
  return { read: candidates.rows.length, written, dropped: countReasons(candidates.rows), lengthModel, ...paths };
}

/** The second pass: rows and decisions, in the order of the input. */
class SelectionWriter {
  readonly #kept: LineFile;
  readonly #decisions: LineFile;
  /** With pairs: the answers that wait for the row that they are paired with. */
  readonly #waiting = new Map<number, ScoredRow>();
  readonly #partners: ReadonlyMap<number, Pair>;

  constructor(
    private readonly files: ScoredFiles,
    private readonly rows: readonly Candidate[],
    private readonly pairs: ReadonlyMap<number, Pair> | undefined,
    kept: TemporaryFile,
    decisions: TemporaryFile,
  ) {
    this.#kept = new LineFile(kept);
    this.#decisions = new LineFile(decisions);
    this.#partners = new Map(
      [...(pairs ?? [])].flatMap(([, pair]) => [
        [pair.chosen, pair],
        [pair.rejected, pair],
      ]),
    );
  }

  /** @returns how many rows or pairs were written */
  async write(): Promise<number> {
    let number = 0;
    for await (const row of readScoredRows(this.files)) {
      const decision = this.rows[number];
      if (decision === undefined) break; // the data has grown; the hashes tell
      await this.#decisions.add(decisionLine(number, row, decision));
      if (decision.dropped === undefined) {
        if (this.pairs === undefined) await this.#kept.add(lineOf(row));
        else await this.#pair(number, row);
      }
      number++;
    }
    await this.#decisions.end();
    await this.#kept.end();
    return this.#kept.lines;
  }

  /** Writes a pair when the second of its rows is there. */
  async #pair(number: number, row: ScoredRow): Promise<void> {
    const pair = this.#partners.get(number);
    if (pair === undefined) return;
    const other = number === pair.chosen ? pair.rejected : pair.chosen;
    const partner = this.#waiting.get(other);
    if (partner === undefined) {
      this.#waiting.set(number, row);
      return;
    }
    this.#waiting.delete(other);
    await this.#kept.add(number === pair.chosen ? pairLine(row, partner) : pairLine(partner, row));
  }
}

const BLOCK_CHARACTERS = 1 << 18;

/** Lines on their way into a file, a block at a time. */
class LineFile {
  lines = 0;
  #block: string[] = [];
  #characters = 0;

  constructor(private readonly file: TemporaryFile) {}

  async add(line: string): Promise<void> {
    this.lines++;
    this.#block.push(line);
    this.#characters += line.length;
    if (this.#characters >= BLOCK_CHARACTERS) await this.end();
  }

  async end(): Promise<void> {
    const text = this.#block.join('');
    this.#block = [];
    this.#characters = 0;
    await writeFully(this.file.handle, Buffer.from(text));
  }
}

/** The row as it stands in the input, on one line: in JSON a line end stands between values only. */
function lineOf({ row }: ScoredRow): string {
  return `${(row.text ?? '').replaceAll(/[\r\n]+/g, ' ')}\n`;
}

function decisionLine(number: number, { idJson }: ScoredRow, decision: Candidate): string {
  const { score, value, dropped, rank, of } = decision;
  const members: [string, string][] = [
    ['row', String(number)],
    ['id', idJson],
    ['score', JSON.stringify(Number.isNaN(score) ? null : score)],
    ['kept', String(dropped === undefined)],
  ];
  if (value !== score && !Number.isNaN(value)) members.push(['score_without_length', JSON.stringify(value)]);
  if (rank > 0) members.push(['rank', String(rank)], ['of', String(of)]);
  if (dropped !== undefined) members.push(['reason', JSON.stringify(dropped.reason)]);
  return jsonLine(members);
}

/** A pair as trainers for direct preference optimization read it: the prompt's turns, and the two answers as a turn each. */
function pairLine(chosen: ScoredRow, rejected: ScoredRow): string {
  const turns = conversationOf(chosen);
  const answer = conversationOf(rejected).slice(-1);
  return jsonLine([
    ['prompt', JSON.stringify(turns.slice(0, -1))],
    ['chosen', JSON.stringify(turns.slice(-1))],
    ['rejected', JSON.stringify(answer)],
    ['chosen_id', chosen.idJson],
    ['rejected_id', rejected.idJson],
    ['score_chosen', JSON.stringify(chosen.score)],
    ['score_rejected', JSON.stringify(rejected.score)],
  ]);
}

function conversationOf({ row }: ScoredRow): ReturnType<typeof toMessages> {
  return row.ok ? toMessages(row.value) : [];
}

async function hashesOf(files: readonly string[]): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const file of files) hashes[file] = await hashOf(file);
  return hashes;
}

async function hashOf(file: string): Promise<string> {
  try {
    return await fileSha256(file);
  } catch (error) {
    throw new InformError('INFORM_INPUT_UNREADABLE', `${file} could not be read. Check the path and its permissions.`, {
      cause: error,
    });
  }
}

async function manifestText(
  { data, scores, criteria, output }: SelectOptions,
  hashes: Record<string, string>,
  rows: number,
  written: number,
  lengthModel: LengthModel | undefined,
  [kept, decisions]: [TemporaryFile, TemporaryFile],
): Promise<string> {
  const named = (path: string): { path: string; sha256: string } => ({ path, sha256: hashes[path] ?? '' });
  const manifest: Manifest = {
    format: MANIFEST_FORMAT,
    made_by: `inform-score ${packageVersion()}`,
    data: data.map(named),
    ...(scores === undefined ? {} : { scores: named(scores) }),
    ...(criteria.against === undefined ? {} : { against: criteria.against.map(named) }),
    criteria: { ...criteria },
    ...(lengthModel === undefined ? {} : { length_model: lengthModel }),
    rows,
    written,
    output: { path: output, sha256: await fileSha256(kept.path) },
    decisions: { path: decisionsOf(output), sha256: await fileSha256(decisions.path) },
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
