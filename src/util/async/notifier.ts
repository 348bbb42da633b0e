/** Wakes whoever waits. Nobody misses a ring who looks at what there is and then waits, without an await in between. */
export class Bell {
  #ring: () => void = () => undefined;
  #rung = this.#next();

  /** Resolves with the next ring. */
  wait(): Promise<void> {
    return this.#rung;
  }

  ring(): void {
    this.#ring();
    this.#rung = this.#next();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => (this.#ring = resolve));
  }
}
