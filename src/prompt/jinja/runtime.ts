import { TemplateLimitError } from './errors.js';

// Llama 3.1's template takes some 150 steps for two messages. The base is far above every template; what grows with the
// conversation keeps long ones going.
const BASE_STEPS = 200_000;
const STEPS_PER_CHARACTER = 64;
/** So many characters in a new text cost as much as one step. */
const CHARACTERS_PER_STEP = 256;
const BASE_TEXT = 2 ** 20;
const TEXT_PER_CHARACTER = 8;
/** Macros that call macros. */
const MAX_CALLS = 100;

/** What one rendering may still do, and where it is. */
export class Runtime {
  /** The line of the statement that runs. */
  line = 1;
  readonly #maxText: number;
  #stepsLeft: number;
  #calls = 0;

  /**
   * @param size of the conversation, in characters: the bounds of steps and of texts grow with it
   * @param isFilter whether there is a filter of a name, for the test of that name
   */
  constructor(
    size: number,
    readonly isFilter: (name: string) => boolean,
  ) {
    this.#stepsLeft = BASE_STEPS + STEPS_PER_CHARACTER * size;
    this.#maxText = BASE_TEXT + TEXT_PER_CHARACTER * size;
  }

  /** @throws TemplateLimitError */
  spend(steps: number): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) throw new TemplateLimitError('it loops for too long');
  }

  /**
   * Says that a text of so many UTF-16 units is made; to be called before it is, where it may be much longer than its parts.
   *
   * @throws TemplateLimitError
   */
  makeText(length: number): void {
    if (length > this.#maxText) {
      throw new TemplateLimitError(`it makes a text of more than ${this.#maxText} characters`);
    }
    this.spend(Math.floor(length / CHARACTERS_PER_STEP));
  }

  /** `makeText` for a text that is there. */
  text(made: string): string {
    this.makeText(made.length);
    return made;
  }

  /** What was written so far, with a text that follows. */
  append(written: string, text: string): string {
    this.spend(Math.floor(text.length / CHARACTERS_PER_STEP));
    const all = written + text;
    if (all.length > this.#maxText) this.makeText(all.length);
    return all;
  }

  /** Runs the body of a macro, or of a loop that calls itself. */
  call<T>(body: () => T): T {
    if (this.#calls === MAX_CALLS) throw new TemplateLimitError(`it has macros that call each other ${MAX_CALLS} deep`);
    this.#calls++;
    const { line } = this;
    try {
      const result = body();
      this.line = line;
      return result;
    } finally {
      this.#calls--;
    }
  }
}
