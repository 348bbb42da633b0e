import { anyOf, type PromptPiece, type Rewriter } from './special-tokens.js';

/**
 * What Unicode has added since the tables of the tokenizers library were made: marks whose order those leave as it is, and the
 * scripts with pairs that those do not compose. test/reference/make_nfc_golden.py asks it about every character.
 */
const NEWER =
  /([\u07fd\u0897-\u089f\u08ca-\u08d3\u09fe\u0c3c\u0d3b-\u0d3c\u0eba\u1715\u1abf-\u1add\u1ae0-\u1aeb\u1df6-\u1dfa\ua82c\u{105c0}-\u{105ff}\u{10d24}-\u{10d27}\u{10d69}-\u{10d6d}\u{10eab}-\u{10eac}\u{10efa}-\u{10eff}\u{10f46}-\u{10f50}\u{10f82}-\u{10f85}\u{11070}\u{1133b}\u{11380}-\u{113ff}\u{1145e}\u{11839}-\u{1183a}\u{11900}-\u{1195f}\u{119e0}\u{11a34}\u{11a47}\u{11a99}\u{11d42}\u{11d44}-\u{11d45}\u{11d97}\u{11f41}-\u{11f42}\u{16100}-\u{1613f}\u{16d40}-\u{16d7f}\u{16ff0}-\u{16ff1}\u{1e08f}\u{1e130}-\u{1e136}\u{1e2ae}\u{1e2ec}-\u{1e2ef}\u{1e4ec}-\u{1e4ef}\u{1e5ee}-\u{1e5ef}\u{1e6e3}\u{1e6e6}\u{1e6ee}-\u{1e6ef}\u{1e6f5}]+)/u;

/** A text in Unicode's composed form, as the normalizer `NFC` of the tokenizers library gives it. */
export function nfc(text: string): string {
  if (text.normalize('NFC') === text) return text;
  // The odd parts are what that library leaves as it is.
  return text
    .split(NEWER)
    .map((part, index) => (index % 2 === 1 ? part : part.normalize('NFC')))
    .join('');
}

/** Composes prompts, but for the texts of added tokens: the tokenizer finds those before it changes anything. */
export class Composer implements Rewriter {
  readonly #all: RegExp;
  readonly #literal: RegExp;

  /**
   * @param control texts of tokens that are found only where special texts are parsed
   * @param others texts of the other added tokens
   */
  constructor(control: readonly string[], others: readonly string[]) {
    this.#all = anyOf([...control, ...others]);
    this.#literal = anyOf(others);
  }

  rewrite(piece: PromptPiece): PromptPiece[] {
    const { text, parseSpecial } = piece;
    // Every part of a composed text is composed.
    if (text.normalize('NFC') === text) return [piece];
    // The odd parts are tokens. Without looking for special texts, composing makes none of them.
    return text.split(parseSpecial ? this.#all : this.#literal).flatMap((part, index) => {
      if (part === '') return [];
      return index % 2 === 1 ? [{ text: part, parseSpecial }] : [{ text: nfc(part), parseSpecial: false }];
    });
  }
}
