import { QWEN2_SPLIT_PATTERN } from '#src/convert/pre-tokenizer.js';
import { stringsAt } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';
import type { BaseVocabulary } from './tokenizer-files.js';

/** Rows of the embedding of most Qwen models, more than there are tokens. */
export const QWEN_VOCABULARY_SIZE = 151936;

const FIRST_ADDED_TOKEN = 151643;

export const QWEN_END_OF_TEXT = FIRST_ADDED_TOKEN;
export const QWEN_END_OF_TURN = FIRST_ADDED_TOKEN + 2;

/** Qwen 3's added tokens in the order of their ids. */
const SPECIAL = [
  ...['<|endoftext|>', '<|im_start|>', '<|im_end|>', '<|object_ref_start|>', '<|object_ref_end|>', '<|box_start|>'],
  ...['<|box_end|>', '<|quad_start|>', '<|quad_end|>', '<|vision_start|>', '<|vision_end|>', '<|vision_pad|>'],
  ...['<|image_pad|>', '<|video_pad|>'],
];
const NOT_SPECIAL = [
  ...['<tool_call>', '</tool_call>', '<|fim_prefix|>', '<|fim_middle|>', '<|fim_suffix|>', '<|fim_pad|>'],
  ...['<|repo_name|>', '<|file_sep|>', '<tool_response>', '</tool_response>', '<think>', '</think>'],
];

/** Qwen's vocabulary without its added tokens, out of llama.cpp's models/ggml-vocab-qwen2.gguf. */
export async function readQwenVocabulary(path: string): Promise<BaseVocabulary> {
  const { metadata } = await readGguf(path);
  const tokens = stringsAt(metadata, 'tokenizer.ggml.tokens');
  const merges = stringsAt(metadata, 'tokenizer.ggml.merges');
  if (tokens?.length !== QWEN_VOCABULARY_SIZE || merges === undefined) throw new Error(`${path} is not Qwen's`);
  return { tokens: tokens.slice(0, FIRST_ADDED_TOKEN), merges };
}

function addedTokens(): { id: number; content: string; special: boolean }[] {
  return [...SPECIAL, ...NOT_SPECIAL].map((content, index) => ({
    id: FIRST_ADDED_TOKEN + index,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: index < SPECIAL.length,
  }));
}

/** tokenizer.json, set up as that of Qwen 2.5 and 3. */
export function qwenTokenizerJson({ tokens, merges }: BaseVocabulary): object {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(),
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: QWEN2_SPLIT_PATTERN }, behavior: 'Isolated', invert: false },
        bytes,
      ],
    },
    post_processor: bytes,
    decoder: bytes,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** tokenizer_config.json */
export function qwenTokenizerConfig(chatTemplate: string): object {
  return {
    add_bos_token: false,
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(addedTokens().map(({ id, ...token }) => [id, token])),
    additional_special_tokens: SPECIAL.slice(1),
    bos_token: null,
    chat_template: chatTemplate,
    clean_up_tokenization_spaces: false,
    eos_token: '<|im_end|>',
    errors: 'replace',
    model_max_length: 131072,
    pad_token: '<|endoftext|>',
    split_special_tokens: false,
    tokenizer_class: 'Qwen2Tokenizer',
    unk_token: null,
  };
}
