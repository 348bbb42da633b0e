import type { DuplicateFinder } from './duplicates.js';
import { ExactDuplicates, NearDuplicates } from './duplicates.js';
import type { Criteria } from './criteria.js';
import { EvaluationTexts } from './overlap.js';
import type { ScoredRow } from './scored-rows.js';
import { fieldOf, textKey, textsOf, wordsOf, type RowTexts } from './text.js';

/** Why a row is not kept. */
interface Drop {
  /** What is counted together, after the number of rows: "376 near-duplicates". */
  kind:
    | 'without a score'
    | 'overlapping an evaluation set'
    | 'duplicates'
    | 'near-duplicates'
    | 'outside the limits of the score'
    | 'ranked behind those that are kept'
    | 'without a pair';
  /** Of this row. */
  reason: string;
}

/** What is remembered of a row, so that the data can be any size: some 100 bytes. */
export interface Candidate {
  score: number;
  /** What it is ranked by: the score, or what length does not explain of it. */
  value: number;
  /** Characters of the answer. */
  length: number;
  /** Its value of --per or --balance, by number; with --pairs its prompt. */
  group: number;
  /** Why it is not kept; undefined while it is in. */
  dropped: Drop | undefined;
  /** Place among the rows of its group, or of all, from 1; 0 where it was dropped before. */
  rank: number;
  of: number;
}

/** The rows of the data as candidates, in input order, and what is found while their texts are at hand. */
export class Candidates {
  readonly rows: Candidate[] = [];
  /** The values of --per or --balance, as they first come. */
  readonly groups: string[] = [];
  readonly #groupOf = new Map<string, number>();
  readonly #duplicates: DuplicateFinder | undefined;

  private constructor(
    private readonly criteria: Criteria,
    private readonly evaluation: EvaluationTexts | undefined,
  ) {
    const { dedupe } = criteria;
    if (dedupe !== undefined) this.#duplicates = dedupe === 'exact' ? new ExactDuplicates() : new NearDuplicates();
  }

  /** @throws InformError INFORM_INPUT_UNREADABLE, INFORM_INVALID_SAMPLE for the evaluation sets */
  static async for(criteria: Criteria): Promise<Candidates> {
    const { against } = criteria;
    return new Candidates(criteria, against === undefined ? undefined : await EvaluationTexts.read(against));
  }

  add({ row, score, missing }: ScoredRow): void {
    const texts = row.ok ? textsOf(row.value) : undefined;
    const group = row.ok ? this.#group(row.value, texts) : -1;
    const candidate: Candidate = {
      score: score ?? NaN,
      value: score ?? NaN,
      length: texts?.answer.length ?? 0,
      group,
      dropped: score === undefined ? { kind: 'without a score', reason: `no score: ${missing ?? ''}` } : undefined,
      rank: 0,
      of: 0,
    };
    const words = this.#duplicates === undefined && this.evaluation === undefined ? [] : wordsOf(texts?.all ?? '');
    this.#duplicates?.add(words);
    if (candidate.dropped === undefined) {
      const overlap = this.evaluation?.overlapOf(words);
      if (overlap !== undefined) {
        candidate.dropped = { kind: 'overlapping an evaluation set', reason: `overlaps an evaluation set: ${overlap}` };
      }
    }
    this.rows.push(candidate);
  }

  /** For each row the number of its group of duplicates; undefined where none were looked for. */
  duplicateGroups(): Int32Array | undefined {
    return this.#duplicates?.groups();
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
