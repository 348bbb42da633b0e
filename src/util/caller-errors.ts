import { toInformError } from '../errors.js';

/** Tells the errors of the caller's own functions, which go back to them as they are, from those that are ours to name. */
export class CallerErrors {
  readonly #theirs = new Set<unknown>();

  /** The same function, whose errors are remembered. */
  watch<A extends unknown[], R>(call: ((...args: A) => R) | undefined): ((...args: A) => R) | undefined {
    if (call === undefined) return undefined;
    return (...args) => {
      try {
        const result = call(...args);
        if (result instanceof Promise) result.catch((error: unknown) => this.#theirs.add(error));
        return result;
      } catch (error) {
        this.#theirs.add(error);
        throw error;
      }
    };
  }

  /** The same values, with the errors of who gives them remembered. */
  async *watchAll<T>(values: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    try {
      for await (const value of values) yield value;
    } catch (error) {
      this.#theirs.add(error);
      throw error;
    }
  }

  /** What is thrown in the place of an error. */
  outward(error: unknown): unknown {
    return this.#theirs.has(error) ? error : toInformError(error);
  }
}
