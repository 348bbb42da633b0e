import type { ModelOptions } from './model-options.js';

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
  if (maxLength !== 'auto') return { options: { ...options, maxLength }, notes: [] };
  if (trainedContext >= DEFAULT_MAX_LENGTH)
    return { options: { ...options, maxLength: DEFAULT_MAX_LENGTH }, notes: [] };
  const note = `The model was trained on sequences of up to ${trainedContext} tokens, so max_length is ${trainedContext}.`;
  return { options: { ...options, maxLength: trainedContext }, notes: [note] };
}
