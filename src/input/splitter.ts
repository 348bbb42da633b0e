import { InformError } from '../errors.js';
import { LINE_FEED, OPEN_BRACE, OPEN_BRACKET, QUOTE, type RawRow, type Splitter, isBlank } from './bytes.js';
import { JsonSplitter } from './json-values.js';
import { findWrapped, type Wrapped } from './json-wrapper.js';
import { LineSplitter } from './jsonl.js';

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** First bytes of what people pass by mistake, and what to do about it. */
const OTHER_FORMATS: readonly { start: readonly number[]; remedy: string }[] = [
  { start: [0x42, 0x5a, 0x68], remedy: 'is bzip2-compressed. Pipe it in: bzcat FILE | inform-score -' },
  { start: [0x50, 0x4b, 0x03, 0x04], remedy: 'is a zip archive. Unpack it first.' },
  { start: [0xff, 0xfe], remedy: 'is UTF-16 text. Save it as UTF-8.' },
  { start: [0xfe, 0xff], remedy: 'is UTF-16 text. Save it as UTF-8.' },
  // Without a byte order mark: "{" or "[" in two bytes.
  { start: [0x7b, 0x00], remedy: 'is UTF-16 text. Save it as UTF-8.' },
  { start: [0x5b, 0x00], remedy: 'is UTF-16 text. Save it as UTF-8.' },
  { start: [0x00, 0x7b], remedy: 'is UTF-16 text. Save it as UTF-8.' },
  { start: [0x00, 0x5b], remedy: 'is UTF-16 text. Save it as UTF-8.' },
];

/** Long enough for every signature above. */
const HEAD_BYTES = 4;

/** So many blanks after a first "{" are looked through for a line break. */
const MOST_BLANKS = 4096;

/** Finds out from an input's first bytes what it is, then cuts it as JSON Lines, a JSON array, or objects over many lines. */
export class InputSplitter implements Splitter {
  readonly #name: string;
  readonly #limit: number;
  /** What was read before the format is known. */
  #head = Buffer.alloc(0);
  #begun = false;
  #inner: Splitter | undefined;
  #line = 1;
  #offset = 0;

  readonly #onFormat: ((format: string) => void) | undefined;

  /** `name`: the input's, for messages. `limit`: the largest row, in bytes. `onFormat`: told which format it is. */
  constructor(name: string, limit: number, onFormat?: (format: string) => void) {
    this.#name = name;
    this.#limit = limit;
    this.#onFormat = onFormat;
  }

  /** @throws InformError INFORM_INPUT_UNREADABLE when the first bytes are those of another format */
  push(chunk: Buffer): Iterable<RawRow> {
    return this.#inner?.push(chunk) ?? this.#sniff(chunk, false);
  }

  *end(): Generator<RawRow> {
    if (this.#inner === undefined) yield* this.#sniff(Buffer.alloc(0), true);
    if (this.#inner !== undefined) yield* this.#inner.end();
  }

  /** Skips the blank bytes an input may begin with; what comes then says which format this is. */
  #sniff(chunk: Buffer, ended: boolean): Iterable<RawRow> {
    this.#head = Buffer.concat([this.#head, chunk]);
    if (!this.#begun) {
      if (this.#head.length < HEAD_BYTES && !ended) return [];
      this.#begin();
    }
    let at = 0;
    for (; isBlank(this.#head[at]); at++) {
      if (this.#head[at] === LINE_FEED) this.#line++;
    }
    this.#skip(at);
    this.#inner = this.#formatOf(this.#head, ended);
    if (this.#inner === undefined) return [];
    const head = this.#head;
    this.#head = Buffer.alloc(0);
    return this.#inner.push(head);
  }

  /** Looks at the very first bytes, and skips the byte order mark. */
  #begin(): void {
    this.#begun = true;
    for (const { start, remedy } of OTHER_FORMATS) {
      if (start.every((byte, index) => this.#head[index] === byte)) {
        throw new InformError('INFORM_INPUT_UNREADABLE', `${this.#name} ${remedy}`);
      }
    }
    if (this.#head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) this.#skip(BYTE_ORDER_MARK.length);
  }

  /** Cuts the list that one object holds. */
  #unwrap(head: Buffer, { name, at }: Wrapped): Splitter {
    for (let feed = head.indexOf(LINE_FEED); feed >= 0 && feed < at; feed = head.indexOf(LINE_FEED, feed + 1))
      this.#line++;
    this.#skip(at);
    this.#onFormat?.(`JSON, rows in "${name}"`);
    return new JsonSplitter(OPEN_BRACKET, this.#limit, this.#line, this.#offset, name);
  }

  #skip(bytes: number): void {
    this.#offset += bytes;
    this.#head = this.#head.subarray(bytes);
  }

  /** How to cut what begins with `head`, whose first byte is no blank; undefined while that is not known. */
  #formatOf(head: Buffer, ended: boolean): Splitter | undefined {
    const [first] = head;
    if (first === undefined) return undefined;
    if (first === OPEN_BRACKET) {
      this.#onFormat?.('a JSON array');
      return new JsonSplitter(first, this.#limit, this.#line, this.#offset);
    }
    if (first === OPEN_BRACE) {
      let at = 1;
      while (at < MOST_BLANKS && isBlank(head[at])) at++;
      if (at === head.length && !ended) return undefined;
      // As `jq .` and json.dumps(indent=2) write: an object's brace on a line of its own, its first key on the next.
      const wrapped = findWrapped(head, ended);
      if (wrapped === 'more') return undefined;
      if (wrapped !== undefined) return this.#unwrap(head, wrapped);
      if (head[at] === QUOTE && head.subarray(0, at).includes(LINE_FEED)) {
        this.#onFormat?.('JSON objects');
        return new JsonSplitter(first, this.#limit, this.#line, this.#offset);
      }
    }
    this.#onFormat?.('JSON Lines');
    return new LineSplitter(this.#limit, this.#line, this.#offset);
  }
}
