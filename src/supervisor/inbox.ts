import { Notifier } from '../util/async/notifier.js';
import { Queue } from '../util/async/queue.js';

/** Number of items that are reported as taken together. */
const REPORT_EVERY = 32;

/** What was received, as a source to read from. It reports what was taken out, so that its sender knows how much it holds. */
export class Inbox<T> implements AsyncIterable<T> {
  readonly #items = new Queue<T>();
  readonly #change = new Notifier();
  #ended = false;
  #taken = 0;

  constructor(private readonly onTaken: (count: number) => void) {}

  put(items: readonly T[]): void {
    for (const item of items) this.#items.push(item);
    this.#change.notify();
  }

  end(): void {
    this.#ended = true;
    this.#change.notify();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#taken++;
        if (this.#taken === REPORT_EVERY || this.#items.length === 0) this.#report();
        yield item;
      } else if (this.#ended) {
        return;
      } else {
        await this.#change.wait();
      }
    }
  }

  #report(): void {
    this.onTaken(this.#taken);
    this.#taken = 0;
  }
}
