import { InformError } from '../errors.js';
import { LINE_FEED, OPEN_BRACKET, type Piece, type Splitter, isBlank } from './bytes.js';
import { ArraySplitter } from './json-array.js';
import { LineSplitter } from './jsonl.js';

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** First bytes of what people pass by mistake, and what to do about it. */
const OTHER_FORMATS: readonly { start: readonly number[]; remedy: string }[] = [
  { start: [0x1f, 0x8b], remedy: 'is gzip-compressed. Decompress it first, or pipe it in: zcat FILE | inform-score -' },
  { start: [0x28, 0xb5, 0x2f, 0xfd], remedy: 'is Zstandard-compressed. Pipe it in: zstdcat FILE | inform-score -' },
  { start: [0x50, 0x41, 0x52, 0x31], remedy: 'is a Parquet file. Export it as JSON Lines first.' },
  { start: [0xff, 0xfe], remedy: 'is UTF-16 text. Save it as UTF-8.' },
  { start: [0xfe, 0xff], remedy: 'is UTF-16 text. Save it as UTF-8.' },
];

/** Long enough for every signature above. */
const HEAD_BYTES = 4;

/** Finds out from an input's first bytes what it is, then cuts it as JSON Lines or as a JSON array. */
export class InputSplitter implements Splitter {
  readonly #name: string;
  readonly #limit: number;
  #head: Buffer | undefined = Buffer.alloc(0);
  #inner: Splitter | undefined;
  #line = 1;
  #offset = 0;

  /** `name`: the input's, for messages. `limit`: the largest row, in bytes. */
  constructor(name: string, limit: number) {
    this.#name = name;
    this.#limit = limit;
  }

  /** @throws InformError INFORM_INPUT_UNREADABLE when the first bytes are those of another format */
  push(chunk: Buffer): Iterable<Piece> {
    if (this.#inner !== undefined) return this.#inner.push(chunk);
    let bytes = chunk;
    if (this.#head !== undefined) {
      bytes = Buffer.concat([this.#head, chunk]);
      if (bytes.length < HEAD_BYTES) {
        this.#head = bytes;
        return [];
      }
      bytes = this.#begin(bytes);
    }
    return this.#sniff(bytes);
  }

  *end(): Generator<Piece> {
    if (this.#head !== undefined) yield* this.#sniff(this.#begin(this.#head));
    if (this.#inner !== undefined) yield* this.#inner.end();
  }

  /** Looks at the very first bytes and gives them back without the byte order mark. */
  #begin(head: Buffer): Buffer {
    this.#head = undefined;
    for (const { start, remedy } of OTHER_FORMATS) {
      if (start.every((byte, index) => head[index] === byte)) {
        throw new InformError('INFORM_INPUT_UNREADABLE', `${this.#name} ${remedy}`);
      }
    }
    if (!head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) return head;
    this.#offset = BYTE_ORDER_MARK.length;
    return head.subarray(BYTE_ORDER_MARK.length);
  }

  /** Skips the blank bytes an input may begin with; the first other one says which format this is. */
  #sniff(bytes: Buffer): Iterable<Piece> {
    let at = 0;
    for (; isBlank(bytes[at]); at++) {
      if (bytes[at] === LINE_FEED) this.#line++;
    }
    this.#offset += at;
    if (at === bytes.length) return [];
    const Format = bytes[at] === OPEN_BRACKET ? ArraySplitter : LineSplitter;
    this.#inner = new Format(this.#limit, this.#line, this.#offset);
    return this.#inner.push(bytes.subarray(at));
  }
}
