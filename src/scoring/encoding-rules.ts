import { readGguf } from '../gguf/reader.js';
import { readTokenOf, tokenizerRulesOf, type TokenizerRules } from '../gguf/scoring-rules.js';
import type { GgufMetadata } from '../gguf/types.js';
import type { PreparedModel } from '../models/prepare.js';
import type { EncodingRules } from '../prompt/encoder.js';

/**
 * Reads the rules from the headers of the model's file and of its score head's.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_MODEL_FILE, INFORM_UNSUPPORTED_MODEL
 */
export async function readModelRules({
  path,
  headPath = path,
}: Pick<PreparedModel, 'path' | 'headPath'>): Promise<EncodingRules & TokenizerRules> {
  const metadata = await metadataOf(path);
  const head = headPath === path ? metadata : await metadataOf(headPath);
  return {
    ...tokenizerRulesOf(metadata, path),
    readToken: readTokenOf(head, headPath),
  };
}

async function metadataOf(path: string): Promise<GgufMetadata> {
  return (await readGguf(path, { wantArray: () => false })).metadata;
}
