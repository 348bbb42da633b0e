import { bestOf, gapOf, type AnswerScores } from './answer-scores.js';
import type { DuplicateFinder } from './duplicates.js';
import { ExactDuplicates, NearDuplicates } from './duplicates.js';
import type { Criteria } from './criteria.js';
import { EvaluationTexts } from './overlap.js';
import type { ScoredRow } from './scored-rows.js';
import { fieldOf, textKey, wordsOf, type RowTexts, type TextReader } from './text.js';
import { InformError } from '../errors.js';

/** Why rows are not kept: one for all rows that it is true of, as a million sentences would take more memory than all else. */
export interface Drop {
  /** What is counted together, after the number of rows: "376 near-duplicates". */
  kind:
    | 'without a score'
    | 'overlapping an evaluation set'
    | 'duplicates'
    | 'near-duplicates'
    | 'outside the limits of the score'
    | 'ranked behind those that are kept'
    | 'without a pair';
  /** Said of one of them. */
  reasonOf: (row: Candidate) => string;
}

/** What is remembered of a row, so that the data can be any size: some 150 bytes. */
export interface Candidate {
  /** Its score, the margin of a pair, the best score of several answers. */
  score: number;
  /** What it is ranked by: the score, or what length does not explain of it. */
  value: number;
  /** How far the best and the worst of its answers are apart; NaN where it has one. */
  gap: number;
  /** Characters of the answer, of several the best one's. */
  length: number;
  /** Its value of --per or --balance, by number; with --pairs its prompt. */
  group: number;
  /** Why it is not kept; undefined while it is in. */
  dropped: Drop | undefined;
  /** Place among the rows of its group, or of all, from 1; 0 where it was dropped before. */
  rank: number;
  of: number;
}

/** So many different reasons for having no score are held once and not for each row. */
const MOST_REASONS = 1000;

/** The rows of the data as candidates, in input order, and what is found while their texts are at hand. */
export class Candidates {
  readonly rows: Candidate[] = [];
  /** The values of --per or --balance, as they first come. */
  readonly groups: string[] = [];
  readonly #groupOf = new Map<string, number>();
  readonly #duplicates: DuplicateFinder | undefined;
  readonly #missing = new Map<string, Drop>();

  constructor(
    private readonly criteria: Criteria,
    private readonly reader: TextReader,
    private readonly evaluation: EvaluationTexts | undefined,
  ) {
    const { dedupe } = criteria;
    if (dedupe !== undefined) this.#duplicates = dedupe === 'exact' ? new ExactDuplicates() : new NearDuplicates();
  }

  /** @throws InformError INFORM_INVALID_SAMPLE for a row whose texts are needed and that is no sample; INFORM_INVALID_ARGUMENT */
  add(scored: ScoredRow): void {
    const { row, scores, missing } = scored;
    const score = this.#scoreOf(scored);
    const texts = this.#textsOf(scored);
    const words = this.#duplicates === undefined && this.evaluation === undefined ? [] : wordsOf(texts?.all ?? '');
    this.#duplicates?.add(words);
    this.rows.push({
      score,
      value: score,
      gap: scores === undefined || scores.answers === 'one' ? NaN : gapOf(scores.values),
      length: this.#lengthOf(texts, scores),
      group: row.ok ? this.#group(row.value, texts) : -1,
      dropped: scores === undefined ? this.#without(missing ?? '') : this.#overlap(words),
      rank: 0,
      of: 0,
    });
  }

  /** For each row the number of its group of duplicates; undefined where none were looked for. */
  duplicateGroups(): Int32Array | undefined {
    return this.#duplicates?.groups();
  }

  /** Where only the best answer is written, that is what a row counts by. */
  #scoreOf({ score, scores }: ScoredRow): number {
    if (scores === undefined || this.criteria.bestAnswer !== true) return score ?? NaN;
    return scores.values[bestOf(scores.values)] ?? NaN;
  }

  #textsOf({ row, scores }: ScoredRow): RowTexts | undefined {
    const { dedupe, against, lengthBias, per, pairs } = this.criteria;
    const needed = dedupe ?? against ?? pairs ?? (lengthBias === true || per === 'prompt' ? true : undefined);
    if (!row.ok || needed === undefined) return undefined;
    const texts = this.reader.textsOf(row.value);
    if (!(texts instanceof InformError)) return texts;
    if (scores === undefined) return undefined;
    throw new InformError(
      'INFORM_INVALID_SAMPLE',
      `${row.file}, line ${row.line} has a score, and its texts are not found: ${texts.message}. Where the run had a --map, give the same one.`,
      { cause: texts },
    );
  }

  #lengthOf(texts: RowTexts | undefined, scores: AnswerScores | undefined): number {
    if (scores?.answers === 'pair' && this.criteria.lengthBias === true) {
      throw new InformError(
        'INFORM_INVALID_ARGUMENT',
        '--length-bias takes away what the length of an answer explains of its score, and a pair counts by the margin of two answers. Leave it out.',
      );
    }
    return texts?.answers[scores === undefined ? 0 : bestOf(scores.values)]?.length ?? 0;
  }

  #without(missing: string): Drop {
    const known = this.#missing.get(missing);
    if (known !== undefined) return known;
    const drop: Drop = { kind: 'without a score', reasonOf: () => `no score: ${missing}` };
    if (this.#missing.size < MOST_REASONS) this.#missing.set(missing, drop);
    return drop;
  }

  #overlap(words: readonly string[]): Drop | undefined {
    const overlap = this.evaluation?.overlapOf(words);
    if (overlap === undefined) return undefined;
    return { kind: 'overlapping an evaluation set', reasonOf: () => `overlaps an evaluation set: ${overlap}` };
  }

  /** Where a field is missing, its rows are a group of their own. */
  #group(value: unknown, texts: RowTexts | undefined): number {
    const key = this.#key(value, texts);
    if (key === undefined) return 0;
    const known = this.#groupOf.get(key);
    if (known !== undefined) return known;
    const { per, balance } = this.criteria;
    this.#groupOf.set(key, this.groups.length);
    // A prompt's text is not held: there are as many as rows, perhaps.
    if (per !== 'prompt' && (per ?? balance) !== undefined) this.groups.push(key);
    else this.groups.push('');
    return this.groups.length - 1;
  }

  #key(value: unknown, texts: RowTexts | undefined): string | undefined {
    const { per, balance, pairs } = this.criteria;
    if (pairs !== undefined || per === 'prompt') {
      return textKey(texts?.prompt ?? '');
    }
    const field = per ?? balance;
    return field === undefined ? undefined : (fieldOf(value, field) ?? '(none)');
  }
}
