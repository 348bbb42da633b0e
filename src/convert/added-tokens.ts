import { InformError } from '../errors.js';
import type { CheckpointFiles } from './checkpoint-files.js';
import { invalidCheckpoint, objectIn, type JsonObject } from './checkpoint-file.js';
import { namedTokens, tokenText, unnamedTokens } from './special-tokens.js';

/** A token that is found in a text before it is split into words. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  /** Whether it is found in the text that the normalizer makes of a text. */
  readonly normalized: boolean;
}

interface DescribedToken extends AddedToken {
  readonly flags: JsonObject;
}

/** What llama.cpp's tokenizer does not do, and what it would change. */
const UNSUPPORTED_FLAGS = {
  lstrip: 'takes the white space before it',
  rstrip: 'takes the white space after it',
  single_word: 'is found only as a word of its own',
} as const;

/**
 * The added tokens that transformers has after it has loaded a tokenizer: those of tokenizer.json, those that only
 * tokenizer_config.json or, without its list, added_tokens.json has, and special tokens that are named but listed nowhere.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL (a token that llama.cpp's tokenizer would find in
 *   other places)
 */
export async function readAddedTokens(
  files: CheckpointFiles,
  tokenizer: JsonObject,
  tokenizerConfig: JsonObject,
): Promise<AddedToken[]> {
  const path = files.path('tokenizer.json');
  const vocabulary = objectIn(objectIn(tokenizer['model'])?.['vocab']) ?? {};
  const tokens = new Map(listed(tokenizer['added_tokens'] ?? [], path).map((token) => [token.content, token]));
  const decoder = tokenizerConfig['added_tokens_decoder'];
  const further =
    decoder === undefined || decoder === null
      ? fromNames(await files.json('added_tokens.json'))
      : decoded(decoder, files.path('tokenizer_config.json'));
  for (const token of further) {
    const known = tokens.get(token.content);
    // For a token that both list, transformers takes what the configuration says about it.
    if (known === undefined) add(token.content, token.flags, token.special, token.id);
    else tokens.set(token.content, { ...known, flags: token.flags, normalized: token.normalized });
  }
  for (const { content, flags } of specialTokens(tokenizerConfig)) {
    if (!tokens.has(content)) add(content, flags, true);
  }
  const added = [...tokens.values()];
  for (const token of added) checkFlags(token, path);
  checkOverlaps(added, path);
  return added;

  /** Gives a token the id that tokenizers gives it: that of its text in the vocabulary, or the next one. */
  function add(content: string, flags: JsonObject, special: boolean, statedId?: number): void {
    const inVocabulary = Object.hasOwn(vocabulary, content) ? vocabulary[content] : undefined;
    const id = typeof inVocabulary === 'number' ? inVocabulary : nextId();
    if (statedId !== undefined && statedId !== id) {
      throw unsupported(
        `${path} does not have the token ${quoted(content)}, which the files beside it give the id ${statedId}; transformers would give it ${id}. Save the tokenizer again with save_pretrained.`,
      );
    }
    tokens.set(content, { id, content, special, normalized: flags['normalized'] === true, flags });
  }

  function nextId(): number {
    const size = Object.keys(vocabulary).length;
    return [...tokens.values()].reduce((next, { id }) => Math.max(next, id + 1), size);
  }
}

function listed(value: unknown, path: string): DescribedToken[] {
  if (!Array.isArray(value)) throw invalidCheckpoint(`${path} has "added_tokens" that are not an array.`);
  return value.map((entry: unknown) => describedToken(objectIn(entry)?.['id'], entry, path));
}

function decoded(value: unknown, path: string): DescribedToken[] {
  const byId = objectIn(value);
  if (byId === undefined) throw invalidCheckpoint(`${path} has an "added_tokens_decoder" that is not an object.`);
  return Object.entries(byId)
    .map(([id, entry]) => describedToken(Number(id), entry, path))
    .sort((a, b) => a.id - b.id);
}

function describedToken(id: unknown, entry: unknown, path: string): DescribedToken {
  const flags = objectIn(entry) ?? {};
  const { content, special } = flags;
  if (typeof id !== 'number' || typeof content !== 'string') {
    throw invalidCheckpoint(`${path} has an added token without id and content.`);
  }
  return { id, content, special: special === true, normalized: flags['normalized'] === true, flags };
}

/** added_tokens.json: ids by texts. */
function fromNames(names: JsonObject | undefined): DescribedToken[] {
  return Object.entries(names ?? {})
    .flatMap(([content, id]) =>
      typeof id === 'number' ? [{ id, content, special: false, normalized: false, flags: {} }] : [],
    )
    .sort((a, b) => a.id - b.id);
}

/** The special tokens that a tokenizer's configuration lists, with what it says about them. */
function specialTokens(tokenizerConfig: JsonObject): { content: string; flags: JsonObject }[] {
  const values = [...Object.values(namedTokens(tokenizerConfig)), ...unnamedTokens(tokenizerConfig)];
  return values.flatMap((value) => {
    const content = tokenText(value);
    return content === undefined || content === '' ? [] : [{ content, flags: objectIn(value) ?? {} }];
  });
}

function checkFlags({ content, flags }: DescribedToken, path: string): void {
  for (const [flag, what] of Object.entries(UNSUPPORTED_FLAGS)) {
    if (flags[flag] === true) {
      throw unsupported(
        `${path} has the added token ${quoted(content)} with ${flag}: it ${what}, which llama.cpp's tokenizer cannot do. Where the model was trained without that, set ${flag} to false there and in tokenizer_config.json.`,
      );
    }
  }
}

/**
 * Two tokens of which one can end in what the other begins with, in a text that holds both: tokenizers takes the one that
 * begins first, llama.cpp the longer one.
 */
function checkOverlaps(tokens: readonly AddedToken[], path: string): void {
  const beginnings = new Map<string, AddedToken>();
  for (const token of tokens) {
    for (let end = 1; end < token.content.length; end++) {
      const beginning = token.content.slice(0, end);
      if ((beginnings.get(beginning)?.content.length ?? 0) < token.content.length) beginnings.set(beginning, token);
    }
  }
  for (const { content } of tokens) {
    for (let start = 1; start < content.length; start++) {
      const other = beginnings.get(content.slice(start))?.content;
      if (other === undefined || other === content || other.length < content.length) continue;
      // Of repetitions of one character, both take as many as there are.
      if (new Set(content + other).size === 1) continue;
      throw unsupported(
        `${path} has the added tokens ${quoted(content)} and ${quoted(other)}, of which one can begin inside the other; llama.cpp's tokenizer would take them apart in another way. Remove one of them.`,
      );
    }
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

function unsupported(message: string): InformError {
  return new InformError('INFORM_UNSUPPORTED_MODEL', message);
}
