import type { Engine } from '../engine/engine.js';
import { toInformError, InformError } from '../errors.js';
import { NO_PROMPT_RULES, type PromptRules, type ReadToken, type TokenizerRules } from '../gguf/scoring-rules.js';
import type { Message } from '../input/sample.js';
import { readPosition } from './read-position.js';
import { SpecialTokens, type PromptPiece, type Rewriter } from './special-tokens.js';
import { beyondLimits, TEMPLATE_MILLISECONDS, type ChatTemplate } from './chat-template.js';
import { TimeLimitError, withTimeLimit } from '../util/async/time-limit.js';

/** A sample as the engine takes it. */
export interface EncodedSample {
  /** 1..maxLength token ids, of which the last one is scored. */
  tokens: Int32Array;
  /** Whether tokens beyond maxLength were cut off. */
  truncated: boolean;
  /** Whether the sample's own text held the text of a special token, such as `<|eot_id|>`. */
  holdsSpecialText: boolean;
}

/** Where the time of encoding goes, in seconds. */
export interface EncodeSeconds {
  /** Rendering the chat template. */
  template: number;
  /** From handing texts to the tokenizer's threads until their tokens are back. */
  tokenize: number;
}

export interface EncoderOptions {
  maxLength: number;
  specialTokens: 'parse' | 'literal';
  /** Which end of a text is cut off, in place of what the rules say. */
  truncationSide?: 'auto' | 'left' | 'right';
  /** 'always': the tokenizer's BOS also stands before a text that begins with it. */
  bos?: 'auto' | 'always';
  /** What the model's files say; the rules of a file that says nothing where absent. */
  rules?: EncodingRules;
  /** For a tokenizer that changes texts; undefined for others. */
  rewriter?: Rewriter | undefined;
  /** In place of TEMPLATE_MILLISECONDS, for tests. */
  templateMilliseconds?: number;
}

/** How the tokens of a rendered conversation become those that are evaluated. */
export interface EncodingRules
  extends Pick<TokenizerRules, 'addedBosId' | 'truncationSide' | 'tokensWithoutRow'>, PromptRules {
  readonly readToken: ReadToken;
}

const DEFAULT_RULES: EncodingRules = {
  addedBosId: undefined,
  truncationSide: 'right',
  tokensWithoutRow: [],
  readToken: { kind: 'last' },
  ...NO_PROMPT_RULES,
};

/** Conversation -> prompt text -> token ids, for many conversations at a time. */
export class Encoder {
  readonly #special: SpecialTokens;

  constructor(
    private readonly engine: Engine,
    private readonly template: ChatTemplate,
    private readonly options: EncoderOptions,
  ) {
    this.#special = new SpecialTokens(engine.info.specialTokens);
    checkRoom(options);
  }

  /** One result per conversation, in order: the encoded sample, or why there is none. Adds to `seconds` what it took. */
  async encode(
    conversations: readonly (Message[] | InformError)[],
    seconds: EncodeSeconds = { template: 0, tokenize: 0 },
  ): Promise<(EncodedSample | InformError)[]> {
    const start = performance.now();
    const prompts = this.#renderAll(conversations);
    const pieces = prompts.flatMap((prompt) => (prompt instanceof InformError ? [] : prompt.pieces));
    const rendered = performance.now();
    const tokenized = await this.#tokenize(pieces);
    seconds.template += (rendered - start) / 1000;
    seconds.tokenize += (performance.now() - rendered) / 1000;

    let next = 0;
    return prompts.map((prompt) => {
      if (prompt instanceof InformError) return prompt;
      const parts = tokenized.slice(next, (next += prompt.pieces.length));
      const [only] = parts;
      return this.#limit(parts.length === 1 && only ? only : concatenate(parts), prompt.holdsSpecialText);
    });
  }

  /**
   * Many share one time limit, as setting it costs. The one whose turn it is when time is up is tried once more as the first:
   * others may have used the time up, or the machine slept.
   */
  #renderAll(conversations: readonly (Message[] | InformError)[]): (Prompt | InformError)[] {
    const prompts: (Prompt | InformError)[] = [];
    let interrupted: number | undefined;
    while (prompts.length < conversations.length) {
      try {
        withTimeLimit(this.options.templateMilliseconds ?? TEMPLATE_MILLISECONDS, () => {
          for (const conversation of conversations.slice(prompts.length)) prompts.push(this.#render(conversation));
        });
      } catch (error) {
        if (!(error instanceof TimeLimitError)) throw error;
        if (interrupted === prompts.length) prompts.push(beyondLimits(error));
        else interrupted = prompts.length;
      }
    }
    return prompts;
  }

  #render(messages: Message[] | InformError): Prompt | InformError {
    // What failed before it came here keeps its place among the others.
    if (messages instanceof InformError) return messages;
    try {
      const holdsSpecialText = messages.some((message) => this.#special.occursIn(message.content));
      if (this.options.specialTokens === 'parse' || !holdsSpecialText) {
        const text = this.template.render(messages);
        const pieces = [{ text, parseSpecial: true }];
        if (this.options.specialTokens === 'parse') this.#checkRows(text);
        return { pieces: this.#rewritten(pieces), holdsSpecialText };
      }
      const masked = this.#special.mask(messages);
      const pieces = this.#special.split(this.template.render(masked.messages), masked.mark);
      return { pieces: this.#rewritten(pieces), holdsSpecialText };
    } catch (error) {
      return toInformError(error);
    }
  }

  /** transformers fails over such a token. As plain text its neighbours would be split in another way, too. */
  #checkRows(text: string): void {
    const token = this.options.rules?.tokensWithoutRow.find((candidate) => text.includes(candidate));
    if (token === undefined) return;
    throw new InformError(
      'INFORM_INVALID_SAMPLE',
      `the sample holds the text of the token ${JSON.stringify(token)}, for which the model's embedding has no row. Take it out, or score with --special-tokens literal.`,
    );
  }

  #rewritten(pieces: PromptPiece[]): PromptPiece[] {
    const { rewriter } = this.options;
    return rewriter === undefined ? pieces : pieces.flatMap((piece, i) => rewriter.rewrite(piece, i === 0));
  }

  /** The tokens of each piece, in order. Two native calls at most, whatever the number of pieces. */
  async #tokenize(pieces: readonly PromptPiece[]): Promise<Int32Array[]> {
    const run = async (parseSpecial: boolean): Promise<Int32Array[]> => {
      const texts = pieces.filter((piece) => piece.parseSpecial === parseSpecial).map((piece) => piece.text);
      return texts.length === 0 ? [] : this.engine.tokenize(texts, parseSpecial);
    };
    const [parsed, literal] = await Promise.all([run(true), run(false)]);
    const queues = { parsed: parsed.values(), literal: literal.values() };
    return pieces.map((piece) => {
      const { value } = (piece.parseSpecial ? queues.parsed : queues.literal).next();
      if (!value) throw new InformError('INFORM_INTERNAL', 'the tokenizer returned fewer texts than it was given.');
      return value;
    });
  }

  /** As transformers does: BOS, truncation, the class's own suffix, and then the place that is read. What follows it decides nothing. */
  #limit(rendered: Int32Array, holdsSpecialText: boolean): EncodedSample | InformError {
    if (rendered.length === 0) {
      return new InformError('INFORM_TEMPLATE_FAILED', 'the chat template rendered the sample to an empty text.');
    }
    const { maxLength, rules = DEFAULT_RULES, truncationSide = 'auto', bos } = this.options;
    const side = truncationSide === 'auto' ? rules.truncationSide : truncationSide;
    const isThere = bos !== 'always' && !rules.alwaysBos && rendered[0] === rules.addedBosId;
    const { tokens, truncated } = truncate(rendered, maxLength, {
      before: isThere ? undefined : rules.addedBosId,
      after: rules.suffixTokenId,
      truncationSide: side,
    });
    try {
      const end = readPosition(tokens, rules.readToken) + 1;
      return { tokens: end < tokens.length ? tokens.slice(0, end) : tokens, truncated, holdsSpecialText };
    } catch (error) {
      return toInformError(error);
    }
  }
}

interface Prompt {
  pieces: PromptPiece[];
  holdsSpecialText: boolean;
}

/** BOS, suffix and nothing of the sample between them would give all samples one score. */
function checkRoom({ maxLength, rules = DEFAULT_RULES }: EncoderOptions): void {
  if (rules.suffixTokenId === undefined || maxLength > 2) return;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `max_length is ${maxLength}, which leaves no room for a text between BOS and the token that this model's class puts behind it. Raise it.`,
  );
}

/** At most `maxLength` tokens, with a token before and one after them where they are given. Those are never cut off. */
function truncate(
  rendered: Int32Array,
  maxLength: number,
  {
    before,
    after,
    truncationSide,
  }: { before: number | undefined; after: number | undefined; truncationSide: 'left' | 'right' },
): Pick<EncodedSample, 'tokens' | 'truncated'> {
  const [first, last] = [before, after].map((id) => (id === undefined ? [] : [Int32Array.of(id)]));
  const around = [...(first ?? []), ...(last ?? [])].length;
  const room = maxLength - around;
  const truncated = rendered.length > room;
  const start = truncated && truncationSide === 'left' ? rendered.length - room : 0;
  // A copy, so that a very long sample's other tokens are not kept alive by the few that count.
  const kept = truncated ? rendered.slice(start, start + room) : rendered;
  return { tokens: around === 0 ? kept : concatenate([...(first ?? []), kept, ...(last ?? [])]), truncated };
}

/** All parts one after the other. */
function concatenate(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, tokens) => sum + tokens.length, 0));
  let offset = 0;
  for (const tokens of parts) {
    all.set(tokens, offset);
    offset += tokens.length;
  }
  return all;
}
