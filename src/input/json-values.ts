import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  HeldBytes,
  LINE_FEED,
  OPEN_BRACE,
  OPEN_BRACKET,
  type RawRow,
  QUOTE,
  type Splitter,
  isBlank,
  tooLong,
} from './bytes.js';

/** What may come next. `unread`: something follows the array, so the rest of the input is left alone. */
type State = 'open' | 'first' | 'element' | 'separator' | 'next' | 'closed' | 'wrapper' | 'unread' | 'object';

/**
 * Cuts a JSON array into its elements, or objects that follow one another over any number of lines into those, without
 * parsing them: it only follows strings and brackets, so memory is bounded by the largest one. What is wrong with the
 * array itself comes as a row with a `problem`; a missing comma costs the element after it, text after the array ends
 * the reading, and elements cut before that stay good.
 */
export class JsonSplitter implements Splitter {
  readonly #limit: number;
  readonly #inArray: boolean;
  /** The name of the array, where it is a member of one object. */
  readonly #wrapper: string | undefined;
  readonly #held: HeldBytes;
  #state: State;
  #line: number;
  #offset: number;

  // The element being read.
  #elementLine = 0;
  #commaMissing = false;
  #shape: 'nested' | 'string' | 'bare' = 'bare';
  #depth = 0;
  #inString = false;
  #escaped = false;

  /**
   * `first`: the first byte to come, of an array or of an object. `line` and `offset`: where in the input it stands.
   * `limit`: the largest element, in bytes. `wrapper`: the name of the array in the object around it.
   */
  constructor(first: number, limit: number, line = 1, offset = 0, wrapper?: string) {
    this.#wrapper = wrapper;
    this.#inArray = first === OPEN_BRACKET;
    this.#state = this.#inArray ? 'open' : 'object';
    this.#limit = limit;
    this.#held = new HeldBytes(limit);
    this.#line = line;
    this.#offset = offset;
  }

  *push(chunk: Buffer): Generator<RawRow> {
    let at = 0;
    while (at < chunk.length && this.#state !== 'unread') {
      if (this.#state === 'element') {
        const end = this.#elementEnd(chunk, at);
        this.#held.add(chunk.subarray(at, end ?? chunk.length));
        at = end ?? chunk.length;
        if (end !== undefined) yield this.#finishElement(this.#offset + end);
      } else {
        const byte = chunk[at] ?? 0;
        const problem = this.#step(byte);
        if (problem !== undefined) yield this.#problem(problem, this.#offset + at + 1);
        // The first byte of an element is read again, as a part of it.
        if ((this.#state as State) !== 'element') at++;
      }
    }
    this.#offset += chunk.length;
  }

  *end(): Generator<RawRow> {
    if (this.#state === 'element') {
      const bytes = this.#held.take();
      const problem = `the input ends inside this ${this.#inArray ? 'element of the array' : 'object'}`;
      yield { line: this.#elementLine, end: this.#offset, bytes, problem };
    } else if (this.#inArray && !['closed', 'wrapper', 'unread'].includes(this.#state)) {
      yield this.#problem('the array is not closed: its "]" is missing', this.#offset);
    }
  }

  /** Reads one byte between elements and gives the problem, where it is out of place. */
  #step(byte: number): string | undefined {
    if (byte === LINE_FEED) this.#line++;
    if (isBlank(byte)) return undefined;
    switch (this.#state) {
      case 'open':
        this.#state = 'first';
        return undefined;
      case 'first':
      case 'next':
        if (byte === COMMA) return 'an element of the array is missing before this comma';
        if (byte === CLOSE_BRACKET) return this.#close();
        this.#beginElement(byte, false);
        return undefined;
      case 'separator':
        if (byte === COMMA) this.#state = 'next';
        else if (byte === CLOSE_BRACKET) {
          this.#state = 'closed';
          this.#inString = false;
        } else this.#beginElement(byte, true);
        return undefined;
      case 'closed':
        if (this.#wrapper !== undefined) {
          this.#state = 'wrapper';
          return this.#stepInWrapper(byte);
        }
        this.#state = 'unread';
        return 'something follows the array; only one array a file is read';
      case 'object':
        if (byte === COMMA || byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
          return `${JSON.stringify(String.fromCharCode(byte))} stands between two objects`;
        }
        this.#beginElement(byte, false);
        return undefined;
      case 'wrapper':
        return this.#stepInWrapper(byte);
      case 'element':
      case 'unread':
        return undefined;
    }
  }

  /** Reads a byte of what follows the array in the object around it: values that are no rows, or another list. */
  #stepInWrapper(byte: number): string | undefined {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
    } else if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_BRACKET) {
      this.#state = 'unread';
      return `another list follows "${this.#wrapper ?? ''}"; only the first one is read, so make a file of each`;
    }
    return undefined;
  }

  #close(): string | undefined {
    const problem = this.#state === 'next' ? 'the array has a comma before its "]"' : undefined;
    this.#state = 'closed';
    return problem;
  }

  #beginElement(byte: number, commaMissing: boolean): void {
    this.#state = 'element';
    this.#elementLine = this.#line;
    this.#commaMissing = commaMissing;
    this.#shape = byte === OPEN_BRACE || byte === OPEN_BRACKET ? 'nested' : byte === QUOTE ? 'string' : 'bare';
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
  }

  /** Where the element that goes on at `from` ends in this chunk (the index after it), or undefined. */
  #elementEnd(chunk: Buffer, from: number): number | undefined {
    if (this.#shape === 'bare') return this.#bareEnd(chunk, from);
    // Local copies: this loop sees every byte of the input.
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let line = this.#line;
    let end: number | undefined;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LINE_FEED) line++;
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
      else continue;
      if (depth === 0 && !inString) {
        end = at + 1;
        break;
      }
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    this.#line = line;
    return end;
  }

  /** A number, `true`, or something that is no JSON at all: it ends before the next separator. */
  #bareEnd(chunk: Buffer, from: number): number | undefined {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === COMMA || byte === CLOSE_BRACKET || isBlank(byte)) return at;
    }
    return undefined;
  }

  #finishElement(end: number): RawRow {
    const bytes = this.#held.take();
    this.#state = this.#inArray ? 'separator' : 'object';
    let problem: string | undefined;
    if (bytes === undefined) problem = tooLong(this.#inArray ? 'element' : 'object', this.#limit);
    else if (this.#commaMissing) problem = 'a comma is missing before this element of the array';
    return { line: this.#elementLine, end, bytes, problem };
  }

  #problem(problem: string, end: number): RawRow {
    return { line: this.#line, end, bytes: undefined, problem };
  }
}
