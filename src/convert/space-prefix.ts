import type { SpacePrefix } from '../gguf/scoring-rules.js';
import type { AddedToken } from './added-tokens.js';
import { objectIn, type JsonObject } from './checkpoint-file.js';
import { named, SPACE, unsupportedPieces } from './sentencepiece.js';

// SentencePiece takes whole texts in which ▁ is a space, most often with one more before them. tokenizer.json says so in two ways:
// by a normalizer, which changes each stretch between added tokens, or by the pre-tokenizer `Metaspace`.

/**
 * Where a text gets a space that it does not have.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL for texts that are changed or split in another way
 */
export function spacePrefixOf(tokenizer: JsonObject, added: readonly AddedToken[], path: string): SpacePrefix {
  const { normalizer = null, pre_tokenizer: splitter = null } = tokenizer;
  const changes = stepsOf(normalizer);
  const prefix = objectIn(splitter)?.['type'] === 'Metaspace' ? metaspacePrefix(splitter, path) : undefined;
  if (prefix !== undefined) {
    // What it does to spaces is done already.
    if (changes.length > 0) throw unsupportedPieces(path, `changes texts by ${named(normalizer)}`);
    return prefix;
  }
  // It looks for spaces where none are left.
  const splitsNothing =
    splitter === null ||
    (objectIn(splitter)?.['type'] === 'Split' && objectIn(objectIn(splitter)?.['pattern'])?.['String'] === ' ');
  if (!splitsNothing) throw unsupportedPieces(path, `splits texts by ${named(splitter)}`);
  const changed = added.find((token) => token.normalized);
  if (changed !== undefined) {
    throw unsupportedPieces(path, `looks for the token ${named(changed.content)} in text that it changed before`);
  }
  const [first, second, third] = changes;
  if (isReplacement(first) && second === undefined) return 'none';
  if (isPrefix(first) && isReplacement(second) && third === undefined) return 'every';
  throw unsupportedPieces(path, `changes texts by ${named(normalizer)}`);
}

function metaspacePrefix(splitter: unknown, path: string): SpacePrefix {
  const { replacement, split = true, prepend_scheme: scheme, add_prefix_space: prefixes } = objectIn(splitter) ?? {};
  const stated = scheme ?? (prefixes === false ? 'never' : 'always');
  const known: Partial<Record<string, SpacePrefix>> = { never: 'none', first: 'first', always: 'unless_spaced' };
  const prefix = typeof stated === 'string' ? known[stated] : undefined;
  if (replacement === SPACE && split === false && prefix !== undefined) return prefix;
  throw unsupportedPieces(path, `splits texts by ${named(splitter)}`);
}

function stepsOf(normalizer: unknown): unknown[] {
  if (normalizer === null) return [];
  const inner: unknown = objectIn(normalizer)?.['normalizers'];
  return Array.isArray(inner) ? inner : [normalizer];
}

function isReplacement(step: unknown): boolean {
  const { type, pattern, content } = objectIn(step) ?? {};
  return type === 'Replace' && objectIn(pattern)?.['String'] === ' ' && content === SPACE;
}

function isPrefix(step: unknown): boolean {
  const { type, prepend } = objectIn(step) ?? {};
  return type === 'Prepend' && prepend === SPACE;
}
