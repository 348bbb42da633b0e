import { readRows, type InputRow, type ReadOptions } from '../input/rows.js';
import { placeIn, type RowRange, type Shard } from './shards/shard.js';

export interface RunRowsOptions extends ReadOptions {
  /** Whether a row is done already; undefined stands for the input's end. Called once for each row of the run, in order. */
  isDone?: ((row: InputRow | undefined) => Promise<boolean>) | undefined;
}

/** The rows of a run that are left to score. */
export class RunRows implements AsyncIterable<InputRow> {
  /** Rows of all inputs that were read so far, also those of other shards; all that there are where a shard's range says so. */
  read = 0;
  readonly #rows: AsyncGenerator<InputRow>;
  #ahead: IteratorResult<InputRow> | undefined;

  constructor(inputs: readonly string[], shard: Shard | undefined, { isDone, ...options }: RunRowsOptions) {
    const rows =
      shard?.range === undefined
        ? rowsOfShard(this.#counted(readRows(inputs, options)), shard)
        : rowsOfRange(inputs, shard.range, options);
    this.read = shard?.range?.total ?? 0;
    this.#rows = isDone === undefined ? rows : notDone(rows, isDone);
  }

  /** The next row, undefined at the end. Throws what `readRows` throws. */
  async take(): Promise<InputRow | undefined> {
    const next = this.#ahead ?? (await this.#rows.next());
    this.#ahead = undefined;
    return next.done === true ? undefined : next.value;
  }

  /** Whether no row is left; looks for the next one. */
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

/** The rows of a shard, or all rows where no shard is given; they keep their numbers in the whole input. */
async function* rowsOfShard(rows: AsyncIterable<InputRow>, shard: Shard | undefined): AsyncGenerator<InputRow> {
  for await (const row of rows) {
    if (shard === undefined || placeIn(shard, row.row) !== undefined) yield row;
  }
}

/** Nothing behind the range is read. */
async function* rowsOfRange(
  inputs: readonly string[],
  { from, to }: RowRange,
  options: ReadOptions,
): AsyncGenerator<InputRow> {
  if (from === to) return;
  for await (const row of readRows(inputs, { ...options, from })) {
    yield row;
    if (row.row === to - 1) return;
  }
}

async function* notDone(
  rows: AsyncIterable<InputRow>,
  isDone: (row: InputRow | undefined) => Promise<boolean>,
): AsyncGenerator<InputRow> {
  for await (const row of rows) {
    if (!(await isDone(row))) yield row;
  }
  await isDone(undefined);
}
