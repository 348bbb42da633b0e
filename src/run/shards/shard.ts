import { InformError } from '../../errors.js';

/** Which of how many parts. */
export interface ShardNumber {
  /** 1..count */
  index: number;
  count: number;
}

/** One of `count` parts of the rows. */
export interface Shard extends ShardNumber {
  /**
   * The rows of the part. Without them it has the rows r with r mod `count` = `index` - 1: so version 0.1 cut, and so its
   * journals are gone on with and merged.
   */
  range?: RowRange | undefined;
}

/** Rows that follow each other: `from` to before `to`, of `total` in all inputs. */
export interface RowRange {
  from: number;
  to: number;
  total: number;
}

export const MAX_SHARDS = 10_000;

/** "2/4", as the command line has it. Throws INFORM_INVALID_CONFIG. */
export function parseShard(text: string): ShardNumber {
  const [, index = 0, count = 0] = (/^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (isShard({ index, count })) return { index, count };
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `--shard must be i/n with i from 1 to n and n at most ${MAX_SHARDS}, such as 1/4, or auto in an array job, but is ${JSON.stringify(text.slice(0, 60))}.`,
  );
}

const SHARD = /^(\d{1,5})\/(\d{1,5})(?: rows (\d{1,16})\.\.(\d{1,16}) of (\d{1,16}))?$/;

/** A shard as its journal's header has it; undefined for anything else. */
export function readShard(text: unknown): Shard | undefined {
  const [whole, index = 0, count = 0, from, to = 0, total = 0] = (
    typeof text === 'string' ? (SHARD.exec(text) ?? []) : []
  ).map((part, at) => (at === 0 ? part : part && Number(part))) as [string?, ...number[]];
  if (whole === undefined || !isShard({ index, count })) return undefined;
  if (from === undefined) return { index, count };
  return from <= to && to <= total ? { index, count, range: { from, to, total } } : undefined;
}

/** A shard as text for a journal's header. */
export function formatShard({ index, count, range }: Shard): string {
  const name = `${index}/${count}`;
  return range === undefined ? name : `${name} rows ${range.from}..${range.to} of ${range.total}`;
}

/** How many rows a shard has of so many rows of the input. */
export function rowsOf(shard: Shard | undefined, rows: number): number {
  if (shard === undefined) return rows;
  if (shard.range !== undefined) return shard.range.to - shard.range.from;
  return Math.max(Math.ceil((rows - shard.index + 1) / shard.count), 0);
}

/** The how-manieth row of a shard, from 0 on, a row of the input is; undefined where it is none. */
export function placeIn({ index, count, range }: Shard, row: number): number | undefined {
  if (range !== undefined) return row >= range.from && row < range.to ? row - range.from : undefined;
  return row % count === index - 1 ? (row - index + 1) / count : undefined;
}

function isShard({ index, count }: ShardNumber): boolean {
  return index >= 1 && index <= count && count <= MAX_SHARDS;
}
