import { InformError } from '../../errors.js';
import { unwritable } from '../../util/files/file-errors.js';
import { rejectLine } from './rejects.js';
import { resultLine } from './results.js';
import type { InputRow } from '../../input/rows.js';
import { differences, type Fingerprint } from '../journal/fingerprint.js';
import { compareInputs, type DigestedInput } from '../journal/input-digest.js';
import { damagedOf, Journal } from '../journal/journal.js';
import { rowDigest, type RowRecord } from '../journal/records.js';
import type { FoundRun } from '../journal/summarize.js';
import { writeOutputs } from '../journal/write-outputs.js';
import type { ScoredSample } from '../run-stats.js';
import type { KeptRun, RunOutput } from './output.js';
import { outputPaths, isFreeOrOwn, refuseInputs, refuseToReplace, rejectsOf, targetOf } from './output-paths.js';

export interface JournaledOptions {
  /** Replace what is there. */
  overwrite: boolean;
  /** Discard what an unfinished run left. */
  restart: boolean;
  /** Go on with an input that grew at its end, and keep the journal for when it grows again. */
  followAppended: boolean;
  /** Keep the journal although the run is done: `merge` reads it. */
  keepJournal: boolean;
  /** The run's inputs: none of them may be written over. */
  inputs: readonly string[];
}

/** How a run begins. */
export interface Beginning {
  /** Rows that are done already; 0 for a new run. */
  rows: number;
  /** What the user should know. */
  notes: string[];
}

/** A regular file: every result goes into the journal beside it, and the file is made of that once all are there. */
export class JournaledOutput implements RunOutput {
  readonly readerGone: AbortSignal = new AbortController().signal;
  readonly rejectsPath: string;
  #rejected = 0;
  /** Whether the journal holds this run. */
  #begun = false;
  /** Whether the journal takes no more rows, because the run came to the end of its input. */
  #ended = false;
  #finished = false;

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
    await refuseInputs(outputPaths(target), options.inputs);
    const journal = await Journal.open(target);
    const output = new JournaledOutput(name, target, journal, options);
    try {
      await output.#refuseToReplace();
      return output;
    } catch (error) {
      await output.abandon();
      throw error;
    }
  }

  /** How much of each input an earlier run knew. */
  get knownBytes(): readonly (number | undefined)[] {
    const found = this.#found;
    return found === undefined ? [] : found.inputs.map(({ bytes }) => bytes);
  }

  /**
   * Begins the run, or goes on with what an earlier one left.
   *
   * @throws InformError INFORM_CANNOT_RESUME where that was another run; INFORM_OUTPUT_UNWRITABLE
   */
  async begin(fingerprint: Fingerprint, inputs: readonly DigestedInput[]): Promise<Beginning> {
    const { journal } = this;
    const notes = journal.unlocked
      ? ['This file system keeps no locks: see to it that no other run has the same output.']
      : [];
    const found = this.#found;
    if (journal.found === 'unreadable' && !this.options.restart) {
      throw cannotResume(`${journal.path} is damaged in its first line, or no journal of this version.`, 0);
    }
    // A run without a row has nothing to go on with, unless damage took its rows: then that is to be said.
    if (found === undefined || (found.rows === 0 && found.damage === undefined)) {
      this.#begun = true;
      await journal.begin(fingerprint);
      return { rows: 0, notes };
    }
    const grown = this.#compare(found, fingerprint, inputs);
    this.#begun = true;
    await journal.resume(found);
    if (grown) await journal.addInputs(fingerprint.inputs);
    this.#ended = found.complete && !grown;
    return { rows: found.rows, notes: [...notes, ...this.#notesOn(found, fingerprint)] };
  }

  /** What is done already, in input order; see to it with `checkRow` that each belongs to its row. */
  async *finished(): AsyncGenerator<RowRecord> {
    for await (const record of this.journal.results()) {
      if (record.kind === 'reject') this.#rejected++;
      yield record;
    }
  }

  /** Throws INFORM_CANNOT_RESUME where a record is not that of the row; undefined stands for the input's end. */
  checkRow(record: RowRecord, row: InputRow | undefined): void {
    if (row?.row === record.row && rowDigest(row) === record.digest) return;
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

  async score(row: InputRow, { idJson, score, tokens, truncated, holdsSpecialTokens }: ScoredSample): Promise<void> {
    const json = resultLine(idJson, score).trimEnd();
    const digest = rowDigest(row);
    await this.journal.add({
      kind: 'score',
      row: row.row,
      digest,
      tokens,
      truncated,
      special: holdsSpecialTokens,
      json,
    });
  }

  async reject(row: InputRow, error: InformError): Promise<void> {
    this.#rejected++;
    const json = rejectLine(row, error).trimEnd();
    const digest = rowDigest(row);
    await this.journal.add({ kind: 'reject', row: row.row, digest, tokens: 0, truncated: false, special: false, json });
  }

  async finish(rows: number): Promise<void> {
    const { journal, options } = this;
    await journal.sync();
    const paths = { output: this.target, rejects: this.rejectsPath };
    await writeOutputs(paths, journal.results(), {
      hasRejects: this.#rejected > 0,
      beforeNames: async (hashes) => {
        if (!options.overwrite && !(await isFreeOrOwn(this.target, this.#found?.end?.output))) {
          throw unwritable(this.name, `was made by someone else during the run. The scores are in ${journal.path}.`);
        }
        await journal.addEnd({ rows, ...hashes });
      },
    });
    this.#finished = true;
    if (options.followAppended || options.keepJournal) await journal.close();
    else await journal.remove();
  }

  async abandon(): Promise<KeptRun | undefined> {
    if (this.#finished) return undefined;
    const { journal } = this;
    // What went wrong before must not keep the rest from being saved, nor be told in its place.
    await journal.sync().catch(() => undefined);
    // Rejected rows alone are nothing to go on with: they cost no time, and their input is likely to be mended.
    const keep = this.#begun ? journal.rows > this.#rejected : journal.found !== undefined;
    if (keep) {
      await journal.close();
      return this.#begun ? { rows: journal.rows, journal: journal.path } : undefined;
    }
    await journal.remove().catch(() => journal.close());
    return undefined;
  }

  /** What an earlier run left, unless it is to be forgotten. */
  get #found(): FoundRun | undefined {
    const { found } = this.journal;
    return this.options.restart || found === 'unreadable' ? undefined : found;
  }

  async #refuseToReplace(): Promise<void> {
    if (this.options.overwrite) return;
    const end = this.#found?.end;
    await refuseToReplace(this.target, end?.output);
    await refuseToReplace(this.rejectsPath, end?.rejects);
  }

  /** Whether the last input grew. Throws INFORM_CANNOT_RESUME for all other changes. */
  #compare(found: FoundRun, fingerprint: Fingerprint, inputs: readonly DigestedInput[]): boolean {
    const { changed, grown } = compareInputs(found.inputs, inputs);
    const different = [...differences(found.fingerprint, fingerprint), ...changed];
    if (different.length > 0) {
      throw cannotResume(`${this.name} was begun by another run: ${different.join('; ')}.`, found.rows);
    }
    if (grown && !this.options.followAppended) throw hasGrown(inputs.at(-1)?.file);
    return grown;
  }

  #notesOn(found: FoundRun, now: Fingerprint): string[] {
    const notes: string[] = [];
    const { damage, rows, fingerprint: then } = found;
    if (damage?.last === true) notes.push('The last line of the journal was cut off; its row is scored again.');
    if (damage?.last === false) {
      notes.push(
        `${this.journal.path} is damaged at line ${damage.line}: the ${rows} rows before it are kept, the rest is scored again. ` +
          `The damaged file is now ${damagedOf(this.target)}.`,
      );
    }
    if (then.model.modified !== now.model.modified) {
      notes.push(
        `${now.model.file} was written again since the run was begun. Its size, header, score head and a sample of every tensor are the same.`,
      );
    }
    return notes;
  }
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
