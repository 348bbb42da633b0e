import type { InputRow } from '../input/rows.js';

/** Gives rows their ids, and says once what a user should know about how rows are read. */
export class RowNotes {
  readonly #said = new Set<string>();
  /** Row numbers that serve as ids, and ids of the input that may be the same as one. */
  readonly #generated = new NumberSet();
  readonly #given = new NumberSet();

  constructor(private readonly note: (line: string) => void) {}

  /** The id that a good row's result carries, as JSON: its own, or its 0-based row number where it has none. */
  idOf(row: InputRow): string {
    const idJson = row.id?.json ?? String(row.row);
    if (row.id === undefined) {
      this.#sayOnce('Samples without an "id" get their 0-based row number as id', row);
    }
    if (/^\d{1,9}$/.test(idJson)) {
      const [own, other] = row.id === undefined ? [this.#generated, this.#given] : [this.#given, this.#generated];
      own.add(Number(idJson));
      if (other.has(Number(idJson))) {
        this.#sayOnce(`Some samples have as "id" what others have as row number, so that ids are not unique`, row);
      }
    }
    return idJson;
  }

  #sayOnce(what: string, { file, line }: InputRow): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    this.note(`${what} (first: ${file} line ${line}).`);
  }
}

/** Larger numbers are not remembered: a bit each, this takes 8 MiB. */
const MOST_NUMBERS = 2 ** 26;

/** A set of numbers from 0 on, a bit each. */
class NumberSet {
  #bits = new Uint8Array(1024);

  add(number: number): void {
    if (number >= MOST_NUMBERS) return;
    if (number >= 8 * this.#bits.length) {
      const bits = new Uint8Array(2 ** Math.ceil(Math.log2((number + 1) / 8)));
      bits.set(this.#bits);
      this.#bits = bits;
    }
    this.#bits[number >> 3] = (this.#bits[number >> 3] ?? 0) | (1 << (number & 7));
  }

  has(number: number): boolean {
    return ((this.#bits[number >> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }
}
