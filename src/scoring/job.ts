import { InformError } from '../errors.js';
import type { Message } from '../input/sample.js';
import type { EncodedSample } from '../prompt/encoder.js';

/** A sample on its way in, with whatever its owner wants to find again beside its score. */
export interface Job<Tag> {
  tag: Tag;
  /** The conversation to score, or why there is none: a bad sample keeps its place among the others. */
  conversation: Message[] | InformError;
  /** How much text the tag keeps in memory until the outcome is taken: it bounds how far ahead the source is read. */
  characters?: number | undefined;
}

/** What became of a job: a score, or the reason why there is none. */
export type Outcome<Tag> =
  | { tag: Tag; score: number; tokens: number; truncated: boolean; holdsSpecialText: boolean; error?: undefined }
  | { tag: Tag; error: InformError };

/**
 * Told the tags of samples before native code gets them, to be tokenized or to be evaluated, and waited for. What it
 * resolves to is called when native code is done with them.
 */
export type OnNative<Tag> = (tags: readonly Tag[]) => Promise<() => void>;

const NO_TOKENS = new Int32Array();

/** An encoded job on its way to its outcome; one that could not be encoded has it already. */
export class Entry<Tag> {
  readonly tokens: Int32Array;
  outcome: Outcome<Tag> | undefined;

  constructor(
    readonly tag: Tag,
    private readonly encoded: EncodedSample | InformError,
    /** As its job said. */
    readonly characters: number,
  ) {
    const failed = encoded instanceof InformError;
    this.tokens = failed ? NO_TOKENS : encoded.tokens;
    if (failed) this.outcome = { tag, error: encoded };
  }

  settle(reward: number | undefined): void {
    if (this.encoded instanceof InformError) return;
    const { tag, tokens } = this;
    const { truncated, holdsSpecialText } = this.encoded;
    this.outcome =
      reward !== undefined && Number.isFinite(reward)
        ? { tag, score: reward, tokens: tokens.length, truncated, holdsSpecialText }
        : { tag, error: notFinite() };
  }

  fail(error: InformError): void {
    this.outcome = { tag: this.tag, error };
  }
}

function notFinite(): InformError {
  return new InformError(
    'INFORM_NON_FINITE_SCORE',
    "The model's arithmetic gave no finite number for this sample, so it has no score.",
  );
}
