import type { ModelOptions } from './model-options.js';
import { OPTIONS } from './table.js';

/** That of the option table. */
const DEFAULT_BATCH_SIZE = OPTIONS.find(({ key }) => key === 'batchSize')?.fallback;

/** The most tokens of a sequence unless somebody says otherwise. */
const DEFAULT_MAX_LENGTH = 4096;

/** A model's options, with what was left to the model decided. */
export type SettledOptions = Omit<ModelOptions, 'maxLength'> & { readonly maxLength: number };

/**
 * Decides `max_length` where nobody has: a model that was trained on shorter sequences than the default is given those.
 *
 * @param trainedContext what the model's file says; undefined where it does not
 */
export function settleOptions(
  options: ModelOptions,
  trainedContext = Infinity,
): { options: SettledOptions; notes: readonly string[] } {
  const { maxLength } = options;
  const notes = withoutEffect(options);
  if (maxLength !== 'auto') return { options: { ...options, maxLength }, notes };
  if (trainedContext >= DEFAULT_MAX_LENGTH) return { options: { ...options, maxLength: DEFAULT_MAX_LENGTH }, notes };
  const note = `The model was trained on sequences of up to ${trainedContext} tokens, so max_length is ${trainedContext}.`;
  return { options: { ...options, maxLength: trainedContext }, notes: [...notes, note] };
}

/** What was stated and changes nothing beside another option. */
function withoutEffect({ deterministic, batchSize }: ModelOptions): string[] {
  if (!deterministic || batchSize === DEFAULT_BATCH_SIZE) return [];
  return [`batch_size ${batchSize} has no effect: deterministic and exact take one sample at a time.`];
}
