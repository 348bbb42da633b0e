import { InformError } from '../errors.js';

/** The rows r with r mod `count` = `index` - 1: one of `count` parts that are about equally long, whatever is in the input. */
export interface Shard {
  /** 1..count */
  index: number;
  count: number;
}

const MAX_SHARDS = 10_000;

/** "2/4" as a shard. Throws INFORM_INVALID_CONFIG. */
export function parseShard(text: string): Shard {
  const [, index = 0, count = 0] = (/^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= count && count <= MAX_SHARDS) return { index, count };
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `--shard must be i/n with i from 1 to n and n at most ${MAX_SHARDS}, such as 1/4, but is ${JSON.stringify(text.slice(0, 60))}.`,
  );
}

export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/** The rows of a shard, or all rows where no shard is given; they keep their numbers in the whole input. */
export async function* rowsOfShard<Row extends { row: number }>(
  rows: AsyncIterable<Row>,
  shard: Shard | undefined,
): AsyncGenerator<Row> {
  for await (const row of rows) {
    if (shard === undefined || row.row % shard.count === shard.index - 1) yield row;
  }
}
