import { InformError } from '../../errors.js';
import type { LockFile } from '../../addon/locked-file.js';
import { entryOf, withOutputErrors, unwritable } from '../../util/files/file-errors.js';
import { rejectsOf } from '../../input/rejects.js';
import { fileSha256 } from '../../util/files/sha256.js';
import { readShard, rowsOf, type Shard } from '../shards/shard.js';
import { rejectLine } from './rejects.js';
import { parseResultLine, resultLine } from './results.js';
import type { InputRow } from '../../input/rows.js';
import { differences } from '../journal/fingerprint.js';
import type { Fingerprint } from '../journal/fingerprint-types.js';
import { compareInputs, type DigestedInput } from '../journal/input-digest.js';
import { checkInputsUnchanged } from '../journal/unchanged-input.js';
import { isComparedWhole } from '../journal/model-digest.js';
import { damagedOf, Journal } from '../journal/journal.js';
import { rowDigest, type EndRecord, type RowRecord } from '../journal/records.js';
import { isUnreadable, type JournalSummary } from '../journal/summarize.js';
import { hashPieces, writeOutputs } from '../journal/write-outputs.js';
import type { ScoredSample } from '../run-stats.js';
import { linePieces, type MakePieces } from './formats/pieces.js';
import type { SavedRun, RunOutput } from './output.js';
import {
  isFreeOrOwn,
  outputPaths,
  refuseToReplace,
  refuseToWriteOver,
  targetOf,
  type ReadFile,
} from './output-paths.js';

export interface JournaledOptions {
  /** Replace what is there. */
  overwrite: boolean;
  /** Discard what an unfinished run left. */
  restart: boolean;
  /** Go on with an input that grew at its end, and keep the journal for when it grows again. */
  followAppended: boolean;
  /** Keep the journal although the run is done: `merge` reads it. */
  keepJournal: boolean;
  /** Write no output: the journal's end says what it would be. */
  journalOnly?: boolean | undefined;
  /** What the run reads: none of it may be written over. */
  reads: readonly ReadFile[];
  /** Makes the files of the results; without it they are lines. */
  pieces?: MakePieces | undefined;
  /** Takes the journal's lock, in place of the operating system. */
  lock?: LockFile | undefined;
}

/** How a run begins. */
export interface StartState {
  /** Rows that are done already; 0 for a new run. */
  rows: number;
  /** Rows before the last of them that are not done, because damage took them. */
  missing: number;
  /** What the user should know. */
  notes: string[];
}

/** A regular file: every result goes into the journal beside it, and the file is made of that once all are there. */
export class JournaledOutput implements RunOutput {
  readonly readerGone: AbortSignal = new AbortController().signal;
  readonly rejectsPath: string;
  #rejected = 0;
  /** Whether the journal holds this run. */
  #started = false;
  /** Whether the journal takes no more rows, because the run came to the end of its input. */
  #ended = false;
  /** Whether the journal was to be made into the output: where that failed, it may hold less than was put in. */
  #finishing = false;
  #finished = false;
  #fingerprint: Fingerprint | undefined;
  #inputs: readonly DigestedInput[] = [];

  private constructor(
    private readonly name: string,
    private readonly target: string,
    private readonly journal: Journal,
    private readonly options: JournaledOptions,
  ) {
    this.rejectsPath = rejectsOf(target);
  }

  /**
   * Takes an output for this run alone.
   *
   * @throws InformError INFORM_OUTPUT_IN_USE; INFORM_OUTPUT_UNWRITABLE, also for what exists and may not be replaced
   */
  static async open(name: string, options: JournaledOptions): Promise<JournaledOutput> {
    const target = await targetOf(name);
    await refuseToWriteOver(outputPaths(target), options.reads);
    const journal = await Journal.open(target, options.lock);
    const output = new JournaledOutput(name, target, journal, options);
    try {
      await output.#refuseToReplace();
      return output;
    } catch (error) {
      await output.abandon();
      throw error;
    }
  }

  /** Throws INFORM_OUTPUT_UNWRITABLE where the run would write over a file that it turns out to read. */
  async refuseToWriteOver(reads: readonly ReadFile[]): Promise<void> {
    await refuseToWriteOver(outputPaths(this.target), reads);
  }

  /** How much of each input an earlier run knew. */
  get knownBytes(): readonly (number | undefined)[] {
    const found = this.#found;
    return found === undefined ? [] : found.inputs.map(({ bytes }) => bytes);
  }

  /** The part of the rows that an earlier run scored; undefined where there was none, or it scored them all. */
  get knownShard(): Shard | undefined {
    return readShard(this.#found?.fingerprint.shard);
  }

  /**
   * Begins the run, or goes on with what an earlier one left.
   *
   * @throws InformError INFORM_CANNOT_RESUME where that was another run; INFORM_OUTPUT_UNWRITABLE
   */
  async start(fingerprint: Fingerprint, inputs: readonly DigestedInput[]): Promise<StartState> {
    const { journal } = this;
    const notes = journal.unlocked
      ? ['This file system keeps no locks: see to it that no other run has the same output.']
      : [];
    const found = this.#found;
    if (journal.found !== undefined && isUnreadable(journal.found) && !this.options.restart) {
      throw cannotResume(`${journal.path} ${journal.found.unreadable}.`, 0);
    }
    this.#fingerprint = fingerprint;
    this.#inputs = inputs;
    // A run without a row has nothing to go on with, unless damage took its rows: then that is to be said.
    if (found === undefined || (found.rows === 0 && found.damage === undefined)) {
      await journal.start(fingerprint);
      this.#started = true;
      return { rows: 0, missing: 0, notes };
    }
    const grown = this.#compare(found, fingerprint, inputs);
    await journal.resume(found);
    this.#started = true;
    // After an end come no rows, unless the inputs are said again.
    if (grown || (found.end !== undefined && !found.complete)) await journal.addInputs(fingerprint.inputs);
    this.#ended = found.complete && !grown;
    return { rows: found.rows, missing: found.missing, notes: [...notes, ...this.#notesOn(found, fingerprint)] };
  }

  /** What is done already, in input order; see to it with `checkRow` that each belongs to its row. */
  async *finished(): AsyncGenerator<RowRecord> {
    for await (const record of this.journal.resumed()) {
      if (record.kind === 'reject') this.#rejected++;
      yield record;
    }
  }

  /** Throws INFORM_CANNOT_RESUME where a record is not that of the row; undefined stands for the input's end. */
  checkRow(record: RowRecord, row: InputRow | undefined): void {
    if (row?.row === record.row && rowDigest(row) === record.digest) {
      if (hasIdOf(record, row)) return;
      const place = `${row.file}, line ${row.line}`;
      throw cannotResume(
        `${this.journal.path} has another id for the row in ${place}: it was edited.`,
        this.journal.rows,
      );
    }
    const what =
      row === undefined
        ? `The input ends before row ${record.row}, which is scored already: it changed.`
        : `${row.file}, line ${row.line}, is not the row that was scored already: the input changed.`;
    throw cannotResume(what, this.journal.rows);
  }

  /** There are more rows than those that are done. Throws INFORM_CANNOT_RESUME where there were none when the run ended. */
  async goOn({ inputs }: Fingerprint): Promise<void> {
    if (!this.#ended) return;
    if (!this.options.followAppended) throw hasGrown(inputs.at(-1)?.file);
    await this.journal.addInputs(inputs);
    this.#ended = false;
  }

  async score(row: InputRow, { idJson, score, tokens, truncated, holdsSpecialText }: ScoredSample): Promise<void> {
    const json = resultLine(idJson, score).trimEnd();
    const digest = rowDigest(row);
    await this.journal.add({
      kind: 'score',
      row: row.row,
      digest,
      tokens,
      truncated,
      holdsSpecialText,
      json,
    });
  }

  async reject(row: InputRow, error: InformError): Promise<void> {
    this.#rejected++;
    const json = rejectLine(row, error).trimEnd();
    const digest = rowDigest(row);
    await this.journal.add({
      kind: 'reject',
      row: row.row,
      digest,
      tokens: 0,
      truncated: false,
      holdsSpecialText: false,
      json,
    });
  }

  async finish(rows: number): Promise<string[]> {
    const { journal, options } = this;
    this.#finishing = true;
    const notes = await checkInputsUnchanged(this.#inputs, { followed: options.followAppended });
    this.#checkRows(rows);
    await journal.sync();
    const end = this.#ended ? this.#found?.end : undefined;
    if (end === undefined || !(await this.#isWritten(end))) await this.#write(rows, end);
    this.#finished = true;
    if (options.followAppended || options.keepJournal) await journal.close();
    else notes.push(...(await this.#removeJournal()));
    return notes;
  }

  /** The output is there and proven: a journal that somebody else has changed since is left to them, and that is said. */
  async #removeJournal(): Promise<string[]> {
    const { journal } = this;
    try {
      await journal.remove();
      return [];
    } catch (error) {
      if (!(error instanceof InformError) || error.code !== 'INFORM_JOURNAL_CHANGED') throw error;
      await journal.close();
      return [`${journal.path} was changed by another program after the output was made. It is not needed any more.`];
    }
  }

  async abandon(): Promise<SavedRun | undefined> {
    if (this.#finished) return undefined;
    const { journal } = this;
    // What went wrong before must not keep the rest from being saved, nor be told in its place.
    const intact = await journal.sync().then(
      () => true,
      () => false,
    );
    // Rejected rows alone are nothing to go on with: they cost no time, and their input is likely to be mended.
    const keep = this.#started ? journal.rows > this.#rejected : journal.found !== undefined;
    if (keep) {
      const rows = intact && !this.#finishing ? journal.rows : await journal.readableRows().catch(() => 0);
      await journal.close();
      return this.#started ? { rows, journal: journal.path } : undefined;
    }
    // One that another run has taken meanwhile stays.
    await journal.remove().catch(() => journal.close());
    return undefined;
  }

  /** Every row of the input has its result, or there is no output. */
  #checkRows(rows: number): void {
    const expected = rowsOf(readShard(this.#fingerprint?.shard), rows);
    if (this.journal.rows === expected) return;
    throw new InformError(
      'INFORM_INTERNAL',
      `${this.journal.path} has ${this.journal.rows} results for the ${expected} rows of the input. No output was made of it.`,
    );
  }

  /** @param end what the run came to before, where its output is only to be made again */
  async #write(rows: number, end: EndRecord | undefined): Promise<void> {
    const { journal } = this;
    const paths = { output: this.target, rejects: this.rejectsPath };
    const { pieces = linePieces, journalOnly = false } = this.options;
    if (journalOnly) {
      const hashes = await hashPieces(pieces(() => journal.results()));
      if (end === undefined) await journal.addEnd({ rows, ...hashes });
      return;
    }
    await writeOutputs(
      paths,
      pieces(() => journal.results()),
      {
        hasRejects: this.#rejected > 0,
        beforeNames: async (hashes) => {
          if (!(await this.#mayReplace())) {
            throw unwritable(this.name, `was made by someone else during the run. The scores are in ${journal.path}.`);
          }
          if (end === undefined) await journal.addEnd({ rows, ...hashes });
          else if (!isSameOutput(end, hashes)) {
            throw unwritable(this.name, `would be another file than the one that ${journal.path} says was made.`);
          }
        },
      },
    );
  }

  async #mayReplace(): Promise<boolean> {
    const end = this.#found?.end;
    return (
      this.options.overwrite ||
      ((await isFreeOrOwn(this.target, end?.output)) && (await isFreeOrOwn(this.rejectsPath, end?.rejects)))
    );
  }

  /** Whether the files that a run made are there as it made them. */
  async #isWritten(end: EndRecord): Promise<boolean> {
    if (this.options.journalOnly === true) return true;
    return isSameOutput(end, { output: await hashOf(this.target), rejects: await hashOf(this.rejectsPath) });
  }

  /** What an earlier run left, unless it is to be forgotten. */
  get #found(): JournalSummary | undefined {
    const { found } = this.journal;
    return found === undefined || this.options.restart || isUnreadable(found) ? undefined : found;
  }

  async #refuseToReplace(): Promise<void> {
    if (this.options.overwrite) return;
    const end = this.#found?.end;
    await refuseToReplace(this.target, end?.output);
    await refuseToReplace(this.rejectsPath, end?.rejects);
  }

  /** Whether the last input grew. Throws INFORM_CANNOT_RESUME for all other changes. */
  #compare(found: JournalSummary, fingerprint: Fingerprint, inputs: readonly DigestedInput[]): boolean {
    const { changed, grown } = compareInputs(found.inputs, inputs);
    const different = [...differences(found.fingerprint, fingerprint), ...changed];
    if (different.length > 0) {
      throw cannotResume(`${this.name} was begun by another run: ${different.join('; ')}.`, found.rows);
    }
    if (grown && !this.options.followAppended) throw hasGrown(inputs.at(-1)?.file);
    return grown;
  }

  #notesOn(found: JournalSummary, now: Fingerprint): string[] {
    const notes: string[] = [];
    const { damage, rows, missing, fingerprint: then } = found;
    if (damage?.torn === true) notes.push('The last line of the journal was cut off; its row is scored again.');
    else if (damage !== undefined) {
      notes.push(
        `${this.journal.path} is damaged at line ${damage.line}: the ${rows} rows that are good are kept, the others are ` +
          `scored again. The damaged file is now ${damagedOf(this.target)}.`,
      );
    } else if (missing > 0) {
      notes.push(`${this.journal.path} lacks ${missing} rows before its last one; they are scored again.`);
    }
    if (then.model.modified !== now.model.modified) {
      const whole = then.model.content !== undefined && isComparedWhole(now.model.bytes);
      const same = whole ? 'Its content is' : 'Its size, header, score head and samples of every tensor are';
      notes.push(`${now.model.file} was written again since the run was begun. ${same} the same.`);
    }
    return notes;
  }
}

/** A result's id is the row's own, or its number; a reject repeats the id where the row has one. */
function hasIdOf({ kind, json }: RowRecord, row: InputRow): boolean {
  if (kind === 'score') return parseResultLine(json).idJson === (row.id?.json ?? String(row.row));
  const { id } = JSON.parse(json) as { id?: unknown };
  return id === undefined || JSON.stringify(id) === (row.id && JSON.stringify(JSON.parse(row.id.json)));
}

async function hashOf(path: string): Promise<string | undefined> {
  return (await entryOf(path))?.isFile() === true ? withOutputErrors(path, fileSha256(path)) : undefined;
}

function isSameOutput(
  end: EndRecord,
  { output, rejects }: { output: string | undefined; rejects?: string | undefined },
): boolean {
  return end.output === output && end.rejects === rejects;
}

function hasGrown(input = 'The input'): InformError {
  return new InformError(
    'INFORM_CANNOT_RESUME',
    `${input} has grown since the run was begun. Pass --follow-appended to score what was added too, or --restart to begin anew.`,
  );
}

function cannotResume(what: string, rows: number): InformError {
  const loss = rows === 0 ? 'begin anew' : `discard its ${rows} rows and begin anew`;
  return new InformError(
    'INFORM_CANNOT_RESUME',
    `${what} Run it with what it was begun with, or pass --restart to ${loss}.`,
  );
}
