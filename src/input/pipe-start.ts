import { readChunks } from './source.js';

/**
 * Standard input or a named pipe, which can be read only once: its beginning is kept until the reading that counts takes it, so that it
 * can be looked at before. Whoever opens one closes it: a pipe that is still written to would hold the process.
 */
export class PipeStart {
  readonly #closing = new AbortController();
  readonly #chunks: AsyncIterator<Buffer>;
  /** What was read and not taken. */
  #kept: Buffer[] = [];
  #pending: Promise<boolean> | undefined;
  #failure: { error: unknown } | undefined;
  #isTaken = false;

  constructor(
    readonly input: string,
    signal?: AbortSignal,
  ) {
    const signals = [this.#closing.signal, ...(signal === undefined ? [] : [signal])];
    this.#chunks = readChunks(input, { signal: AbortSignal.any(signals) });
  }

  /** The bytes from the beginning on, to look at; they end early when they are taken. Leaving them closes nothing. */
  async *look(): AsyncGenerator<Buffer> {
    for (let at = 0; ; at++) {
      if (at === this.#kept.length && !this.#isTaken && !(await this.#readMore())) return;
      const chunk = this.#seen(at);
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  #seen(at: number): Buffer | undefined {
    return this.#isTaken ? undefined : this.#kept[at];
  }

  /** All bytes from the beginning on; undefined where they are taken already. */
  take(): AsyncGenerator<Buffer> | undefined {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    return this.#all();
  }

  close(): void {
    this.#closing.abort();
  }

  async *#all(): AsyncGenerator<Buffer> {
    for (;;) {
      if (this.#kept.length === 0 && !(await this.#readMore())) return;
      const kept = this.#kept;
      this.#kept = [];
      yield* kept;
    }
  }

  /** Whether there was more. Who asks while another waits gets the same answer, and a failure is told to all. */
  async #readMore(): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#pending ??= this.#next();
    return this.#pending;
  }

  async #next(): Promise<boolean> {
    try {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#kept.push(next.value);
      return true;
    } catch (error) {
      this.#failure = { error };
      throw error;
    } finally {
      this.#pending = undefined;
    }
  }
}
