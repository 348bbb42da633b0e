import { InformError } from '../errors.js';
import type { ReadToken } from '../gguf/scoring-rules.js';

/**
 * The place of the token that is scored, from 0. As in transformers' GenericForSequenceClassification, a sequence of nothing
 * but pad tokens is scored at its first one.
 *
 * @throws InformError INFORM_INVALID_SAMPLE (a pad token, where what is read then is not known)
 * @param tokens a sequence of at least one id, as it is after truncation
 */
export function readPosition(tokens: Int32Array, rule: ReadToken): number {
  if (rule.kind === 'last') return tokens.length - 1;
  if (rule.kind === 'last_without_pad') {
    if (!tokens.includes(rule.padTokenId)) return tokens.length - 1;
    throw new InformError(
      'INFORM_INVALID_SAMPLE',
      `The sample holds the text of the model's pad token (id ${rule.padTokenId}), and which token the model's class reads then is not known. Take that text out of the sample.`,
    );
  }
  return Math.max(
    0,
    tokens.findLastIndex((id) => id !== rule.padTokenId),
  );
}
