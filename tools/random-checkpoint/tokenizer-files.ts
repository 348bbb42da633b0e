import { InformError } from '#src/errors.js';
import { LLAMA3_SPLIT_PATTERN } from '#src/convert/pre-tokenizer.js';
import { stringsAt } from '#src/gguf/metadata.js';
import { readGguf } from '#src/gguf/reader.js';
import { FIRST_SPECIAL_TOKEN, VOCABULARY_SIZE } from './geometry.js';

/** Llama 3's vocabulary without its special tokens: token texts by id, and the merges, as "left right". */
export interface BaseVocabulary {
  readonly tokens: readonly string[];
  readonly merges: readonly string[];
}

/**
 * Reads the vocabulary out of llama.cpp's models/ggml-vocab-llama-bpe.gguf.
 *
 * @throws InformError as `readGguf`, and INFORM_INVALID_MODEL_FILE for another vocabulary
 */
export async function readBaseVocabulary(path: string): Promise<BaseVocabulary> {
  const { metadata } = await readGguf(path);
  const tokens = stringsAt(metadata, 'tokenizer.ggml.tokens');
  const merges = stringsAt(metadata, 'tokenizer.ggml.merges');
  if (tokens?.length !== VOCABULARY_SIZE || merges === undefined) {
    throw new InformError('INFORM_INVALID_MODEL_FILE', `${path} does not hold the vocabulary of Llama 3.`);
  }
  return { tokens: tokens.slice(0, FIRST_SPECIAL_TOKEN), merges };
}

const BOS_TOKEN = '<|begin_of_text|>';
export const EOS_TOKEN = '<|eot_id|>';

/**
 * The 256 special tokens of Llama 3.1, at the ids from 128000 on, as its tokenizer_config.json names them. (Llama 3 had
 * reserved tokens where 3.1 has the pad, eom and python tokens, and so numbered the rest differently.)
 */
export function llama31SpecialTokens(): string[] {
  const named = new Map([
    [0, BOS_TOKEN],
    [1, '<|end_of_text|>'],
    [4, '<|finetune_right_pad_id|>'],
    [6, '<|start_header_id|>'],
    [7, '<|end_header_id|>'],
    [8, '<|eom_id|>'],
    [9, EOS_TOKEN],
    [10, '<|python_tag|>'],
  ]);
  let reserved = 0;
  return Array.from(
    { length: VOCABULARY_SIZE - FIRST_SPECIAL_TOKEN },
    (_, index) => named.get(index) ?? `<|reserved_special_token_${reserved++}|>`,
  );
}

/** tokenizer.json, in the format of the Hugging Face tokenizers library, set up as Llama 3.1's. */
export function tokenizerJson({ tokens, merges }: BaseVocabulary): object {
  const bos = (typeId: number): object => ({ SpecialToken: { id: BOS_TOKEN, type_id: typeId } });
  const sequence = (id: string, typeId: number): object => ({ Sequence: { id, type_id: typeId } });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: llama31SpecialTokens().map((content, index) => ({
      id: FIRST_SPECIAL_TOKEN + index,
      ...addedToken(content),
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: LLAMA3_SPLIT_PATTERN }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: 'Sequence',
      processors: [
        { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: true },
        {
          type: 'TemplateProcessing',
          single: [bos(0), sequence('A', 0)],
          pair: [bos(0), sequence('A', 0), bos(1), sequence('B', 1)],
          special_tokens: { [BOS_TOKEN]: { id: BOS_TOKEN, ids: [FIRST_SPECIAL_TOKEN], tokens: [BOS_TOKEN] } },
        },
      ],
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** tokenizer_config.json */
export function tokenizerConfig(chatTemplate: string): object {
  return {
    added_tokens_decoder: Object.fromEntries(
      llama31SpecialTokens().map((content, index) => [FIRST_SPECIAL_TOKEN + index, addedToken(content)]),
    ),
    bos_token: BOS_TOKEN,
    chat_template: chatTemplate,
    clean_up_tokenization_spaces: true,
    eos_token: EOS_TOKEN,
    model_input_names: ['input_ids', 'attention_mask'],
    model_max_length: 131072,
    tokenizer_class: 'PreTrainedTokenizerFast',
  };
}

/** special_tokens_map.json */
export function specialTokensMap(): object {
  const described = (content: string): object => ({
    content,
    lstrip: false,
    normalized: false,
    rstrip: false,
    single_word: false,
  });
  return { bos_token: described(BOS_TOKEN), eos_token: described(EOS_TOKEN) };
}

function addedToken(content: string): object {
  return { content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}
