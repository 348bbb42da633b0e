import { InformError } from '../errors.js';
import type { Message } from '../input/sample.js';

/** A stretch of a rendered prompt, and whether the texts of special tokens in it become those tokens. */
export interface PromptPiece {
  text: string;
  parseSpecial: boolean;
}

/** What changes a text before it is tokenized, but for the added tokens in it. */
export interface Rewriter {
  /** @param isFirst whether the piece begins the prompt */
  rewrite(piece: PromptPiece, isFirst: boolean): PromptPiece[];
}

/** The longest first, as tokenizers take them, in a group; with nothing to look for, a pattern that never matches. */
export function anyOf(texts: readonly string[]): RegExp {
  const patterns = texts.toSorted((a, b) => b.length - a.length).map(escapeRegExp);
  return patterns.length === 0 ? /((?!))/u : new RegExp(`(${patterns.join('|')})`, 'u');
}

/** Private-use characters that may serve as marks; a sample would have to hold all of them to leave none. */
const MARKS = Array.from({ length: 64 }, (_, i) => String.fromCodePoint(0xf0000 + i));

/**
 * Knows the texts of a vocabulary's special tokens, and keeps those that a sample's content holds apart from those
 * that the chat template writes.
 *
 * For `special_tokens: literal`: every special text in the content gets a mark inside before the template runs. In the
 * rendered prompt, unmarked special texts are then the template's own; the stretches between them lose their marks and
 * are tokenized as plain text. Tokenizers split at special tokens first, so cutting there changes nothing else.
 */
export class SpecialTokens {
  readonly #pattern: RegExp | undefined;

  constructor(texts: readonly string[]) {
    // Longest first: where one text begins another, the tokenizer takes the longer. A single character cannot be
    // taken apart by a mark, and no vocabulary makes a control token of one.
    const alternatives = texts
      .filter((text) => Array.from(text).length > 1)
      .sort((a, b) => b.length - a.length)
      .map(escapeRegExp);
    this.#pattern = alternatives.length > 0 ? new RegExp(alternatives.join('|'), 'g') : undefined;
  }

  occursIn(text: string): boolean {
    return this.#pattern !== undefined && text.search(this.#pattern) >= 0;
  }

  /** The messages with a mark inside every special text. */
  mask(messages: readonly Message[]): { messages: Message[]; mark: string } {
    const mark = MARKS.find((candidate) => messages.every((message) => !message.content.includes(candidate)));
    if (!mark) throw new InformError('INFORM_INVALID_SAMPLE', 'the sample uses every private-use mark character.');
    const masked = messages.map((message) => ({ ...message, content: this.#insert(message.content, mark) }));
    return { messages: masked, mark };
  }

  /** A rendered prompt, cut into the template's special tokens and the plain stretches between them. */
  split(prompt: string, mark: string): PromptPiece[] {
    const pieces: PromptPiece[] = [];
    const addPlain = (text: string): void => {
      if (text !== '') pieces.push({ text: text.replaceAll(mark, ''), parseSpecial: false });
    };
    let end = 0;
    for (const match of this.#pattern ? prompt.matchAll(this.#pattern) : []) {
      addPlain(prompt.slice(end, match.index));
      pieces.push({ text: match[0], parseSpecial: true });
      end = match.index + match[0].length;
    }
    addPlain(prompt.slice(end));
    return pieces;
  }

  /** Marks until nothing special is left: cutting one text can leave another that overlaps it. */
  #insert(content: string, mark: string): string {
    let text = content;
    while (this.#pattern && this.occursIn(text)) {
      text = text.replace(this.#pattern, (special) => special.replace(/^./su, (first) => first + mark));
    }
    return text;
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
