/** A set of whole numbers that mostly follow each other: its memory grows with the gaps between them, not with their count. */
export class RowRanges {
  /** How many numbers are in it. */
  count = 0;
  /** Where each stretch of numbers begins and, right after that, where it ends: ascending, and never touching each other. */
  readonly #bounds: number[] = [];

  /** One more than the largest number; 0 for none. */
  get end(): number {
    return this.#bounds.at(-1) ?? 0;
  }

  /** How many numbers from 0 to the largest one are not in it. */
  get missing(): number {
    return this.end - this.count;
  }

  /** Whether the number was not in it yet. */
  add(number: number): boolean {
    const bounds = this.#bounds;
    // Mostly the number that follows, so the search for its place starts at the end.
    const at = number >= this.end ? bounds.length : this.#search(number);
    if (at % 2 === 1) return false; // between a beginning and its end
    this.count++;
    const joinsBefore = bounds[at - 1] === number;
    const joinsAfter = bounds[at] === number + 1;
    if (joinsBefore && joinsAfter) bounds.splice(at - 1, 2);
    else if (joinsBefore) bounds[at - 1] = number + 1;
    else if (joinsAfter) bounds[at] = number;
    else bounds.splice(at, 0, number, number + 1);
    return true;
  }

  /** The index of the first bound above a number. */
  #search(number: number): number {
    let [low, high] = [0, this.#bounds.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#bounds[middle] ?? 0) > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
