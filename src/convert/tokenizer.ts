import { InformError } from '../errors.js';
import { ggufBool, ggufNumber, ggufString } from '../gguf/metadata.js';
import { normalizerEntries, truncationEntries, withoutRowEntries, type SpacePrefix } from '../gguf/scoring-rules.js';
import { SPECIAL_TOKEN_ID_KEYS, templateTokensEntry } from '../gguf/template-tokens.js';
import type { GgufValue } from '../gguf/types.js';
import { readAddedTokens, type AddedToken } from './added-tokens.js';
import type { CheckpointConfig } from './checkpoint-config.js';
import type { CheckpointFiles } from './checkpoint-files.js';
import { invalidCheckpoint, objectIn, type JsonObject } from './checkpoint-file.js';
import { PIECE_MODEL_FILE, readPieceTokenizer } from './piece-tokenizer.js';
import { readTokenizerConfig, templateTokens, tokenizerClass, tokenText } from './special-tokens.js';
import { tokenizerModel, type TokenizerSource } from './vocabulary.js';

export interface TokenizerOptions {
  /** Text of a chat template that replaces the checkpoint's. */
  readonly chatTemplate?: string | undefined;
  /** Whether a checkpoint without a chat template is taken as it is. Default false. */
  readonly templateOptional?: boolean | undefined;
}

/** What a checkpoint says about its tokenizer. */
export interface CheckpointTokenizer {
  /** The keys of a GGUF file that say the same. */
  readonly metadata: readonly [string, GgufValue][];
  /** Texts of all tokens by id. */
  readonly tokens: readonly string[];
  /** The ids of tokens that end a turn or a text. */
  readonly endTokenIds: ReadonlySet<number>;
  /** Texts of added tokens that the embedding has no row for. */
  readonly beyondEmbedding: readonly string[];
  /** Why transformers 5 may split texts in another way than tokenizer.json says, a sentence. */
  readonly splitNote: string | undefined;
}

/**
 * Reads a checkpoint's tokenizer, as llama.cpp's converter writes it (conversion/base.py: get_vocab_base; gguf-py/gguf/vocab.py:
 * SpecialVocab), from tokenizer.json, tokenizer_config.json, the older files beside them, and chat_template.jinja. Where the
 * files contradict each other, what transformers takes is taken.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL (a tokenizer that llama.cpp has not)
 */
export async function readTokenizer(
  files: CheckpointFiles,
  config: CheckpointConfig,
  options: TokenizerOptions = {},
): Promise<CheckpointTokenizer> {
  const { tokenizer, tokenizerConfig, scores, path } = await readSource(files);
  const added = await readAddedTokens(files, tokenizer, tokenizerConfig);
  const [within, beyond] = [true, false].map((inside) => added.filter(({ id }) => id < config.vocabSize === inside));
  const bos = tokenText(tokenizerConfig['bos_token']);
  const leading = leadingToken(tokenizer, bos, path);
  const model = tokenizerModel({ tokenizer, scores, path }, within ?? [], config.vocabSize);
  const { metadata, tokens, normalizer } = model;
  const template = await chatTemplate(files, tokenizerConfig, options);
  const beyondEmbedding = (beyond ?? []).map(({ content }) => content);
  checkTemplateTokens(template, beyondEmbedding, config.vocabSize, path);
  const specialIds = specialTokenIds({ ...tokenizerConfig, bos_token: bos ?? leading }, added, config);
  const ids = specialIds.filter(([, id]) => id < config.vocabSize);
  return {
    metadata: [
      ...metadata,
      ...ids.map(([kind, id]): [string, GgufValue] => [SPECIAL_TOKEN_ID_KEYS[kind], ggufNumber('uint32', id)]),
      ...addTokenEntries(tokenizer, tokenizerConfig, leading),
      templateTokensEntry(templateTokens(tokenizerConfig)),
      ...normalizerEntries(normalizer, new Map(metadata)),
      ...truncationEntries(truncationSide(tokenizer, tokenizerConfig, files)),
      ...withoutRowEntries(beyondEmbedding),
      ...(template === undefined ? [] : ([['tokenizer.chat_template', ggufString(template)]] as [string, GgufValue][])),
    ],
    tokens,
    endTokenIds: new Set([...ids.flatMap(([kind, id]) => (kind === 'eos_token' ? [id] : [])), ...config.eosTokenIds]),
    beyondEmbedding,
    splitNote:
      scores === undefined
        ? (splitNote(tokenizer, tokenizerConfig, model.pre) ?? prefixNote(tokenizerConfig, config, model.prefix))
        : PIECE_MODEL_NOTE,
  };
}

/** Tokenizers that are code of their own (InternLM2's) come without the file that says what they do. */
async function checkHasTokenizer(files: CheckpointFiles): Promise<void> {
  const config = await files.json('tokenizer_config.json');
  if (objectIn(config?.['auto_map'])?.['AutoTokenizer'] === undefined) return;
  throw new InformError(
    'INFORM_UNSUPPORTED_MODEL',
    `${files.folder} has a tokenizer that is code of its own (auto_map in tokenizer_config.json) and no tokenizer.json. Where that code has a fast tokenizer, AutoTokenizer.from_pretrained(folder, trust_remote_code=True).save_pretrained(folder) in Python writes one; what it says is then checked.`,
  );
}

/** tokenizer.json, or without it what SentencePiece's own file says. */
async function readSource(files: CheckpointFiles): Promise<TokenizerSource & { tokenizerConfig: JsonObject }> {
  const tokenizer = await files.json('tokenizer.json');
  if (tokenizer === undefined) {
    await checkHasTokenizer(files);
    return { ...(await readPieceTokenizer(files)), path: files.path(PIECE_MODEL_FILE) };
  }
  const tokenizerConfig = await readTokenizerConfig(files, tokenizer);
  return { tokenizer, tokenizerConfig, scores: undefined, path: files.path('tokenizer.json') };
}

/** Classes of transformers 5 that put their own normalizer and pre-tokenizer in place of tokenizer.json's. */
const CLASS_SPLITS: Readonly<Record<string, { pre: string; normalizer?: string }>> = {
  GPT2Tokenizer: { pre: 'gpt-2' },
  Qwen2Tokenizer: { pre: 'qwen2', normalizer: 'NFC' },
};

function splitNote(tokenizer: JsonObject, tokenizerConfig: JsonObject, pre: string): string | undefined {
  const name = tokenizerClass(tokenizerConfig) ?? '';
  const own = CLASS_SPLITS[name];
  if (own === undefined) return undefined;
  if (own.pre === pre && own.normalizer === objectIn(tokenizer['normalizer'])?.['type']) return undefined;
  const normalizer = own.normalizer === undefined ? '' : ` after ${own.normalizer} normalization`;
  return `tokenizer_config.json names ${name}, for which transformers 5 splits texts as "${own.pre}"${normalizer} and not as tokenizer.json says ("${pre}"). Here, as with transformers 4, tokenizer.json decides.`;
}

const PIECE_MODEL_NOTE = `There is no tokenizer.json; ${PIECE_MODEL_FILE} is read as SentencePiece and transformers 4 do. transformers 5 merges in the order of the ids, which makes other tokens of runs of spaces.`;

/** transformers 5 has its own pre-tokenizer for this class, and takes it for Llamas alone. */
function prefixNote(
  tokenizerConfig: JsonObject,
  { backbone }: CheckpointConfig,
  prefix: SpacePrefix | undefined,
): string | undefined {
  if (prefix === undefined || tokenizerClass(tokenizerConfig) !== 'LlamaTokenizer' || backbone.modelType !== 'llama') {
    return undefined;
  }
  const { add_prefix_space: prefixes, legacy } = tokenizerConfig;
  const own: SpacePrefix = prefixes === false ? 'none' : legacy === true ? 'unless_spaced' : 'first';
  if (own === prefix) return undefined;
  return `tokenizer_config.json names LlamaTokenizer, for which transformers 5 puts a space before ${PLACES[own]} and not, as tokenizer.json says, before ${PLACES[prefix]}. Here, as with transformers 4, tokenizer.json decides.`;
}

/** What a space is put before. */
const PLACES: Readonly<Record<SpacePrefix, string>> = {
  none: 'no text',
  every: 'the text after every special token',
  first: 'the start of a prompt alone',
  unless_spaced: 'the text after every special token that does not begin with one',
};

/**
 * A token that no row of the embedding belongs to is left out, and a sample that holds its text is rejected. transformers fails
 * where one occurs, so a template that writes one is a mistake.
 */
function checkTemplateTokens(
  template: string | undefined,
  beyondEmbedding: readonly string[],
  vocabSize: number,
  path: string,
): void {
  const written = beyondEmbedding.find((content) => template?.includes(content));
  if (written === undefined) return;
  throw invalidCheckpoint(
    `${path} gives the token ${JSON.stringify(written.slice(0, 40))}, which the chat template writes, an id beyond the vocab_size of ${vocabSize} in config.json. Resize the model's embedding to the tokenizer and save both again.`,
  );
}

type SpecialKind = keyof typeof SPECIAL_TOKEN_ID_KEYS;

/**
 * Ids of special tokens: by the token's text in the tokenizer's files, else from config.json. Chat templates see `bos_token` and
 * `eos_token`, which transformers takes from the tokenizer alone.
 */
function specialTokenIds(
  tokenizerConfig: JsonObject,
  added: readonly AddedToken[],
  config: CheckpointConfig,
): [SpecialKind, number][] {
  return (Object.keys(SPECIAL_TOKEN_ID_KEYS) as SpecialKind[]).flatMap((kind): [SpecialKind, number][] => {
    const stated = tokenizerConfig[kind];
    const text = tokenText(stated);
    const isTokenizers = stated === null || kind === 'bos_token' || kind === 'eos_token';
    const fallback = isTokenizers ? undefined : config.specialTokenIds.get(kind);
    const id = added.find(({ content }) => content === text)?.id ?? fallback;
    return id === undefined ? [] : [[kind, id]];
  });
}

/**
 * Whether a tokenizer adds special tokens to a text by itself. For BOS the post-processor decides: transformers does not
 * read `add_bos_token` of tokenizer_config.json where there is a tokenizer.json.
 */
function addTokenEntries(
  tokenizer: JsonObject,
  tokenizerConfig: JsonObject,
  leading: string | undefined,
): [string, GgufValue][] {
  const statesBos = typeof tokenizerConfig['add_bos_token'] === 'boolean';
  const statedEos = tokenizerConfig['add_eos_token'];
  const values: Record<string, boolean | undefined> = {
    bos: leading !== undefined ? true : statesBos || templates(tokenizer).length > 0 ? false : undefined,
    eos: typeof statedEos === 'boolean' ? statedEos : undefined,
    // llama.cpp's converter states this for every pair template without a separator of its own.
    sep: templates(tokenizer).some(({ pair }) => Array.isArray(pair)) ? false : undefined,
  };
  return Object.entries(values).flatMap(([kind, value]): [string, GgufValue][] =>
    value === undefined ? [] : [[`tokenizer.ggml.add_${kind}_token`, ggufBool(value)]],
  );
}

/**
 * The text of the token that the post-processor puts before a text; undefined where it adds none.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL for one that adds anything but BOS
 */
function leadingToken(tokenizer: JsonObject, bos: string | undefined, path: string): string | undefined {
  const other = processors(tokenizer).find(({ type }) => type !== 'ByteLevel' && type !== 'TemplateProcessing');
  const [template, second] = templates(tokenizer);
  if (other !== undefined || second !== undefined) {
    throw unsupported(path, `has the post-processor ${named(other ?? second)}`);
  }
  if (template === undefined) return undefined;
  const single: unknown = template['single'];
  const pieces: unknown[] = Array.isArray(single) ? single : [];
  const tokens = pieces.map((piece) => objectIn(objectIn(piece)?.['SpecialToken'])?.['id']);
  const [first] = tokens;
  if (pieces.length === 1 && first === undefined) return undefined;
  const isBos = typeof first === 'string' && (bos === undefined || first === bos);
  if (pieces.length === 2 && isBos && tokens[1] === undefined) return first;
  throw unsupported(path, `has a post-processor that adds other tokens than BOS before a text: ${named(single)}`);
}

function templates(tokenizer: JsonObject): JsonObject[] {
  return processors(tokenizer).filter(({ type }) => type === 'TemplateProcessing');
}

function processors(tokenizer: JsonObject): JsonObject[] {
  const postProcessor = objectIn(tokenizer['post_processor']);
  const inner: unknown = postProcessor?.['type'] === 'Sequence' ? postProcessor['processors'] : [postProcessor];
  const list: unknown[] = Array.isArray(inner) ? inner : [];
  return list.map(objectIn).filter((processor) => processor !== undefined);
}

/** Which end of a long text transformers cuts off. */
function truncationSide(tokenizer: JsonObject, tokenizerConfig: JsonObject, files: CheckpointFiles): 'left' | 'right' {
  const inTokenizer = objectIn(tokenizer['truncation'])?.['direction'];
  const stated = tokenizerConfig['truncation_side'] ?? inTokenizer ?? 'right';
  const side = typeof stated === 'string' ? stated.toLowerCase() : undefined;
  if (side === 'left' || side === 'right') return side;
  throw invalidCheckpoint(
    `${files.path('tokenizer_config.json')} has the truncation_side ${named(stated)}; "left" and "right" are possible.`,
  );
}

/** The file that newer versions of transformers write, and prefer, or else the template in tokenizer_config.json. */
async function chatTemplate(
  files: CheckpointFiles,
  tokenizerConfig: JsonObject,
  { chatTemplate: own, templateOptional = false }: TokenizerOptions,
): Promise<string | undefined> {
  if (own !== undefined) return own;
  const inConfig = tokenizerConfig['chat_template'];
  const listed: unknown = Array.isArray(inConfig)
    ? inConfig.map(objectIn).find((entry) => entry?.['name'] === 'default')?.['template']
    : inConfig;
  const template = (await files.text('chat_template.jinja')) ?? listed;
  if (typeof template === 'string' && template !== '') return template;
  if (templateOptional) return undefined;
  throw invalidCheckpoint(
    `${files.folder} has no chat template, neither in tokenizer_config.json nor in chat_template.jinja. Name the one that the model was trained with by --chat-template, or put it there under the latter name.`,
  );
}

function named(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 120);
}

function unsupported(path: string, what: string): InformError {
  return new InformError('INFORM_UNSUPPORTED_MODEL', `${path} ${what}, which is not supported.`);
}
