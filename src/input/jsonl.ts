import { HeldBytes, LINE_FEED, type Piece, type Splitter, isBlank, tooLong } from './bytes.js';

/** Cuts JSON Lines into lines; blank ones are left out. */
export class LineSplitter implements Splitter {
  readonly #limit: number;
  readonly #held: HeldBytes;
  #line: number;
  #offset: number;

  /** `line` and `offset`: where in the input the first byte to come stands. `limit`: the longest line, in bytes. */
  constructor(limit: number, line = 1, offset = 0) {
    this.#limit = limit;
    this.#held = new HeldBytes(limit);
    this.#line = line;
    this.#offset = offset;
  }

  *push(chunk: Buffer): Generator<Piece> {
    let from = 0;
    for (let feed = chunk.indexOf(LINE_FEED); feed >= 0; feed = chunk.indexOf(LINE_FEED, from)) {
      const piece = this.#finishLine(chunk.subarray(from, feed), this.#offset + feed + 1);
      from = feed + 1;
      if (piece !== undefined) yield piece;
    }
    if (from < chunk.length) this.#held.add(chunk.subarray(from));
    this.#offset += chunk.length;
  }

  *end(): Generator<Piece> {
    const piece = this.#finishLine(Buffer.alloc(0), this.#offset);
    if (piece !== undefined) yield piece;
  }

  #finishLine(rest: Buffer, end: number): Piece | undefined {
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
