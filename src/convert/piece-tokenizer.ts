import type { SpacePrefix } from '../gguf/scoring-rules.js';
import type { CheckpointFiles } from './checkpoint-files.js';
import { invalidCheckpoint, type JsonObject } from './checkpoint-file.js';
import { PIECE_TYPE, readPieceModel } from './piece-model.js';
import { SPACE, unsupportedPieces } from './sentencepiece.js';
import { readTokenizerConfig, tokenizerClass, tokenText } from './special-tokens.js';

export const PIECE_MODEL_FILE = 'tokenizer.model';

/** A tokenizer out of SentencePiece's own file. */
export interface PieceTokenizer {
  /** What tokenizer.json would say, but for the merges: scores take their place. */
  readonly tokenizer: JsonObject;
  readonly tokenizerConfig: JsonObject;
  /** By id. */
  readonly scores: readonly number[];
}

/**
 * The tokenizer of a folder without tokenizer.json, as transformers 4 makes a LlamaTokenizerFast of the same files
 * (convert_slow_tokenizer.py: LlamaConverter).
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL
 */
export async function readPieceTokenizer(files: CheckpointFiles): Promise<PieceTokenizer> {
  const path = files.path(PIECE_MODEL_FILE);
  const file = await files.bytes(PIECE_MODEL_FILE);
  if (file === undefined) {
    throw invalidCheckpoint(
      `${files.path('tokenizer.json')} is missing, and so is ${PIECE_MODEL_FILE}. Give the folder of a complete Hugging Face checkpoint.`,
    );
  }
  const tokenizerConfig = await readTokenizerConfig(files, {}, NAMES);
  const prefix = prefixOf(tokenizerConfig, path);
  const pieces = readPieceModel(file, path);
  const special = Object.keys(NAMES).map((name) => tokenText(tokenizerConfig[name]));
  const added = pieces.flatMap(({ text, type }, id) =>
    type === PIECE_TYPE.control || type === PIECE_TYPE.userDefined || special.includes(text)
      ? [{ id, content: text, ...FLAGS, special: type === PIECE_TYPE.control || special.includes(text) }]
      : [],
  );
  return {
    tokenizer: {
      added_tokens: added,
      normalizer: prefix === 'every' ? PREPENDED : null,
      pre_tokenizer: prefix === 'every' ? null : metaspace(prefix),
      post_processor: postProcessor(tokenizerConfig),
      model: {
        type: 'BPE',
        byte_fallback: true,
        unk_token: pieces.find(({ type }) => type === PIECE_TYPE.unknown)?.text,
        vocab: vocabulary(
          pieces.map(({ text }) => text),
          path,
        ),
        merges: [],
      },
    },
    tokenizerConfig,
    scores: pieces.map(({ score }) => score),
  };
}

/** What the class has where the configuration does not name them. */
const NAMES: JsonObject = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>' };

function prefixOf(config: JsonObject, path: string): SpacePrefix {
  const name = tokenizerClass(config) ?? 'LlamaTokenizer';
  if (name !== 'LlamaTokenizer') {
    throw unsupportedPieces(
      path,
      `is the tokenizer of a ${name.slice(0, 80)} without a tokenizer.json. Load it with AutoTokenizer and save it with save_pretrained, which writes one`,
    );
  }
  const { legacy, add_prefix_space: prefixes = true } = config;
  if (typeof legacy !== 'boolean' || typeof prefixes !== 'boolean') {
    throw unsupportedPieces(
      path,
      'comes with a tokenizer_config.json that does not say whether it is "legacy": transformers 4 would put a space after every special token, transformers 5 at the start of a text alone. Write "legacy": true or "legacy": false there, as the model was trained',
    );
  }
  if (!prefixes) return 'none';
  return legacy ? 'every' : 'first';
}

const FLAGS = { single_word: false, lstrip: false, rstrip: false, normalized: false };

const PREPENDED = {
  type: 'Sequence',
  normalizers: [
    { type: 'Prepend', prepend: SPACE },
    { type: 'Replace', pattern: { String: ' ' }, content: SPACE },
  ],
};

function metaspace(prefix: SpacePrefix): JsonObject {
  const scheme = prefix === 'none' ? 'never' : 'first';
  return { type: 'Metaspace', replacement: SPACE, prepend_scheme: scheme, split: false };
}

function postProcessor(config: JsonObject): JsonObject | null {
  const token = (name: string): JsonObject => ({ SpecialToken: { id: tokenText(config[name]), type_id: 0 } });
  const [bos, eos] = [config['add_bos_token'] ?? true, config['add_eos_token'] ?? false];
  const single = [
    ...(bos === true ? [token('bos_token')] : []),
    { Sequence: { id: 'A', type_id: 0 } },
    ...(eos === true ? [token('eos_token')] : []),
  ];
  return single.length === 1 ? null : { type: 'TemplateProcessing', single };
}

function vocabulary(texts: readonly string[], path: string): Record<string, number> {
  const ids = new Map(texts.map((text, id) => [text, id]));
  const twice = texts.findIndex((text, id) => ids.get(text) !== id);
  if (twice < 0) return Object.fromEntries(ids);
  throw invalidCheckpoint(`${path} has the piece ${JSON.stringify((texts[twice] ?? '').slice(0, 40))} twice.`);
}
