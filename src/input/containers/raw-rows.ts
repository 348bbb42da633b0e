import { InformError } from '../../errors.js';
import { LINE_FEED, OPEN_BRACE, OPEN_BRACKET, PARQUET_START, isBlank, type RawRow } from '../bytes.js';
import { STDIN, inputName } from '../source.js';
import { InputSplitter } from '../splitter.js';
import { csvKindOf, csvRows } from './csv.js';
import { SIGNATURE_BYTES, compressionOf, unpacked } from './decompress.js';

/** How an input is written. */
export interface InputFormat {
  /** "JSON Lines", "CSV, gzip" */
  name: string;
  /** Of a table: its columns, and where its format says it, how many rows it has. */
  columns?: readonly string[] | undefined;
  rows?: number | undefined;
}

export interface RawRowOptions {
  /** The largest row, in bytes. */
  limit: number;
  onFormat?: ((format: InputFormat) => void) | undefined;
  /** Throws where a file that was not read from its beginning to its end is not what it was. */
  confirm?: (() => Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
}

/** A table's header stands within so many bytes. */
const MOST_HEADER_BYTES = 64 * 1024;

/**
 * The rows of one input, whose format its content tells: JSON in several forms, CSV, Parquet; the first two also compressed.
 *
 * @param chunks the input's bytes from its beginning
 * @throws InformError INFORM_INPUT_UNREADABLE
 */
export async function* rawRows(
  input: string,
  chunks: AsyncIterable<Buffer>,
  { limit, onFormat, confirm, signal }: RawRowOptions,
): AsyncGenerator<RawRow> {
  const name = inputName(input);
  let read = 0;
  const source = new Ahead(counted(chunks, (bytes) => (read += bytes)));
  try {
    const head = await source.peek((bytes) => bytes.length >= SIGNATURE_BYTES);
    if (isParquet(head)) {
      if (input === STDIN) throw notParquet(name, 'comes through a pipe', 'Name the file itself.');
      await source.close();
      const onTable = (rows: number, columns: readonly string[]): void =>
        onFormat?.({ name: 'Parquet', rows, columns });
      // Loaded where it is needed: its libraries take longer to load than all the rest of the input's reading.
      const { parquetRows } = await import('./parquet.js');
      yield* parquetRows(name, input, { onTable, confirm, signal });
      return;
    }
    const compression = compressionOf(head);
    if (compression === undefined) {
      yield* textRows(name, source, { limit, onFormat, position: undefined });
      return;
    }
    const text = new Ahead(unpacked(name, compression, source));
    try {
      if (isParquet(await text.peek((bytes) => bytes.length >= SIGNATURE_BYTES))) {
        throw notParquet(
          name,
          `is ${compression.name}-compressed`,
          'Unpack it first; a Parquet file is compressed in itself.',
        );
      }
      const onText = (format: InputFormat): void =>
        onFormat?.({ ...format, name: `${format.name}, ${compression.name}` });
      yield* textRows(name, text, { limit, onFormat: onText, position: () => read });
    } finally {
      await text.close();
    }
  } finally {
    await source.close();
  }
}

interface TextOptions {
  limit: number;
  onFormat: RawRowOptions['onFormat'];
  /** Where in the input the reading is; undefined: as many bytes as the text has. */
  position: (() => number) | undefined;
}

async function* textRows(
  name: string,
  text: Ahead,
  { limit, onFormat, position }: TextOptions,
): AsyncGenerator<RawRow> {
  const head = await text.peek(
    (bytes) => bytes.length >= MOST_HEADER_BYTES || bytes.includes(LINE_FEED) || isJson(bytes),
  );
  const kind = isJson(head) ? undefined : csvKindOf(firstLine(head));
  if (kind !== undefined) {
    let taken = 0;
    const chunks = counted(text, (bytes) => (taken += bytes));
    if (hasMark(head)) text.drop(MARK_BYTES);
    const onColumns = (columns: readonly string[]): void => onFormat?.({ name: kind.name, columns });
    yield* csvRows(name, chunks, { kind, limit, onColumns, position: position ?? (() => taken) });
    return;
  }
  const splitter = new InputSplitter(name, limit, (format) => onFormat?.({ name: format }));
  for await (const chunk of text) {
    for (const row of splitter.push(chunk)) yield position === undefined ? row : { ...row, end: position() };
  }
  for (const row of splitter.end()) yield position === undefined ? row : { ...row, end: position() };
}

/** UTF-8's byte order mark. */
const MARK_BYTES = 3;

function hasMark(text: Buffer): boolean {
  return text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf;
}

function isJson(text: Buffer): boolean {
  let at = hasMark(text) ? MARK_BYTES : 0;
  while (isBlank(text[at])) at++;
  return text[at] === OPEN_BRACE || text[at] === OPEN_BRACKET;
}

function firstLine(text: Buffer): string {
  const feed = text.indexOf(LINE_FEED);
  return text.toString('utf8', 0, feed < 0 ? text.length : feed).replace(/^\uFEFF/, '').replace(/\r$/, ''); // prettier-ignore
}

function isParquet(head: Buffer): boolean {
  return PARQUET_START.every((byte, at) => head[at] === byte);
}

function notParquet(name: string, why: string, remedy: string): InformError {
  return new InformError(
    'INFORM_INPUT_UNREADABLE',
    `${name} is a Parquet file and ${why}, but it is read from its end. ${remedy}`,
  );
}

async function* counted(chunks: AsyncIterable<Buffer>, add: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    add(chunk.length);
    yield chunk;
  }
}

/** Chunks whose beginning can be looked at before they are read. */
class Ahead implements AsyncIterable<Buffer> {
  readonly #chunks: AsyncIterator<Buffer>;
  #head = Buffer.alloc(0);
  #ended = false;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** As much of the beginning as `isEnough` asks for, or all. */
  async peek(isEnough: (bytes: Buffer) => boolean): Promise<Buffer> {
    while (!this.#ended && !isEnough(this.#head)) {
      const next = await this.#chunks.next();
      if (next.done === true) this.#ended = true;
      else this.#head = Buffer.concat([this.#head, next.value]);
    }
    return this.#head;
  }

  /** Leaves out so many bytes of what was looked at. */
  drop(bytes: number): void {
    this.#head = this.#head.subarray(bytes);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    const head = this.#head;
    this.#head = Buffer.alloc(0);
    if (head.length > 0) yield head;
    while (!this.#ended) {
      const next = await this.#chunks.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
}
