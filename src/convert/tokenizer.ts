import { join } from 'node:path';

import { InformError } from '../errors.js';
import { ggufBool, ggufNumber, ggufString, ggufStrings } from '../gguf/metadata.js';
import type { GgufValue } from '../gguf/types.js';
import type { CheckpointConfig } from './checkpoint.js';
import {
  invalidCheckpoint,
  objectIn,
  readJson,
  readJsonIfPresent,
  readTextIfPresent,
  type JsonObject,
} from './checkpoint-file.js';

/**
 * The regular expression by which Llama 3 splits text before byte-pair encoding. llama.cpp has it built in under the
 * name `llama-bpe`; a tokenizer with another one cannot be converted under that name.
 */
export const LLAMA3_SPLIT_PATTERN =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** The types of llama.cpp's tokens (enum llama_token_type in llama.h). */
export const TOKEN_TYPE = { normal: 1, control: 3, userDefined: 4, unused: 5 } as const;

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
}

/**
 * The metadata of a checkpoint's tokenizer, as llama.cpp's converter writes it for Llama 3 (conversion/base.py:
 * get_vocab_base; gguf-py/gguf/vocab.py: SpecialVocab), from tokenizer.json, tokenizer_config.json and
 * chat_template.jinja.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL (not Llama 3's kind of tokenizer)
 */
export async function tokenizerMetadata(folder: string, config: CheckpointConfig): Promise<[string, GgufValue][]> {
  const path = join(folder, 'tokenizer.json');
  const tokenizer = await readJson(folder, 'tokenizer.json');
  // Older checkpoints have the special tokens in a file of their own.
  const tokenizerConfig = {
    ...(await readJsonIfPresent(folder, 'special_tokens_map.json')),
    ...(await readJsonIfPresent(folder, 'tokenizer_config.json')),
  };
  const model = objectIn(tokenizer['model']) ?? {};
  checkIsLlama3(tokenizer, model, path);
  const added = addedTokensIn(tokenizer, path);
  return [
    ['tokenizer.ggml.model', ggufString('gpt2')],
    ['tokenizer.ggml.pre', ggufString('llama-bpe')],
    ...vocabularyEntries(model, added, config.vocabSize, path),
    ['tokenizer.ggml.merges', ggufStrings(mergesIn(model, path))],
    ...specialTokenEntries(tokenizerConfig, added, config),
    ...addTokenEntries(tokenizer, tokenizerConfig),
    ['tokenizer.chat_template', ggufString(await chatTemplate(folder, tokenizerConfig))],
  ];
}

/** Refuses what llama.cpp's `llama-bpe` would split otherwise: the score would be that of other tokens. */
function checkIsLlama3(tokenizer: JsonObject, model: JsonObject, path: string): void {
  const splitting = JSON.stringify(tokenizer['pre_tokenizer'] ?? null);
  const splits =
    splitting.includes(JSON.stringify(LLAMA3_SPLIT_PATTERN)) && !splitting.includes('"add_prefix_space":true');
  const normalizes = (tokenizer['normalizer'] ?? null) !== null;
  if (model['type'] !== 'BPE' || model['ignore_merges'] !== true || !splits || normalizes) {
    throw new InformError(
      'INFORM_UNSUPPORTED_MODEL',
      `${path} is not a Llama 3 tokenizer; only that kind can be converted.`,
    );
  }
}

function addedTokensIn(tokenizer: JsonObject, path: string): AddedToken[] {
  const added: unknown = tokenizer['added_tokens'] ?? [];
  if (!Array.isArray(added)) throw invalidCheckpoint(`${path} has "added_tokens" that are not an array.`);
  return added.map((value: unknown) => {
    const { id, content, special } = objectIn(value) ?? {};
    if (typeof id !== 'number' || typeof content !== 'string') {
      throw invalidCheckpoint(`${path} has an added token without id and content.`);
    }
    return { id, content, special: special === true };
  });
}

/** Tokens and their types by id. The rows of the embedding that no token has are unused ones, named by their id. */
function vocabularyEntries(
  model: JsonObject,
  added: readonly AddedToken[],
  vocabSize: number,
  path: string,
): [string, GgufValue][] {
  const vocabulary = objectIn(model['vocab']);
  if (vocabulary === undefined) throw invalidCheckpoint(`${path} has no vocabulary.`);
  const tokens = Array.from({ length: vocabSize }, (_, id) => `[PAD${id}]`);
  const types = new Int32Array(vocabSize).fill(TOKEN_TYPE.unused);
  const place = (id: unknown, token: string, type: number): void => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw invalidCheckpoint(
        `${path} gives the token ${JSON.stringify(token.slice(0, 40))} the id ${String(id)}, but config.json has a vocab_size of ${vocabSize}.`,
      );
    }
    tokens[id] = token;
    types[id] = type;
  };
  for (const [token, id] of Object.entries(vocabulary)) place(id, token, TOKEN_TYPE.normal);
  for (const { id, content, special } of added) {
    place(id, content, special || looksSpecial(content) ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined);
  }
  checkDistinct(tokens, path);
  return [
    ['tokenizer.ggml.tokens', ggufStrings(tokens)],
    ['tokenizer.ggml.token_type', { type: 'array', element: 'int32', length: vocabSize, value: types }],
  ];
}

/** llama.cpp aborts the process where two tokens have the same text. */
function checkDistinct(tokens: readonly string[], path: string): void {
  const seen = new Set<string>();
  for (const [id, token] of tokens.entries()) {
    if (seen.has(token)) {
      const text = JSON.stringify(token.slice(0, 40));
      throw invalidCheckpoint(`${path} has the token ${text} twice, with the ids ${tokens.indexOf(token)} and ${id}.`);
    }
    seen.add(token);
  }
}

/** Some checkpoints do not mark their control tokens as special; llama.cpp's converter knows them by their form. */
function looksSpecial(token: string): boolean {
  return token === '<pad>' || (token.startsWith('<|') && token.endsWith('|>'));
}

/** As "left right" strings; newer files have [left, right] pairs. In byte-level tokens a space is written Ġ. */
function mergesIn(model: JsonObject, path: string): string[] {
  const merges = model['merges'];
  if (!Array.isArray(merges)) throw invalidCheckpoint(`${path} has no merges.`);
  return merges.map((merge: unknown) => {
    if (typeof merge === 'string') return merge;
    const pair: unknown[] = Array.isArray(merge) ? merge : [];
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw invalidCheckpoint(`${path} has a merge that is neither a string nor a pair of strings.`);
    }
    return `${left.replaceAll(' ', 'Ġ')} ${right.replaceAll(' ', 'Ġ')}`;
  });
}

const SPECIAL_TOKEN_KEYS = {
  bos: 'bos_token_id',
  eos: 'eos_token_id',
  unk: 'unknown_token_id',
  sep: 'seperator_token_id', // as llama.cpp spells it
  pad: 'padding_token_id',
  cls: 'cls_token_id',
  mask: 'mask_token_id',
} as const;

/** Ids of special tokens: by the token's text in tokenizer_config.json, else from config.json. */
function specialTokenEntries(
  tokenizerConfig: JsonObject,
  added: readonly AddedToken[],
  config: CheckpointConfig,
): [string, GgufValue][] {
  return Object.entries(SPECIAL_TOKEN_KEYS).flatMap(([kind, key]): [string, GgufValue][] => {
    const entry = tokenizerConfig[`${kind}_token`];
    const text = typeof entry === 'string' ? entry : objectIn(entry)?.['content'];
    const id = added.find(({ content }) => content === text)?.id ?? config.specialTokenIds.get(kind);
    const inVocabulary = id !== undefined && id < config.vocabSize;
    return inVocabulary ? [[`tokenizer.ggml.${key}`, ggufNumber('uint32', id)]] : [];
  });
}

/**
 * Whether a tokenizer adds special tokens by itself: from tokenizer_config.json, else from the post-processor's
 * template. This package adds none either way, the chat template has them; other programs look here.
 */
function addTokenEntries(tokenizer: JsonObject, tokenizerConfig: JsonObject): [string, GgufValue][] {
  const postProcessor = objectIn(tokenizer['post_processor']);
  const processors: unknown = postProcessor?.['processors'] ?? [postProcessor];
  const template = (Array.isArray(processors) ? processors : [])
    .map(objectIn)
    .find((processor) => processor?.['type'] === 'TemplateProcessing');
  const single: unknown = template?.['single'];
  const first =
    Array.isArray(single) && single.length > 1 ? objectIn(objectIn(single[0])?.['SpecialToken']) : undefined;
  const templateAdds: Record<string, boolean | undefined> = {
    bos: first === undefined ? undefined : true,
    // llama.cpp's converter states this for every pair template without a separator of its own.
    sep: template !== undefined && Array.isArray(template['pair']) ? false : undefined,
  };
  return ['bos', 'eos', 'sep'].flatMap((kind): [string, GgufValue][] => {
    const stated = tokenizerConfig[`add_${kind}_token`];
    const value = typeof stated === 'boolean' ? stated : templateAdds[kind];
    return value === undefined ? [] : [[`tokenizer.ggml.add_${kind}_token`, ggufBool(value)]];
  });
}

/** The file that newer versions of transformers write, and prefer, or else the template in tokenizer_config.json. */
async function chatTemplate(folder: string, tokenizerConfig: JsonObject): Promise<string> {
  const inConfig = tokenizerConfig['chat_template'];
  const named: unknown = Array.isArray(inConfig)
    ? inConfig.map(objectIn).find((entry) => entry?.['name'] === 'default')?.['template']
    : inConfig;
  const template = (await readTextIfPresent(folder, 'chat_template.jinja')) ?? named;
  if (typeof template !== 'string' || template === '') {
    throw invalidCheckpoint(
      `${folder} has no chat template, neither in tokenizer_config.json nor in chat_template.jinja. Put the one that the model was trained with there under the latter name.`,
    );
  }
  return template;
}
