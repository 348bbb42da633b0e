import { InformError } from '../errors.js';
import { numberAt, stringAt } from './metadata.js';
import type { GgufModel } from './split-model.js';
import type { GgufMetadata } from './types.js';

/**
 * Refuses adapters, importance matrices, vocabularies and other architectures.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL
 */
export function checkIsLlama({ path, metadata, tensors }: GgufModel): void {
  const architecture = stringAt(metadata, 'general.architecture');
  const kind = stringAt(metadata, 'general.type') ?? 'model';
  if (architecture === 'llama' && kind === 'model' && tensors.length > 0) return;
  const what = [
    architecture === undefined ? [] : [`architecture "${architecture}"`],
    kind === 'model' ? [] : [`type "${kind}"`],
    tensors.length > 0 ? [] : ['no weights'],
  ].flat();
  throw new InformError(
    'INFORM_UNSUPPORTED_MODEL',
    `${path} is no llama with its weights (${what.join(', ')}). Name the GGUF file of the model.`,
  );
}

/** Rows of the embedding; in a file without one, those that it says there are. */
export function vocabularySizeOf({ metadata, tensors }: GgufModel): number | undefined {
  const embedding = tensors.find(({ name }) => name === 'token_embd.weight');
  return embedding?.shape[1] ?? numberAt(metadata, 'llama.vocab_size');
}

/** Tokens of the longest sequences that the model was trained on; undefined where the file does not say. */
export function trainedContextOf(metadata: GgufMetadata): number | undefined {
  const architecture = stringAt(metadata, 'general.architecture') ?? '';
  return numberAt(metadata, `${architecture}.context_length`);
}

/** What the file calls its model, and what it says that it was made from. */
export function modelNames({ metadata }: GgufModel): string[] {
  const keys = [...metadata.keys()].filter((key) =>
    /^general\.(?:name|basename|source\.repo_url|base_model\.\d+\.(?:name|repo_url))$/.test(key),
  );
  return keys.flatMap((key) => stringAt(metadata, key) ?? []);
}
