import { InformError } from '../errors.js';
import { boolAt, ggufBool, ggufNumber, ggufString, numberAt, stringAt } from './metadata.js';
import type { GgufMetadata, GgufValue } from './types.js';

// What a model file says, beyond llama.cpp's keys, about how a conversation becomes tokens and which of them is scored.
// A file without these keys is scored at its last token.

/** Which token's hidden state the head takes. */
export type ReadToken =
  | { readonly kind: 'last' }
  /** The last one that is not this id: how transformers' classes for sequence classification find the end of a text. */
  | { readonly kind: 'last_non_pad'; readonly padTokenId: number }
  /** The last one, and none where this id occurs. */
  | { readonly kind: 'last_without_pad'; readonly padTokenId: number };

/**
 * What changes a text before it is tokenized, outside of added tokens: nothing, Unicode's composition, or that the mark which
 * SentencePiece puts in the place of a space becomes one.
 */
export type Normalizer = 'none' | 'nfc' | 'spaces';

/**
 * Where a tokenizer of SentencePiece puts a space before a text: nowhere; at every start of a text and after every added token
 * (both are llama.cpp's own); before a text that does not begin with an added token or a space; or as at every start, but not before a
 * space.
 */
export type SpacePrefix = 'none' | 'every' | 'first' | 'unless_spaced';

/** How a tokenizer treats a text as a whole. */
export interface TokenizerRules {
  /** Id of the token that is put before a text that does not begin with it; undefined where none is. */
  readonly addedBosId: number | undefined;
  /** What changes a text before it is tokenized. */
  readonly normalizer: Normalizer;
  /** Which end of a long text is cut off. */
  readonly truncationSide: 'left' | 'right';
  /** Texts of tokens that the tokenizer has and the embedding has no row for. A prompt that holds one has no score. */
  readonly tokensWithoutRow: readonly string[];
}

/** What the code of a model's class does with a rendered conversation, beyond what its tokenizer does. */
export interface PromptRules {
  /** The token that is put behind a text, or behind what truncation leaves of it; undefined: none. */
  readonly suffixTokenId: number | undefined;
  /** Whether the tokenizer's BOS is put before a text that begins with it, too, as transformers' pipelines do. */
  readonly alwaysBos: boolean;
}

export const NO_PROMPT_RULES: PromptRules = { suffixTokenId: undefined, alwaysBos: false };

/** What a file says of its head beside the tensors. */
export const HEAD_KEY = {
  format: 'inform.head.format',
  activation: 'inform.head.activation',
  /** The Hugging Face class that the head comes from. */
  className: 'inform.head.class',
} as const;

/** What makes a score of a head's output: `(output - mean) / deviation`. */
export interface RewardScale {
  readonly mean: number;
  readonly deviation: number;
}

const MEAN = 'inform.head.mean';
const DEVIATION = 'inform.head.deviation';

export function scaleEntries(scale: RewardScale | undefined): [string, GgufValue][] {
  if (scale === undefined) return [];
  return [
    [MEAN, ggufNumber('float32', scale.mean)],
    [DEVIATION, ggufNumber('float32', scale.deviation)],
  ];
}

/**
 * What makes a score of the output of this file's head.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL for a mean or deviation that is none
 */
export function scaleOf(metadata: GgufMetadata, path: string): RewardScale | undefined {
  if (!metadata.has(MEAN) && !metadata.has(DEVIATION)) return undefined;
  const mean = metadata.has(MEAN) ? numberAt(metadata, MEAN) : 0;
  const deviation = metadata.has(DEVIATION) ? numberAt(metadata, DEVIATION) : 1;
  if (Number.isFinite(mean) && Number.isFinite(deviation) && mean !== undefined && (deviation ?? 0) > 0) {
    return { mean, deviation: deviation ?? 1 };
  }
  throw unknown(path, DEVIATION, String(deviation));
}

const READ_TOKEN = 'inform.head.read_token';
const PAD_TOKEN_ID = 'inform.head.pad_token_id';
const SUFFIX_TOKEN_ID = 'inform.head.suffix_token_id';
const ALWAYS_BOS = 'inform.head.always_bos';
const NORMALIZER = 'inform.tokenizer.normalizer';
const LONGEST_SPACE_RUN = 'inform.tokenizer.longest_space_run';
const SPACE_PREFIX = 'inform.tokenizer.space_prefix';
const ADD_SPACE_PREFIX = 'tokenizer.ggml.add_space_prefix';
const TRUNCATION_SIDE = 'inform.tokenizer.truncation_side';
const TOKENS_WITHOUT_ROW = 'inform.tokenizer.tokens_without_row';

export function readTokenEntries(rule: ReadToken): [string, GgufValue][] {
  const kind: [string, GgufValue] = [READ_TOKEN, ggufString(rule.kind)];
  return rule.kind === 'last' ? [kind] : [kind, [PAD_TOKEN_ID, ggufNumber('uint32', rule.padTokenId)]];
}

/** Nothing for a class that adds nothing. */
export function promptEntries({ suffixTokenId, alwaysBos }: PromptRules): [string, GgufValue][] {
  return [
    ...(suffixTokenId === undefined
      ? []
      : [[SUFFIX_TOKEN_ID, ggufNumber('uint32', suffixTokenId)] as [string, GgufValue]]),
    ...(alwaysBos ? [[ALWAYS_BOS, ggufBool(true)] as [string, GgufValue]] : []),
  ];
}

/**
 * What is done with the texts that the head of this file scores.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL for a suffix that is no token
 */
export function promptRulesOf(metadata: GgufMetadata, path: string): PromptRules {
  const suffixTokenId = numberAt(metadata, SUFFIX_TOKEN_ID);
  const isToken = suffixTokenId !== undefined && Number.isInteger(suffixTokenId) && suffixTokenId >= 0;
  if (metadata.has(SUFFIX_TOKEN_ID) && !isToken) {
    throw unknown(path, SUFFIX_TOKEN_ID, stringAt(metadata, SUFFIX_TOKEN_ID) ?? String(suffixTokenId));
  }
  if (metadata.has(ALWAYS_BOS) && boolAt(metadata, ALWAYS_BOS) === undefined)
    throw unknown(path, ALWAYS_BOS, stringAt(metadata, ALWAYS_BOS));
  return { suffixTokenId, alwaysBos: boolAt(metadata, ALWAYS_BOS) === true };
}

/** All tokenizers of Qwen compose, and llama.cpp's converter has no key that says so. */
function usualNormalizer(tokenizer: GgufMetadata): Normalizer {
  if (stringAt(tokenizer, 'tokenizer.ggml.model') === 'llama') return 'spaces';
  return stringAt(tokenizer, 'tokenizer.ggml.pre') === 'qwen2' ? 'nfc' : 'none';
}

/** Nothing where it is what a file without the key means. */
export function normalizerEntries(normalizer: Normalizer, tokenizer: GgufMetadata): [string, GgufValue][] {
  return normalizer === usualNormalizer(tokenizer) ? [] : [[NORMALIZER, ggufString(normalizer)]];
}

/** Nothing where runs of spaces are found as added tokens, which the vocabulary says by itself. */
export function spaceRunEntries(longest: number | undefined): [string, GgufValue][] {
  return longest === undefined ? [] : [[LONGEST_SPACE_RUN, ggufNumber('uint32', longest)]];
}

/** The longest run of marks for spaces that is an added token, where the vocabulary does not say that it is one. */
export function longestSpaceRunOf(metadata: GgufMetadata): number | undefined {
  return numberAt(metadata, LONGEST_SPACE_RUN);
}

/** Where llama.cpp has not the rule, it is to put no space anywhere. */
export function spacePrefixEntries(prefix: SpacePrefix): [string, GgufValue][] {
  const own: [string, GgufValue] = [SPACE_PREFIX, ggufString(prefix)];
  return [
    [ADD_SPACE_PREFIX, ggufBool(prefix === 'every')],
    ...(prefix === 'first' || prefix === 'unless_spaced' ? [own] : []),
  ];
}

/** @throws InformError INFORM_UNSUPPORTED_MODEL for a rule that this version does not know */
export function spacePrefixOfFile(metadata: GgufMetadata, path: string): SpacePrefix {
  const prefix = metadata.has(SPACE_PREFIX) ? stringAt(metadata, SPACE_PREFIX) : undefined;
  if (prefix === 'first' || prefix === 'unless_spaced') return prefix;
  if (metadata.has(SPACE_PREFIX)) throw unknown(path, SPACE_PREFIX, prefix);
  return boolAt(metadata, ADD_SPACE_PREFIX) === false ? 'none' : 'every';
}

/** Nothing for the side that a file without the key has. */
export function truncationEntries(side: TokenizerRules['truncationSide']): [string, GgufValue][] {
  return side === 'right' ? [] : [[TRUNCATION_SIDE, ggufString(side)]];
}

/** One text, as JSON, which readers that skip arrays keep; nothing where every token has a row. */
export function withoutRowEntries(tokens: readonly string[]): [string, GgufValue][] {
  return tokens.length === 0 ? [] : [[TOKENS_WITHOUT_ROW, ggufString(JSON.stringify(tokens))]];
}

/**
 * Which token is scored with the head of this file.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL for a rule that this version does not know
 */
export function readTokenOf(metadata: GgufMetadata, path: string): ReadToken {
  const kind = metadata.has(READ_TOKEN) ? stringAt(metadata, READ_TOKEN) : 'last';
  const padTokenId = numberAt(metadata, PAD_TOKEN_ID);
  if (kind === 'last') return { kind };
  if ((kind === 'last_non_pad' || kind === 'last_without_pad') && padTokenId !== undefined) return { kind, padTokenId };
  throw unknown(path, READ_TOKEN, kind);
}

/** @throws InformError INFORM_UNSUPPORTED_MODEL for a rule that this version does not know */
export function tokenizerRulesOf(metadata: GgufMetadata, path: string): TokenizerRules {
  const side = metadata.has(TRUNCATION_SIDE) ? stringAt(metadata, TRUNCATION_SIDE) : 'right';
  if (side !== 'left' && side !== 'right') throw unknown(path, TRUNCATION_SIDE, side);
  const usual = usualNormalizer(metadata);
  const normalizer = metadata.has(NORMALIZER) ? stringAt(metadata, NORMALIZER) : usual;
  if (normalizer !== 'none' && normalizer !== 'nfc' && normalizer !== 'spaces')
    throw unknown(path, NORMALIZER, normalizer);
  const addsBos = boolAt(metadata, 'tokenizer.ggml.add_bos_token') === true;
  const bosId = numberAt(metadata, 'tokenizer.ggml.bos_token_id');
  return {
    addedBosId: addsBos ? bosId : undefined,
    normalizer,
    truncationSide: side,
    tokensWithoutRow: withoutRowOf(metadata, path),
  };
}

function withoutRowOf(metadata: GgufMetadata, path: string): readonly string[] {
  if (!metadata.has(TOKENS_WITHOUT_ROW)) return [];
  const text = stringAt(metadata, TOKENS_WITHOUT_ROW);
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (isListOfTexts(value)) return value;
  } catch {
    // Said below, as for what is JSON and no list of texts.
  }
  throw unknown(path, TOKENS_WITHOUT_ROW, text);
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((token) => typeof token === 'string' && token !== '');
}

function unknown(path: string, key: string, value: string | undefined): InformError {
  return new InformError(
    'INFORM_UNSUPPORTED_MODEL',
    `${path} has ${JSON.stringify(value ?? 'a value of another type')} for ${key}, which this version does not know. Update inform-score.`,
  );
}
