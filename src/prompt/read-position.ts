import type { ReadToken } from '../gguf/scoring-rules.js';

/**
 * The place of the token that is scored, from 0. As in transformers' GenericForSequenceClassification, a sequence of nothing
 * but pad tokens is scored at its first one.
 *
 * @param tokens a sequence of at least one id, as it is after truncation
 */
export function readPosition(tokens: Int32Array, rule: ReadToken): number {
  if (rule.kind === 'last') return tokens.length - 1;
  return Math.max(
    0,
    tokens.findLastIndex((id) => id !== rule.padTokenId),
  );
}
