import { formatDuration } from '../util/format.js';

/** Seconds of silence that are always in order. */
const PATIENCE_SECONDS = 30;
/** A silence this many times as long as the longest one before is worth a word. */
const UNUSUAL = 10;
const CHECK_MS = 1000;

export interface SilenceHooks {
  /** Whether an answer is due: samples are in native code. */
  isWaiting: () => boolean;
  /** Told, in a sentence for people, of each silence that is unusually long; again each time it has doubled. */
  onSilence: (what: string) => void;
  /** Called once when a silence has lasted for the limit. */
  onLimit: (seconds: number) => void;
}

/** Watches an engine that may never answer, as one whose driver hangs. */
export class SilenceWatch {
  #lastHeard = performance.now();
  #longest = 0;
  #sayAt = PATIENCE_SECONDS;
  #over = false;
  readonly #timer: NodeJS.Timeout;

  /** @param limitSeconds the silence that is too long; 0: none is */
  constructor(
    private readonly limitSeconds: number,
    private readonly hooks: SilenceHooks,
    checkMilliseconds = CHECK_MS,
  ) {
    this.#timer = setInterval(() => {
      this.#check();
    }, checkMilliseconds).unref();
  }

  /** The engine said something. */
  heard(): void {
    if (this.hooks.isWaiting()) this.#longest = Math.max(this.#longest, this.#seconds());
    this.#lastHeard = performance.now();
    this.#sayAt = Math.max(PATIENCE_SECONDS, UNUSUAL * this.#longest);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #seconds(): number {
    return (performance.now() - this.#lastHeard) / 1000;
  }

  #check(): void {
    if (this.#over) return;
    if (!this.hooks.isWaiting()) {
      this.#lastHeard = performance.now();
      return;
    }
    const seconds = this.#seconds();
    if (this.limitSeconds > 0 && seconds >= this.limitSeconds) {
      this.#over = true;
      this.hooks.onLimit(seconds);
    } else if (seconds >= this.#sayAt) {
      this.#sayAt = 2 * seconds;
      const before = this.#longest >= 0.1 ? `; the longest batch before took ${formatDuration(this.#longest)}` : '';
      const then =
        this.limitSeconds > 0
          ? `After ${formatDuration(this.limitSeconds)} (engine_timeout) it is ended and started again.`
          : 'engine_timeout is 0, so it is waited for without a limit.';
      this.hooks.onSilence(
        `The engine has been computing for ${formatDuration(seconds)} without an answer${before}. ${then}`,
      );
    }
  }
}
