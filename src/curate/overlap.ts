import { InformError } from '../errors.js';
import { readRows, type ReadOptions } from '../input/rows.js';
import { BANDS, bandHash, NEAR, signatureOf, similarity } from './min-hash.js';
import { shingleHashes } from './shingles.js';
import { allTexts, wordsOf } from './text.js';

/** Words in a run that no training row may have in common with an evaluation set (Brown et al. 2020, appendix C, take 13). */
const OVERLAP_WORDS = 13;

interface EvaluationRow {
  place: string;
  signature: Uint32Array;
}

/** The texts of evaluation sets, and which rows overlap them. */
export class EvaluationTexts {
  /** The row of each run of 13 words. */
  readonly #runs = new Map<number, EvaluationRow>();
  readonly #bands = Array.from({ length: BANDS }, () => new Map<number, EvaluationRow>());

  /** @throws InformError INFORM_INPUT_UNREADABLE; INFORM_INVALID_SAMPLE for a row that is no JSON: its text would be passed over */
  static async read(files: readonly string[], options: Pick<ReadOptions, 'check'>): Promise<EvaluationTexts> {
    const texts = new EvaluationTexts();
    for await (const row of readRows(files, options)) {
      const place = `${row.file}, line ${row.line}`;
      if (!row.ok)
        throw new InformError('INFORM_INVALID_SAMPLE', `${place}: ${row.error.message}. Mend the row or remove it.`);
      texts.#add(place, wordsOf(allTexts(row.value)));
    }
    return texts;
  }

  /** Where a text's overlap stands, and of which kind it is; undefined where there is none. */
  overlapOf(words: readonly string[]): string | undefined {
    // A text of fewer words is compared as a whole.
    for (const hash of runHashes(words)) {
      const row = this.#runs.get(hash);
      if (row !== undefined) return `shares ${OVERLAP_WORDS} words in a row with ${row.place}`;
    }
    const signature = signatureOf(words);
    for (const [band, rows] of this.#bands.entries()) {
      const row = rows.get(bandHash(signature, band));
      if (row !== undefined && similarity(signature, row.signature) >= NEAR)
        return `is a near-duplicate of ${row.place}`;
    }
    return undefined;
  }

  #add(place: string, words: readonly string[]): void {
    if (words.length === 0) return;
    const row = { place, signature: signatureOf(words) };
    for (const hash of runHashes(words)) this.#runs.set(hash, row);
    for (const [band, rows] of this.#bands.entries()) rows.set(bandHash(row.signature, band), row);
  }
}

/** 52 bits: two independent hashes of 26, so that a million runs of a set and as many of the data meet by chance about 2e-4 times. */
function runHashes(words: readonly string[]): number[] {
  const forward = shingleHashes(words, OVERLAP_WORDS);
  const backward = shingleHashes(words.toReversed(), OVERLAP_WORDS).reverse();
  return Array.from(forward, (hash, i) => (hash >>> 6) * 2 ** 26 + ((backward[i] ?? 0) >>> 6));
}
