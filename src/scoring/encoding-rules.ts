import { readGguf } from '../gguf/reader.js';
import { readTokenOf, tokenizerRulesOf } from '../gguf/scoring-rules.js';
import { isTemplateTokenArray, templateTokensOf, type TemplateTokens } from '../gguf/template-tokens.js';
import type { GgufMetadata } from '../gguf/types.js';
import type { PreparedModel } from '../models/prepare.js';
import type { EncodingRules } from '../prompt/encoder.js';

/** What the headers of a model's files say about how conversations become tokens. */
export interface ModelRules {
  readonly encoding: EncodingRules;
  readonly templateTokens: TemplateTokens;
}

/**
 * Reads the rules from the headers of the model's file and of its score head's.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_MODEL_FILE, INFORM_UNSUPPORTED_MODEL
 */
export async function readModelRules({
  path,
  headPath = path,
}: Pick<PreparedModel, 'path' | 'headPath'>): Promise<ModelRules> {
  const metadata = await metadataOf(path);
  const head = headPath === path ? metadata : await metadataOf(headPath);
  return {
    encoding: { ...tokenizerRulesOf(metadata, path), readToken: readTokenOf(head, headPath) },
    templateTokens: templateTokensOf(metadata, path),
  };
}

async function metadataOf(path: string): Promise<GgufMetadata> {
  return (await readGguf(path, { wantArray: isTemplateTokenArray })).metadata;
}
