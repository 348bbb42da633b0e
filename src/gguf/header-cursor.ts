import type { FileHandle } from 'node:fs/promises';

const BUFFER_BYTES = 1 << 20;

/** The file ended, or the header grew past the limit, before the bytes asked for. */
export class HeaderEndError extends Error {}

/**
 * Reads little-endian values from the front of a file through one buffer. What comes next is always checked against
 * the bytes that are left, so that a length field of a damaged file can neither allocate nor read without bound.
 */
export class HeaderCursor {
  readonly #file: FileHandle;
  readonly #limit: number;
  readonly #buffer: Buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  readonly #view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset, BUFFER_BYTES);
  #start = 0;
  #end = 0;
  #filePosition = 0;

  constructor(file: FileHandle, limit: number) {
    this.#file = file;
    this.#limit = limit;
  }

  /** The file position of the next byte. */
  get position(): number {
    return this.#filePosition - (this.#end - this.#start);
  }

  get remaining(): number {
    return this.#limit - this.position;
  }

  async u32(): Promise<number> {
    return this.#buffer.readUInt32LE(await this.#take(4));
  }

  async u64(): Promise<bigint> {
    return this.#buffer.readBigUInt64LE(await this.#take(8));
  }

  /** `count` bytes, copied, at most `remaining` of them. */
  async bytes(count: number): Promise<Buffer<ArrayBuffer>> {
    this.#check(count);
    // A buffer of its own starts at an address that fits every element type; one of Node's pool need not.
    const bytes = Buffer.from(new ArrayBuffer(count));
    const buffered = Math.min(count, this.#end - this.#start);
    this.#buffer.copy(bytes, 0, this.#start, this.#start + buffered);
    this.#start += buffered;
    for (let filled = buffered; filled < count;) {
      filled += await this.#read(bytes, filled, count - filled);
    }
    return bytes;
  }

  skip(count: number): void {
    this.#check(count);
    const buffered = Math.min(count, this.#end - this.#start);
    this.#start += buffered;
    this.#filePosition += count - buffered;
  }

  /** A string: its length in bytes as u64, then UTF-8. */
  async string(maxBytes: number): Promise<string> {
    const length = this.#bufferedLength(maxBytes);
    if (length !== undefined) return this.#bufferedText(length);
    const bytes = await this.#stringLength(maxBytes);
    return (await this.bytes(bytes)).toString('utf8');
  }

  /** `count` strings. Vocabularies have hundreds of thousands, so those in the buffer are taken without waiting. */
  async strings(count: number, maxBytes: number): Promise<string[]> {
    const strings: string[] = [];
    while (strings.length < count) {
      const length = this.#bufferedLength(maxBytes);
      strings.push(length === undefined ? await this.string(maxBytes) : this.#bufferedText(length));
    }
    return strings;
  }

  async skipStrings(count: number, maxBytes: number): Promise<void> {
    for (let left = this.#skipBuffered(count, maxBytes); left > 0; left = this.#skipBuffered(left - 1, maxBytes)) {
      this.skip(await this.#stringLength(maxBytes));
    }
  }

  /** Skips those of the next `count` strings that are in the buffer, and says how many are left. In few steps: it is most of a header. */
  #skipBuffered(count: number, maxBytes: number): number {
    const view = this.#view;
    const end = this.#end - 8;
    let at = this.#start;
    let left = count;
    for (; left > 0 && at <= end; left--) {
      const length = view.getUint32(at, true);
      if (view.getUint32(at + 4, true) !== 0 || length > maxBytes || length > end - at) break;
      at += 8 + length;
    }
    this.#start = at;
    return left;
  }

  /** The length of the next string, if the whole string is in the buffer. */
  #bufferedLength(maxBytes: number): number | undefined {
    if (this.#end - this.#start < 8) return undefined;
    const length = this.#buffer.readUInt32LE(this.#start);
    const high = this.#buffer.readUInt32LE(this.#start + 4);
    if (high !== 0 || length > maxBytes || this.#end - this.#start < 8 + length) return undefined;
    return length;
  }

  #bufferedText(length: number): string {
    const start = this.#start + 8;
    this.#start = start + length;
    return this.#buffer.toString('utf8', start, this.#start);
  }

  async #stringLength(maxBytes: number): Promise<number> {
    const length = await this.u64();
    if (length > BigInt(Math.min(maxBytes, this.remaining))) throw new HeaderEndError();
    return Number(length);
  }

  /** Makes the next `count` bytes (at most the buffer's size) available; gives their place in the buffer. */
  async #take(count: number): Promise<number> {
    this.#check(count);
    if (this.#end - this.#start < count) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
      while (this.#end < count) {
        this.#end += await this.#read(this.#buffer, this.#end, BUFFER_BYTES - this.#end);
      }
    }
    const start = this.#start;
    this.#start += count;
    return start;
  }

  async #read(target: Buffer, offset: number, length: number): Promise<number> {
    const { bytesRead } = await this.#file.read(target, offset, length, this.#filePosition);
    if (bytesRead === 0) throw new HeaderEndError();
    this.#filePosition += bytesRead;
    return bytesRead;
  }

  #check(count: number): void {
    if (count > this.remaining) throw new HeaderEndError();
  }
}
