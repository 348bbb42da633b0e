import { InformError } from '../errors.js';
import { ggufString, numberAt, stringAt, stringsAt } from './metadata.js';
import type { GgufMetadata, GgufValue } from './types.js';

// The special tokens that a chat template sees. transformers gives it those that the tokenizer's configuration names, whatever
// ids the model has; GGUF's standard keys have ids alone, and nothing for a name that only one tokenizer has.

/** Texts of special tokens by the names of their variables, such as `bos_token`. A name that is not there is undefined. */
export type TemplateTokens = Readonly<Record<string, string>>;

const SPECIAL_TOKENS = 'inform.template.special_tokens';
const TOKENS = 'tokenizer.ggml.tokens';

/** GGUF's key of each special token's id, by its variable. */
export const SPECIAL_TOKEN_ID_KEYS = {
  bos_token: 'tokenizer.ggml.bos_token_id',
  eos_token: 'tokenizer.ggml.eos_token_id',
  unk_token: 'tokenizer.ggml.unknown_token_id',
  sep_token: 'tokenizer.ggml.seperator_token_id', // as llama.cpp spells it
  pad_token: 'tokenizer.ggml.padding_token_id',
  cls_token: 'tokenizer.ggml.cls_token_id',
  mask_token: 'tokenizer.ggml.mask_token_id',
} as const;

/** One text, as JSON: GGUF has no tables. */
export function templateTokensEntry(tokens: TemplateTokens): [string, GgufValue] {
  return [SPECIAL_TOKENS, ggufString(JSON.stringify(tokens))];
}

/** What a file says about them beyond llama.cpp's keys, to be taken over into another file. */
export function templateTokensEntries(metadata: GgufMetadata): [string, GgufValue][] {
  const entry = metadata.get(SPECIAL_TOKENS);
  return entry === undefined ? [] : [[SPECIAL_TOKENS, entry]];
}

/** Whether `templateTokensOf` looks at an array, by its key. A file that states the texts needs no vocabulary for them. */
export function isTemplateTokenArray(key: string): boolean {
  return key === TOKENS;
}

/**
 * The special tokens that a chat template sees: as our converter wrote them, else the texts of the ids that llama.cpp's keys have.
 *
 * @throws InformError INFORM_INVALID_MODEL_FILE
 */
export function templateTokensOf(metadata: GgufMetadata, path: string): TemplateTokens {
  if (metadata.has(SPECIAL_TOKENS)) return parse(stringAt(metadata, SPECIAL_TOKENS), path);
  const texts = stringsAt(metadata, TOKENS);
  return Object.fromEntries(
    Object.entries(SPECIAL_TOKEN_ID_KEYS).flatMap(([name, key]) => {
      const text = texts?.[numberAt(metadata, key) ?? -1];
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function parse(text: string | undefined, path: string): TemplateTokens {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (isTable(value)) return value;
  } catch {
    // Said below, as for what is JSON and no table of texts.
  }
  throw new InformError(
    'INFORM_INVALID_MODEL_FILE',
    `${path} has a damaged ${SPECIAL_TOKENS}, which gives the chat template its special tokens. Convert the checkpoint again.`,
  );
}

function isTable(value: unknown): value is TemplateTokens {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}
