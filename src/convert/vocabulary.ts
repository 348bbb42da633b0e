import { InformError } from '../errors.js';
import { ggufString, ggufStrings } from '../gguf/metadata.js';
import { spacePrefixEntries, spaceRunEntries, type Normalizer, type SpacePrefix } from '../gguf/scoring-rules.js';
import { TOKEN_TYPE } from '../gguf/token-types.js';
import type { GgufValue } from '../gguf/types.js';
import type { AddedToken } from './added-tokens.js';
import { invalidCheckpoint, objectIn, type JsonObject } from './checkpoint-file.js';
import { preTokenizerOf } from './pre-tokenizer.js';
import {
  addedPiece,
  isByteToken,
  isRunOfSpaces,
  isSentencePiece,
  mergeScores,
  ownScores,
  runsOfSpaces,
  unsupportedPieces,
} from './sentencepiece.js';
import { spacePrefixOf } from './space-prefix.js';

/** What makes tokens of a text, as a GGUF file has it. */
export interface TokenizerModel {
  readonly metadata: readonly [string, GgufValue][];
  /** Texts of all tokens by id. */
  readonly tokens: readonly string[];
  /** llama.cpp's name for the way in which texts are split. */
  readonly pre: string;
  /** What changes a text before. */
  readonly normalizer: Normalizer;
  /** Where SentencePiece's puts a space before a text; undefined for others. */
  readonly prefix: SpacePrefix | undefined;
}

/** What tells how texts become tokens. */
export interface TokenizerSource {
  /** tokenizer.json, or what it would say. */
  readonly tokenizer: JsonObject;
  /** SentencePiece's score of each token, by id, in place of merges; undefined where there are merges. */
  readonly scores: readonly number[] | undefined;
  /** The file that it comes from. */
  readonly path: string;
}

/**
 * The vocabulary of a tokenizer and how it is used.
 *
 * @param added the added tokens that the embedding has a row for
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL
 */
export function tokenizerModel(
  source: TokenizerSource,
  added: readonly AddedToken[],
  vocabSize: number,
): TokenizerModel {
  return isSentencePiece(source.tokenizer)
    ? sentencePieceModel(source, added, vocabSize)
    : byteLevelModel(source, added, vocabSize);
}

function byteLevelModel(
  { tokenizer, path }: TokenizerSource,
  added: readonly AddedToken[],
  vocabSize: number,
): TokenizerModel {
  const model = objectIn(tokenizer['model']) ?? {};
  const { name: pre, normalizer } = preTokenizerOf(tokenizer, path);
  const table = new TokenTable(vocabSize, path);
  table.placeAll(vocabularyIn(model, path), () => TOKEN_TYPE.normal);
  for (const { id, content, special } of added) table.place(id, content, typeOfAdded(content, special));
  table.checkDistinct();
  // In byte-level tokens a space is written Ġ.
  const merges = mergesIn(model, path).map((pair) => pair.map((part) => part.replaceAll(' ', 'Ġ')).join(' '));
  return {
    metadata: [
      ['tokenizer.ggml.model', ggufString('gpt2')],
      ['tokenizer.ggml.pre', ggufString(pre)],
      ...table.entries(),
      ['tokenizer.ggml.merges', ggufStrings(merges)],
    ],
    tokens: table.tokens,
    pre,
    normalizer,
    prefix: undefined,
  };
}

function sentencePieceModel(
  { tokenizer, scores: own, path }: TokenizerSource,
  added: readonly AddedToken[],
  vocabSize: number,
): TokenizerModel {
  const model = objectIn(tokenizer['model']) ?? {};
  const prefix = spacePrefixOf(tokenizer, added, path);
  const pre = 'default';
  const vocabulary = vocabularyIn(model, path);
  const table = new TokenTable(vocabSize, path);
  table.placeAll(vocabulary, (token) =>
    isByteToken(token) ? TOKEN_TYPE.byte : token === model['unk_token'] ? TOKEN_TYPE.unknown : TOKEN_TYPE.normal,
  );
  const merges = mergesIn(model, path);
  const contents = new Set(added.map(({ content }) => content));
  const runs = runsOfSpaces({ vocabulary, merges, added: contents }, path);
  if (runs !== undefined && prefix !== 'none') {
    throw unsupportedPieces(path, 'has runs of spaces as added tokens, and puts a space before texts');
  }
  const found = added.filter(({ content }) => runs?.by !== 'merging' || !isRunOfSpaces(content));
  for (const { id, content, special } of found) {
    const type = typeOfAdded(content, special);
    const piece = addedPiece(content, path);
    table.place(id, type === TOKEN_TYPE.control ? content : piece, type);
  }
  table.checkDistinct();
  const pieces = { vocabulary, merges, added: new Set(found.map(({ content }) => content)) };
  const scores = own === undefined ? mergeScores(pieces, table.types, path) : ownScores(own, pieces, table.types, path);
  return {
    metadata: [
      ['tokenizer.ggml.model', ggufString('llama')],
      ['tokenizer.ggml.pre', ggufString(pre)],
      ...table.entries(),
      ['tokenizer.ggml.scores', { type: 'array', element: 'float32', length: scores.length, value: scores }],
      ...spacePrefixEntries(prefix),
      ...spaceRunEntries(runs?.by === 'merging' ? runs.longest : undefined),
    ],
    tokens: table.tokens,
    pre,
    normalizer: 'spaces',
    prefix,
  };
}

/** Tokens and their types by id. The rows of the embedding that no token has are unused ones, named by their id. */
class TokenTable {
  readonly tokens: string[];
  readonly types: Int32Array;
  readonly #path: string;

  constructor(vocabSize: number, path: string) {
    this.tokens = Array.from({ length: vocabSize }, (_, id) => `[PAD${id}]`);
    this.types = new Int32Array(vocabSize).fill(TOKEN_TYPE.unused);
    this.#path = path;
  }

  place(id: number, token: string, type: number): void {
    if (!Number.isInteger(id) || id < 0 || id >= this.tokens.length) {
      throw invalidCheckpoint(
        `${this.#path} gives the token ${JSON.stringify(token.slice(0, 40))} the id ${id}, but config.json has a vocab_size of ${this.tokens.length}.`,
      );
    }
    if (token.includes('\0')) {
      throw new InformError(
        'INFORM_UNSUPPORTED_MODEL',
        `${this.#path} has the token ${JSON.stringify(token.slice(0, 40))} (id ${id}), which holds the character U+0000; llama.cpp reads a token's text up to there only and would make other tokens of such texts.`,
      );
    }
    this.tokens[id] = token;
    this.types[id] = type;
  }

  placeAll(vocabulary: ReadonlyMap<string, number>, typeOf: (token: string) => number): void {
    for (const [token, id] of vocabulary) this.place(id, token, typeOf(token));
  }

  /** llama.cpp aborts the process where two tokens have the same text. */
  checkDistinct(): void {
    const seen = new Set<string>();
    for (const [id, token] of this.tokens.entries()) {
      if (seen.has(token)) {
        const text = JSON.stringify(token.slice(0, 40));
        throw invalidCheckpoint(
          `${this.#path} has the token ${text} twice, with the ids ${this.tokens.indexOf(token)} and ${id}.`,
        );
      }
      seen.add(token);
    }
  }

  entries(): [string, GgufValue][] {
    const { types } = this;
    return [
      ['tokenizer.ggml.tokens', ggufStrings(this.tokens)],
      ['tokenizer.ggml.token_type', { type: 'array', element: 'int32', length: types.length, value: types }],
    ];
  }
}

function vocabularyIn(model: JsonObject, path: string): Map<string, number> {
  const vocabulary = objectIn(model['vocab']);
  if (vocabulary === undefined) throw invalidCheckpoint(`${path} has no vocabulary.`);
  return new Map(
    Object.entries(vocabulary).map(([token, id]) => {
      if (typeof id === 'number') return [token, id];
      throw invalidCheckpoint(
        `${path} gives the token ${JSON.stringify(token.slice(0, 40))} the id ${String(id)}, which is no number.`,
      );
    }),
  );
}

function typeOfAdded(content: string, special: boolean): number {
  return special || looksSpecial(content) ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined;
}

/** Some checkpoints do not mark their control tokens as special; llama.cpp's converter knows them by their form. */
function looksSpecial(token: string): boolean {
  const forms = [
    ['<|', '|>'],
    ['<unused', '>'],
  ] as const;
  return (
    ['<pad>', '<mask>', '<2mass>', '[@BOS@]'].includes(token) ||
    forms.some(([start, end]) => token.startsWith(start) && token.endsWith(end))
  );
}

/** As pairs; older files have "left right" strings. */
function mergesIn(model: JsonObject, path: string): (readonly [string, string])[] {
  const merges = model['merges'];
  if (!Array.isArray(merges)) throw invalidCheckpoint(`${path} has no merges.`);
  return merges.map((merge: unknown) => {
    const pair: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw invalidCheckpoint(`${path} has a merge that is neither a string nor a pair of strings.`);
    }
    return [left, right] as const;
  });
}
