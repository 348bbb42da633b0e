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

/** Rows of the embedding, more than there are tokens. */
export const LLAMA2_VOCABULARY_SIZE = 32064;

export const LLAMA2_PAD_TOKEN = 32000;

const SPECIAL = ['<unk>', '<s>', '</s>', '<pad>', '[INST]', '[/INST]'];
const FURTHER = [...SPECIAL.slice(3), '[TOOL_CALLS]'];

/** Llama 2's, with Mistral's tokens of turns after it. One of the added tokens is not special. */
export async function readLlama2Vocabulary(path: string): Promise<PieceVocabulary> {
  const { pieces, scores } = await readLlamaPieces(path);
  const tokens = [...pieces, ...FURTHER];
  const added = [0, 1, 2, ...FURTHER.map((_, i) => pieces.length + i)];
  return { tokens, merges: mergesOf(pieces, scores), added };
}

/** The ways in which published files put a space before texts. */
export type Llama2Form = 'prepend' | 'metaspace-first' | 'metaspace-always';

const PREPEND = {
  type: 'Sequence',
  normalizers: [{ type: 'Prepend', prepend: '▁' }, SPACES_TO_MARKS],
};

function metaspace(form: Llama2Form): object {
  const scheme = form === 'metaspace-first' ? 'first' : 'always';
  return { type: 'Metaspace', replacement: '▁', prepend_scheme: scheme, split: false };
}

/** tokenizer.json, set up as that of Llama 2 and the Mistrals. */
export function llama2TokenizerJson(vocabulary: PieceVocabulary, form: Llama2Form): object {
  const pieces = vocabulary.tokens.slice(0, -FURTHER.length);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary, SPECIAL),
    normalizer: form === 'prepend' ? PREPEND : null,
    pre_tokenizer: form === 'prepend' ? null : metaspace(form),
    post_processor: bosBeforeTexts('<s>', 1),
    decoder: { type: 'Sequence', decoders: [...PIECES_TO_TEXT, { type: 'Strip', content: ' ', start: 1, stop: 0 }] },
    model: bytePairModel(pieces, vocabulary.merges),
  };
}

/** Turns as Mistral's, after a system message as it is. */
const MISTRAL_TEMPLATE = `{%- for message in messages -%}
{%- if message.role == 'system' -%}
{{ message.content + '\n' }}
{%- elif message.role == 'assistant' -%}
{{ ' ' + message.content | trim + eos_token }}
{%- else -%}
{{ '[INST] ' + message.content + '[/INST]' }}
{%- endif -%}
{%- endfor -%}
`;

/** Turns as Zephyr's: text of a name, line breaks after a special token. */
const ZEPHYR_TEMPLATE = `{%- for message in messages -%}
{{ '<|' + message.role + '|>\n' + message.content + eos_token + '\n' }}
{%- endfor -%}
`;

/** tokenizer_config.json */
export function llama2TokenizerConfig(vocabulary: PieceVocabulary, form: Llama2Form): object {
  return {
    add_bos_token: true,
    add_eos_token: false,
    added_tokens_decoder: Object.fromEntries(addedTokens(vocabulary, SPECIAL).map(({ id, ...token }) => [id, token])),
    bos_token: '<s>',
    chat_template: form === 'prepend' ? ZEPHYR_TEMPLATE : MISTRAL_TEMPLATE,
    clean_up_tokenization_spaces: false,
    eos_token: '</s>',
    legacy: form !== 'metaspace-first',
    model_max_length: 32768,
    pad_token: '<pad>',
    spaces_between_special_tokens: false,
    // The class that takes tokenizer.json as it is.
    tokenizer_class: 'PreTrainedTokenizerFast',
    unk_token: '<unk>',
  };
}
