import { MARK } from './space-marks.js';
import { anyOf, type PromptPiece, type Rewriter } from './special-tokens.js';

/** Puts a space where a text between added tokens begins, as the pre-tokenizer `Metaspace` of the tokenizers library does. */
export class SpacePrefixer implements Rewriter {
  readonly #where: 'first' | 'unless_spaced';
  readonly #all: RegExp;
  readonly #literal: RegExp;

  /**
   * @param where 'first': at the start of the prompt alone
   * @param control texts of tokens that are found only where special texts are parsed
   * @param others texts of the other added tokens
   */
  constructor(where: 'first' | 'unless_spaced', control: readonly string[], others: readonly string[]) {
    this.#where = where;
    this.#all = anyOf([...control, ...others]);
    this.#literal = anyOf(others);
  }

  rewrite(piece: PromptPiece, isFirst: boolean): PromptPiece[] {
    if (this.#where === 'first' && !isFirst) return [piece];
    // The odd parts are tokens.
    const parts = piece.text.split(piece.parseSpecial ? this.#all : this.#literal);
    const last = this.#where === 'first' ? 0 : parts.length - 1;
    const text = parts.map((part, i) => (i > last || i % 2 === 1 || !isPlain(part) ? part : MARK + part)).join('');
    return [{ ...piece, text }];
  }
}

/** Whether it begins with anything but a space. */
function isPlain(text: string): boolean {
  return text !== '' && !text.startsWith(' ') && !text.startsWith(MARK);
}
