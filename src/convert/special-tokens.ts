import type { TemplateTokens } from '../gguf/template-tokens.js';
import { objectIn, type JsonObject } from './checkpoint-file.js';
import type { CheckpointFiles } from './checkpoint-files.js';

// Which special tokens a tokenizer has, as transformers 5.23 puts its files together (tokenization_utils_base.py:
// _from_pretrained and __init__).

const STANDARD = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];

const END = '<|endoftext|>';

/** Tokens that a class of transformers has where the configuration does not name them; null there is none. */
const CLASS_DEFAULTS: Readonly<Record<string, JsonObject>> = {
  GemmaTokenizer: {
    bos_token: '<bos>',
    eos_token: '<eos>',
    unk_token: '<unk>',
    pad_token: '<pad>',
    mask_token: '<mask>',
  },
  GPT2Tokenizer: { bos_token: END, eos_token: END, unk_token: END },
  Qwen2Tokenizer: { eos_token: END, unk_token: END, pad_token: END },
};

/** The class of transformers that a tokenizer's configuration names, without the ending of the fast ones. */
export function tokenizerClass(tokenizerConfig: JsonObject): string | undefined {
  const named = tokenizerConfig['tokenizer_class'];
  return typeof named === 'string' ? named.replace(/Fast$/, '') : undefined;
}

/**
 * tokenizer_config.json, and what older checkpoints have in special_tokens_map.json, over what the class and tokenizer.json imply.
 *
 * @param defaults over which all of that stands
 */
export async function readTokenizerConfig(
  files: CheckpointFiles,
  tokenizer: JsonObject,
  defaults: JsonObject = {},
): Promise<JsonObject> {
  const config = (await files.json('tokenizer_config.json')) ?? {};
  const hasDecoder = objectIn(config['added_tokens_decoder']) !== undefined;
  const map = hasDecoder ? {} : await files.json('special_tokens_map.json');
  const pad = objectIn(tokenizer['padding'])?.['pad_token'];
  // A class with defaults of its own does not look at tokenizer.json's padding.
  const implied = CLASS_DEFAULTS[tokenizerClass(config) ?? ''] ?? (pad === undefined ? {} : { pad_token: pad });
  return {
    ...defaults,
    ...implied,
    ...config,
    ...map,
  };
}

/** The special tokens that have a name, which is the name of a variable of chat templates, as the configuration gives them. */
export function namedTokens(tokenizerConfig: JsonObject): Readonly<Record<string, unknown>> {
  const entries = Object.entries(tokenizerConfig);
  const own = Object.fromEntries([
    ...entries.filter(([key, value]) => key.endsWith('_token') && !STANDARD.includes(key) && isToken(value)),
    ...Object.entries(objectIn(extraTokens(tokenizerConfig)) ?? {}),
  ]);
  // What transformers 5 saves; it counts only where the names themselves are not there.
  const saved = objectIn(tokenizerConfig['model_specific_special_tokens']) ?? {};
  const standard = entries.filter(([key, value]) => STANDARD.includes(key) && isToken(value));
  return { ...Object.fromEntries(standard), ...(Object.keys(own).length > 0 ? own : saved) };
}

/** The special tokens without a name. */
export function unnamedTokens(tokenizerConfig: JsonObject): readonly unknown[] {
  const extra = extraTokens(tokenizerConfig);
  return Array.isArray(extra) ? (extra as unknown[]) : [];
}

function extraTokens(tokenizerConfig: JsonObject): unknown {
  return tokenizerConfig['extra_special_tokens'] ?? tokenizerConfig['additional_special_tokens'];
}

/** The texts that chat templates see. */
export function templateTokens(tokenizerConfig: JsonObject): TemplateTokens {
  const named = Object.entries(namedTokens(tokenizerConfig));
  return Object.fromEntries(
    named.flatMap(([name, value]): [string, string][] => {
      const text = tokenText(value);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/** The text of a token that is given as a string or as an object. */
export function tokenText(value: unknown): string | undefined {
  const content = typeof value === 'string' ? value : objectIn(value)?.['content'];
  return typeof content === 'string' ? content : undefined;
}

function isToken(value: unknown): boolean {
  return tokenText(value) !== undefined;
}
