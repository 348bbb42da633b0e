import type { PromptPiece, Rewriter } from './special-tokens.js';

/** What SentencePiece writes for a space inside of its pieces. */
export const MARK = '▁';

/**
 * For vocabularies whose runs of spaces are added tokens, written with marks: tokenizers finds those tokens in texts that have
 * marks, and takes every other mark for a space. llama.cpp finds them in texts that have spaces, and merges no marks to them.
 */
export class SpaceMarks implements Rewriter {
  readonly #runs: RegExp;

  private constructor(longest: number) {
    this.#runs = new RegExp(`(${MARK}{2,${longest}})`);
  }

  /**
   * @param added texts of the added tokens that are found in all texts
   * @param known the longest run that is one, where it is not among them
   * @returns undefined where no runs of spaces are added tokens
   */
  static of(added: readonly string[], known = 0): SpaceMarks | undefined {
    const longest = Math.max(known, ...added.filter((text) => /^ {2,}$/.test(text)).map(({ length }) => length));
    return longest === 0 ? undefined : new SpaceMarks(longest);
  }

  rewrite(piece: PromptPiece): PromptPiece[] {
    if (!piece.text.includes(MARK)) return [piece];
    // The odd parts are tokens. Apart from what stands beside them, their spaces are not counted among its own.
    return piece.text
      .split(this.#runs)
      .filter((text) => text !== '')
      .map((text) => ({ ...piece, text: text.replaceAll(MARK, ' ') }));
  }
}
