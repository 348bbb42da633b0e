import { InformError } from '../errors.js';
import { ARCHITECTURES, isArchitecture, type Architecture } from './backbones.js';
import { numberAt, stringAt } from './metadata.js';
import type { GgufModel } from './split-model.js';
import type { GgufMetadata } from './types.js';

/**
 * Refuses adapters, importance matrices, vocabularies, and architectures that cannot be scored.
 *
 * @throws InformError INFORM_UNSUPPORTED_MODEL
 */
export function checkIsModel({ path, metadata, tensors }: GgufModel): void {
  const architecture = stringAt(metadata, 'general.architecture');
  const kind = stringAt(metadata, 'general.type') ?? 'model';
  if (kind !== 'model' || tensors.length === 0) {
    const what = kind === 'model' ? 'no weights' : `the type "${kind}"`;
    throw unsupported(`${path} holds no model with its weights (${what}). Name the GGUF file of the model.`);
  }
  if (isArchitecture(architecture)) return;
  throw unsupported(
    `${path} has the architecture ${architecture === undefined ? 'nothing' : JSON.stringify(architecture)}, which is not supported; these are: ${ARCHITECTURES.join(', ')}.`,
  );
}

/** What the keys of a model's sizes begin with; `llama` where a file of a head alone does not say. */
export function architectureOf(metadata: GgufMetadata): Architecture {
  const architecture = stringAt(metadata, 'general.architecture');
  return isArchitecture(architecture) ? architecture : 'llama';
}

/** A size that the file states under its architecture's name, such as `llama.block_count`. */
export function sizeAt(metadata: GgufMetadata, key: string): number | undefined {
  return numberAt(metadata, `${architectureOf(metadata)}.${key}`);
}

/** Tokens of the longest sequences that the model was trained on; undefined where the file does not say. */
export function trainedContextOf(metadata: GgufMetadata): number | undefined {
  return sizeAt(metadata, 'context_length');
}

/** Rows of the embedding; in a file without one, those that it says there are. */
export function vocabularySizeOf({ metadata, tensors }: GgufModel): number | undefined {
  const embedding = tensors.find(({ name }) => name === 'token_embd.weight');
  return embedding?.shape[1] ?? sizeAt(metadata, 'vocab_size');
}

/** What the file calls its model, and what it says that it was made from. */
export function modelNames({ metadata }: GgufModel): string[] {
  const keys = [...metadata.keys()].filter((key) =>
    /^general\.(?:name|basename|source\.repo_url|base_model\.\d+\.(?:name|repo_url))$/.test(key),
  );
  return keys.flatMap((key) => stringAt(metadata, key) ?? []);
}

function unsupported(message: string): InformError {
  return new InformError('INFORM_UNSUPPORTED_MODEL', message);
}
