import { readRows, type InputRow, type ReadOptions } from '../input/rows.js';
import { rowsOfShard, type Shard } from './row-shard.js';

/** The rows of a run, taken one by one: those that are done already by one hand, the others by another. */
export class RunRows implements AsyncIterable<InputRow> {
  /** Rows of all inputs that were read so far, also those of other shards. */
  read = 0;
  readonly #rows: AsyncGenerator<InputRow>;
  #ahead: IteratorResult<InputRow> | undefined;

  constructor(inputs: readonly string[], shard: Shard | undefined, options: ReadOptions) {
    this.#rows = rowsOfShard(this.#counted(readRows(inputs, options)), shard);
  }

  /** The next row, undefined at the end. Throws what `readRows` throws. */
  async take(): Promise<InputRow | undefined> {
    const next = this.#ahead ?? (await this.#rows.next());
    this.#ahead = undefined;
    return next.done === true ? undefined : next.value;
  }

  /** Whether all rows are taken; looks for a next one. */
  async isAtEnd(): Promise<boolean> {
    this.#ahead ??= await this.#rows.next();
    return this.#ahead.done === true;
  }

  async close(): Promise<void> {
    await this.#rows.return(undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<InputRow> {
    try {
      for (let row = await this.take(); row !== undefined; row = await this.take()) yield row;
    } finally {
      await this.close();
    }
  }

  async *#counted(rows: AsyncIterable<InputRow>): AsyncGenerator<InputRow> {
    for await (const row of rows) {
      this.read++;
      yield row;
    }
  }
}
