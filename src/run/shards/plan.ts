import { InformError } from '../../errors.js';
import { readRows, type InputRow, type ReadOptions } from '../../input/rows.js';
import type { Message } from '../../input/sample.js';
import type { SampleReader } from '../../input/sample-reader.js';
import type { RowRange, Shard, ShardNumber } from './shard.js';

/** What every answer costs beside its text, as bytes of text: the template's own tokens. */
const ANSWER_BYTES = 64;
/** So many places to cut are kept for each shard, or this many in all: a shard is off its share by less than a percent. */
const PLACES_PER_SHARD = 256;
const LEAST_PLACES = 2 ** 16;

/** A row before which the input may be cut. */
interface Place {
  row: number;
  /** What the rows before it cost. */
  before: number;
}

/**
 * Cuts rows into ranges of about equal cost, where the prompt changes, so that the answers to one prompt stay together and it is
 * computed once. The cost of a row is the bytes of its answers, and of its prompt where that is not the row's before it. The
 * ranges depend on the rows alone. Memory is bounded: places that lie close together are thinned out.
 */
export class ShardPlan {
  #places: Place[] = [];
  #grain = 0;
  #rows = 0;
  #cost = 0;
  #prompt: string | undefined;
  constructor(
    private readonly count: number,
    private readonly reader: SampleReader,
    /** So many places are kept at most. */
    private readonly most = 2 * Math.max(LEAST_PLACES, PLACES_PER_SHARD * count),
  ) {}

  /** Takes the next row. */
  add(row: InputRow): void {
    const conversations = row.ok ? this.#conversationsOf(row.value) : [];
    const [first] = conversations;
    if (first !== undefined) {
      const prompt = JSON.stringify(first.slice(0, -1));
      const isNew = prompt !== this.#prompt;
      if (isNew) this.#addPlace();
      this.#prompt = prompt;
      if (isNew) this.#cost += Buffer.byteLength(prompt);
      for (const turns of conversations) this.#cost += ANSWER_BYTES + Buffer.byteLength(turns.at(-1)?.content ?? '');
    }
    this.#rows++;
  }

  /** All ranges, once every row was added: each begins where the one before it ends. */
  ranges(): RowRange[] {
    const total = this.#rows;
    const starts = [0, ...Array.from({ length: this.count - 1 }, (_, i) => this.#cutNear((i + 1) / this.count)), total];
    return starts.slice(1).map((to, i) => ({ from: starts[i] ?? 0, to, total }));
  }

  #addPlace(): void {
    const last = this.#places.at(-1);
    if (last !== undefined && this.#cost - last.before < this.#grain) return;
    this.#places.push({ row: this.#rows, before: this.#cost });
    if (this.#places.length <= this.most) return;
    this.#grain = Math.max(2 * this.#grain, Math.ceil((2 * this.#cost) / this.most));
    const kept: Place[] = [];
    for (const place of this.#places) {
      const before = kept.at(-1)?.before ?? -Infinity;
      if (place.before - before >= this.#grain) kept.push(place);
    }
    this.#places = kept;
  }

  /** The row that lies nearest to a share of the whole cost. */
  #cutNear(share: number): number {
    const wanted = this.#cost * share;
    const places = this.#places;
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((places[middle]?.before ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    const end = { row: this.#rows, before: this.#cost };
    const [below, above] = [places[low - 1] ?? end, places[low] ?? end];
    return wanted - below.before <= above.before - wanted && low > 0 ? below.row : above.row;
  }

  #conversationsOf(value: unknown): Message[][] {
    try {
      return this.reader.read(value).conversations;
    } catch (error) {
      // It will be rejected, and costs nothing.
      if (error instanceof InformError) return [];
      throw error;
    }
  }
}

export interface PlanOptions extends ReadOptions {
  /** Told how many bytes were read. */
  onRow?: ((bytes: number) => void) | undefined;
}

/** The ranges of all shards, found in one pass over the inputs. Throws what `readRows` throws. */
export async function planShards(
  inputs: readonly string[],
  count: number,
  reader: SampleReader,
  { onRow, ...options }: PlanOptions,
): Promise<RowRange[]> {
  const plan = new ShardPlan(count, reader);
  for await (const row of readRows(inputs, options)) {
    plan.add(row);
    onRow?.(row.bytes);
  }
  return plan.ranges();
}

/** A shard with its rows. */
export function withRange(shard: ShardNumber, ranges: readonly RowRange[]): Shard {
  const range = ranges[shard.index - 1];
  if (range === undefined || ranges.length !== shard.count) {
    throw new InformError('INFORM_INTERNAL', `There are ${ranges.length} ranges for ${shard.count} shards.`);
  }
  return { index: shard.index, count: shard.count, range };
}
