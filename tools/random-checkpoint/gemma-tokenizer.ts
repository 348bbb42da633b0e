import { stringsAt } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';
import {
  addedTokens,
  bosBeforeTexts,
  bytePairModel,
  mergesOf,
  PIECES_TO_TEXT,
  readLlamaPieces,
  SPACES_TO_MARKS,
  type PieceVocabulary,
} from './pieces.js';

export const GEMMA3_VOCABULARY_SIZE = 262144;

const TURNS = ['<start_of_turn>', '<end_of_turn>'];
const FIRST_BYTE = 238;
const FIRST_AFTER_PIECES = 255968;

/**
 * Gemma 3's, out of llama.cpp's models/ggml-vocab-gemma-4.gguf. Gemma 4 gave other names to some of the unused tokens and has
 * the same pieces and merges.
 */
export async function readGemma3Vocabulary(path: string): Promise<PieceVocabulary> {
  const { metadata } = await readGguf(path);
  const listed = stringsAt(metadata, 'tokenizer.ggml.tokens') ?? [];
  const merges = stringsAt(metadata, 'tokenizer.ggml.merges')?.map(pairOf);
  if (listed.length !== GEMMA3_VOCABULARY_SIZE || merges === undefined) throw new Error(`${path} is not Gemma's`);
  const named = new Map([
    ...['<pad>', '<eos>', '<bos>', '<unk>', '<mask>', '[multimodal]'].map((text, id) => [id, text] as const),
    ...TURNS.map((text, i) => [105 + i, text] as const),
    [255999, '<start_of_image>'],
    [256000, '<end_of_image>'],
  ]);
  let unused = 0;
  const tokens = listed.map((token, id) => {
    const isReserved = id < 107 || id >= 255999;
    return isReserved ? (named.get(id) ?? `<unused${unused++}>`) : token;
  });
  const added = tokens.flatMap((_, id) => (id < FIRST_BYTE || id >= FIRST_AFTER_PIECES ? [id] : []));
  return { tokens, merges, added };
}

/** No token has a space. */
function pairOf(merge: string): readonly [string, string] {
  const [left = '', right = ''] = merge.split(' ');
  return [left, right];
}

/** Rows of the embedding, more than there are tokens. */
export const SMALL_VOCABULARY_SIZE = 32064;

export const SMALL_PAD_TOKEN = 32000;

const LONGEST_RUN = 16;

/**
 * Llama 2's pieces with Gemma's special tokens, and all runs of spaces up to the longest one as added tokens. Their merges come
 * last, so that they are what merging makes of spaces and no more. Out of llama.cpp's
 * models/ggml-vocab-llama-spm.gguf.
 */
export async function readSmallVocabulary(path: string): Promise<PieceVocabulary> {
  const { pieces, scores } = await readLlamaPieces(path);
  const runs = Array.from({ length: LONGEST_RUN - 1 }, (_, i) => '▁'.repeat(i + 2));
  const further = ['<pad>', ...TURNS, '<mask>'];
  const tokens = ['<unk>', '<bos>', '<eos>', ...pieces.slice(3), ...further];
  const found = new Set(['<unk>', '<bos>', '<eos>', ...runs, ...further]);
  const added = tokens.flatMap((token, id) => (found.has(token) ? [id] : []));
  return { tokens, merges: mergesOf(tokens, scores), added };
}

const SPECIAL = ['<pad>', '<eos>', '<bos>', '<unk>', ...TURNS];

/** tokenizer.json, set up as that of the Gemmas. */
export function gemmaTokenizerJson(vocabulary: PieceVocabulary): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary, SPECIAL),
    normalizer: SPACES_TO_MARKS,
    pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
    post_processor: bosBeforeTexts('<bos>', vocabulary.tokens.indexOf('<bos>')),
    decoder: { type: 'Sequence', decoders: PIECES_TO_TEXT },
    model: bytePairModel(vocabulary.tokens, vocabulary.merges),
  };
}

/** A turn as the Gemmas have it; a system message stands before the first one's text. */
const TEMPLATE = `{{ bos_token }}
{%- set ns = namespace(before='') -%}
{%- for message in messages -%}
{%- if message.role == 'system' -%}
{%- set ns.before = message.content + '\n\n' -%}
{%- else -%}
{{ '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\n' + ns.before }}
{{- message.content | trim + '<end_of_turn>\n' }}
{%- set ns.before = '' -%}
{%- endif -%}
{%- endfor -%}
`;

/** tokenizer_config.json */
export function gemmaTokenizerConfig(vocabulary: PieceVocabulary): object {
  return {
    add_bos_token: true,
    add_eos_token: false,
    added_tokens_decoder: Object.fromEntries(addedTokens(vocabulary, SPECIAL).map(({ id, ...token }) => [id, token])),
    bos_token: '<bos>',
    chat_template: TEMPLATE,
    clean_up_tokenization_spaces: false,
    eos_token: '<eos>',
    model_max_length: 131072,
    pad_token: '<pad>',
    spaces_between_special_tokens: false,
    tokenizer_class: 'GemmaTokenizer',
    unk_token: '<unk>',
  };
}
