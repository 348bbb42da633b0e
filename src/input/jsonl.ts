import {
  CARRIAGE_RETURN,
  CLOSE_BRACE,
  HeldBytes,
  LINE_FEED,
  OPEN_BRACE,
  type RawRow,
  type Splitter,
  isBlank,
  tooLong,
} from './bytes.js';

/**
 * Cuts JSON Lines into lines; blank ones are left out. Lines end with a line feed, unless a carriage return stands between
 * two objects before the first line feed: then they end with carriage returns. In a row that one is white space, and two
 * objects with nothing else between them are never one row.
 */
export class LineSplitter implements Splitter {
  readonly #limit: number;
  readonly #held: HeldBytes;
  #line: number;
  #offset: number;
  /** What lines end with; undefined while that is not known. */
  #lineEnd: number | undefined;

  // Before that: the last byte that is not blank, and the carriage returns after it.
  #lastInk = 0;
  #returns = 0;

  /** `line` and `offset`: where in the input the first byte to come stands. `limit`: the longest line, in bytes. */
  constructor(limit: number, line = 1, offset = 0) {
    this.#limit = limit;
    this.#held = new HeldBytes(limit);
    this.#line = line;
    this.#offset = offset;
  }

  *push(chunk: Buffer): Generator<RawRow> {
    let from = 0;
    if (this.#lineEnd === undefined) {
      const second = this.#findLineEnd(chunk);
      if (second !== undefined) {
        from = second;
        const row = this.#finishLine(chunk.subarray(0, from), this.#offset + from);
        this.#line += this.#returns - 1;
        if (row !== undefined) yield row;
      }
    }
    if (this.#lineEnd !== undefined) {
      for (let end = chunk.indexOf(this.#lineEnd, from); end >= 0; end = chunk.indexOf(this.#lineEnd, from)) {
        const row = this.#finishLine(chunk.subarray(from, end), this.#offset + end + 1);
        from = end + 1;
        if (row !== undefined) yield row;
      }
    }
    if (from < chunk.length) this.#held.add(chunk.subarray(from));
    this.#offset += chunk.length;
  }

  *end(): Generator<RawRow> {
    const row = this.#finishLine(Buffer.alloc(0), this.#offset);
    if (row !== undefined) yield row;
  }

  /** Looks for what lines end with. Gives where the second row begins, if that is found first. */
  #findLineEnd(chunk: Buffer): number | undefined {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === LINE_FEED) {
        this.#lineEnd = LINE_FEED;
        return undefined;
      }
      if (byte === CARRIAGE_RETURN) this.#returns++;
      else if (!isBlank(byte)) {
        if (byte === OPEN_BRACE && this.#lastInk === CLOSE_BRACE && this.#returns > 0) {
          this.#lineEnd = CARRIAGE_RETURN;
          return at;
        }
        this.#lastInk = byte;
        this.#returns = 0;
      }
    }
    return undefined;
  }

  #finishLine(rest: Buffer, end: number): RawRow | undefined {
    const line = this.#line++;
    let bytes: Buffer | undefined = rest;
    if (this.#held.length > 0 || rest.length > this.#limit) {
      this.#held.add(rest);
      bytes = this.#held.take();
      if (bytes === undefined) return { line, end, bytes, problem: tooLong('line', this.#limit) };
    }
    // The carriage return of CRLF stays: to JSON it is white space.
    return isBlankLine(bytes) ? undefined : { line, end, bytes, problem: undefined };
  }
}

function isBlankLine(bytes: Buffer): boolean {
  let at = 0;
  while (at < bytes.length && isBlank(bytes[at])) at++;
  return at === bytes.length;
}
