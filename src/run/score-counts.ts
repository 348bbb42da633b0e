import { countedHistogram, type Bin } from '../report/statistics.js';

const CELLS = 2 ** 16;
/** A run of scores that all lie within 2^-4 of one another is told apart this finely. */
const FINEST = 2 ** -20;

/**
 * Scores in cells of equal width, which doubles where they would need more than 65,536 of them: half a megabyte for any number of
 * scores, and the same counts in whatever order they come. Quantiles are right to a 65,000th of the range, or two.
 */
export class ScoreCounts {
  #width = FINEST;
  /** Which multiple of the width the first cell begins at. */
  #first = 0;
  #cells: Float64Array | undefined;
  #count = 0;
  #min = Infinity;
  #max = -Infinity;

  add(score: number): void {
    this.#count++;
    this.#min = Math.min(this.#min, score);
    this.#max = Math.max(this.#max, score);
    const cell = Math.floor(score / this.#width) - this.#first;
    if (this.#cells === undefined || !(cell >= 0 && cell < CELLS)) this.#makeRoom();
    const cells = this.#cells ?? new Float64Array(0);
    const at = Math.floor(score / this.#width) - this.#first;
    cells[at] = (cells[at] ?? 0) + 1;
  }

  get count(): number {
    return this.#count;
  }

  /** The value below which a share of the scores lies, between two of them in proportion; NaN without scores. */
  quantile(share: number): number {
    const at = share * (this.#count - 1);
    const low = this.#inOrder(Math.floor(at));
    const high = this.#inOrder(Math.ceil(at));
    return low + (high - low) * (at - Math.floor(at));
  }

  /** About `about` bins of equal, round width. */
  histogram(about: number): Bin[] {
    return this.#count === 0 ? [] : countedHistogram(this.#counted(), about, { min: this.#min, max: this.#max });
  }

  /** The score at a place in their order, from 0. */
  #inOrder(place: number): number {
    let before = 0;
    for (const [score, count] of this.#counted()) {
      before += count;
      // The middle of its cell, as it may be anywhere in it.
      if (before > place) return Math.min(Math.max(score + this.#width / 2, this.#min), this.#max);
    }
    return NaN;
  }

  /** The lower ends of the cells that hold scores. */
  *#counted(): Generator<[score: number, count: number]> {
    for (const [at, count] of this.#cells?.entries() ?? []) {
      if (count > 0) yield [Math.max((this.#first + at) * this.#width, this.#min), count];
    }
  }

  /** Widens the cells until the lowest and the highest score have one, the scores so far in the middle of what is left. */
  #makeRoom(): void {
    const old = { width: this.#width, first: this.#first, cells: this.#cells };
    while (Math.floor(this.#max / this.#width) - Math.floor(this.#min / this.#width) >= CELLS) this.#width *= 2;
    const [low, high] = [Math.floor(this.#min / this.#width), Math.floor(this.#max / this.#width)];
    this.#first = low - Math.floor((CELLS - (high - low + 1)) / 2);
    const cells = new Float64Array(CELLS);
    const step = this.#width / old.width;
    for (const [at, count] of old.cells?.entries() ?? []) {
      if (count === 0) continue;
      const to = Math.floor((old.first + at) / step) - this.#first;
      cells[to] = (cells[to] ?? 0) + count;
    }
    this.#cells = cells;
  }
}
