/** The bytes of JSON's structure, and what a reader of bytes holds between two chunks. */

export const LINE_FEED = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const BACKSLASH = 0x5c;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** The first bytes of a Parquet file. */
export const PARQUET_START = [0x50, 0x41, 0x52, 0x31];

/** JSON's white space: space, tab, line feed, carriage return. */
export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === LINE_FEED || byte === CARRIAGE_RETURN;
}

/** One row cut out of an input, not parsed yet. */
export interface RawRow {
  /** The 1-based line where the row starts. */
  line: number;
  /** How many bytes of the input come before the end of this row. */
  end: number;
  /** The row's bytes, good until the next chunk is read; undefined where they were too many to hold. */
  bytes: Buffer | undefined;
  /** Why this is no row to parse, where that is known already. */
  problem: string | undefined;
}

/** Cuts the chunks of one input into rows. */
export interface Splitter {
  push(chunk: Buffer): Iterable<RawRow>;
  end(): Iterable<RawRow>;
}

/** The bytes of a row that spans chunks: at most `limit` are kept, the rest only counted. */
export class HeldBytes {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  add(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#limit) this.#parts = [];
    else this.#parts.push(part);
  }

  /** All bytes added since the last call, or undefined where they were more than `limit`. */
  take(): Buffer | undefined {
    const [first] = this.#parts;
    const whole = this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    const fits = this.#length <= this.#limit;
    this.#parts = [];
    this.#length = 0;
    return fits ? whole : undefined;
  }
}

export function tooLong(what: string, limit: number): string {
  const mebibytes = limit / 2 ** 20;
  return `the ${what} is longer than ${mebibytes >= 1 ? `${mebibytes} MiB` : `${limit} bytes`}`;
}
