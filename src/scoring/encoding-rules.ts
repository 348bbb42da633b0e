import { arrayAt, stringsAt } from '../gguf/metadata.js';
import { readGguf } from '../gguf/reader.js';
import {
  longestSpaceRunOf,
  promptRulesOf,
  readTokenOf,
  spacePrefixOfFile,
  tokenizerRulesOf,
  type Normalizer,
} from '../gguf/scoring-rules.js';
import { isTemplateTokenArray, templateTokensOf, type TemplateTokens } from '../gguf/template-tokens.js';
import { TOKEN_TYPE } from '../gguf/token-types.js';
import type { GgufMetadata } from '../gguf/types.js';
import type { PreparedModel } from '../models/prepare.js';
import type { EncodingRules } from '../prompt/encoder.js';
import { Composer } from '../prompt/nfc.js';
import { SpaceMarks } from '../prompt/space-marks.js';
import { SpacePrefixer } from '../prompt/space-prefix.js';
import type { Rewriter } from '../prompt/special-tokens.js';

/** What the headers of a model's files say about how conversations become tokens. */
export interface ModelRules {
  readonly encoding: EncodingRules;
  readonly normalizer: Normalizer;
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
  const { normalizer, ...tokenizer } = tokenizerRulesOf(metadata, path);
  return {
    encoding: { ...tokenizer, ...promptRulesOf(head, headPath), readToken: readTokenOf(head, headPath) },
    normalizer,
    templateTokens: templateTokensOf(metadata, path),
  };
}

/** What changes the texts of a model whose tokenizer does; undefined for others. */
export async function readRewriter(path: string, normalizer: Normalizer): Promise<Rewriter | undefined> {
  if (normalizer === 'none') return undefined;
  const { metadata } = await readGguf(path, { wantArray: (key) => key === TOKENS || key === TOKEN_TYPES });
  const texts = stringsAt(metadata, TOKENS) ?? [];
  const types = arrayAt(metadata, TOKEN_TYPES)?.value ?? [];
  const ofType = (wanted: number): string[] => texts.filter((text, id) => Number(types[id]) === wanted && text !== '');
  const [control, others] = [ofType(TOKEN_TYPE.control), ofType(TOKEN_TYPE.userDefined)];
  if (normalizer === 'nfc') return new Composer(control, others);
  const prefix = spacePrefixOfFile(metadata, path);
  if (prefix === 'first' || prefix === 'unless_spaced') return new SpacePrefixer(prefix, control, others);
  return SpaceMarks.of(others, longestSpaceRunOf(metadata));
}

const TOKENS = 'tokenizer.ggml.tokens';
const TOKEN_TYPES = 'tokenizer.ggml.token_type';

async function metadataOf(path: string): Promise<GgufMetadata> {
  return (await readGguf(path, { wantArray: isTemplateTokenArray })).metadata;
}
