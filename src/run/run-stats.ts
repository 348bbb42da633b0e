import { valuesOf, type RowScores } from './output/row-scores.js';
import { ScoreCounts } from './score-counts.js';

/** How many ids of truncated samples are kept and shown: a run may have millions. */
const SHOWN_IDS = 10;

export interface ScoredSample {
  /** The id as JSON. */
  idJson: string;
  score: RowScores;
  /** After truncation, of all answers together. */
  tokens: number;
  /** Whether any answer's sequence was. */
  truncated: boolean;
  /** Whether its content holds the text of a special token, such as "<|eot_id|>". */
  holdsSpecialText: boolean;
}

/** What a run adds up to. */
export class RunStats {
  /** Samples with a score. */
  scored = 0;
  rejected = 0;
  truncated = 0;
  tokens = 0;
  specialTokenSamples = 0;
  min = Infinity;
  max = -Infinity;
  /** What an earlier run did of it; undefined where there was none. */
  resumed: { rows: number; scored: number; tokens: number } | undefined;
  /** How the scores are spread. */
  readonly counts = new ScoreCounts();
  readonly #firstTruncatedIds: string[] = [];
  /** Scores: a sample with several answers has several. */
  #scores = 0;
  #mean = 0;
  /** The sum of the squared distances from the mean. */
  #squares = 0;

  addScored({ idJson, score, tokens, truncated, holdsSpecialText }: ScoredSample): void {
    this.scored++;
    this.tokens += tokens;
    if (holdsSpecialText) this.specialTokenSamples++;
    if (truncated) {
      this.truncated++;
      if (this.#firstTruncatedIds.length < SHOWN_IDS) this.#firstTruncatedIds.push(idJson);
    }
    for (const value of valuesOf(score)) this.#addScore(value);
  }

  #addScore(score: number): void {
    this.#scores++;
    this.counts.add(score);
    this.min = Math.min(this.min, score);
    this.max = Math.max(this.max, score);
    // Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4 (1962).
    const fromOldMean = score - this.#mean;
    this.#mean += fromOldMean / this.#scores;
    this.#squares += fromOldMean * (score - this.#mean);
  }

  addRejected(): void {
    this.rejected++;
  }

  /** A row that an earlier run did; no sample for one that it rejected. */
  addResumed(sample?: ScoredSample): void {
    this.resumed ??= { rows: 0, scored: 0, tokens: 0 };
    this.resumed.rows++;
    if (sample === undefined) {
      this.addRejected();
      return;
    }
    this.resumed.scored++;
    this.resumed.tokens += sample.tokens;
    this.addScored(sample);
  }

  /** The ids (as JSON) of the first truncated samples, in the order they were added. */
  get firstTruncatedIds(): readonly string[] {
    return this.#firstTruncatedIds;
  }

  /** The mean score; undefined without scores. */
  get mean(): number | undefined {
    return this.#scores === 0 ? undefined : this.#mean;
  }

  /** The sample standard deviation (n - 1 in the divisor, as pandas has it); undefined below two scores. */
  get standardDeviation(): number | undefined {
    return this.#scores < 2 ? undefined : Math.sqrt(this.#squares / (this.#scores - 1));
  }
}
