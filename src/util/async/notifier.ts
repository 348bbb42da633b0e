/**
 * A condition variable for one thread: wakes everything that waits. A caller that checks its condition and then calls `wait`
 * without an `await` in between misses no notification.
 */
export class Notifier {
  #wake: () => void = () => undefined;
  #next = this.#renew();

  /** Resolves with the next call of `notify`. */
  wait(): Promise<void> {
    return this.#next;
  }

  notify(): void {
    this.#wake();
    this.#next = this.#renew();
  }

  #renew(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
