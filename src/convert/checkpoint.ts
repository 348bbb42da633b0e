import { InformError } from '../errors.js';
import { numberAt } from '../gguf/metadata.js';
import { SPECIAL_TOKEN_ID_KEYS } from '../gguf/template-tokens.js';
import type { GgufValue } from '../gguf/types.js';
import { readCheckpointConfig, type CheckpointConfig, type ReadConfigOptions } from './checkpoint-config.js';
import type { CheckpointFiles } from './checkpoint-files.js';
import { modelCardMetadata } from './model-card.js';
import { readTensorTable, type SafetensorsTensor, type ShardStore } from './safetensors.js';
import { readTokenizer, type CheckpointTokenizer, type TokenizerOptions } from './tokenizer.js';
import { readHeadFile } from './head-file.js';
import { FolderStore, openCheckpointFolder } from './weights.js';

/** A Hugging Face checkpoint: all that a conversion takes from its folder but the weights' values, read once. */
export interface Checkpoint {
  readonly folder: string;
  readonly config: CheckpointConfig;
  readonly tokenizer: CheckpointTokenizer;
  /** What its model card says, as the keys of a GGUF file. */
  readonly card: readonly [string, GgufValue][];
  /** By name, in the order of the shards. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
}

export interface OpenCheckpointOptions extends TokenizerOptions, ReadConfigOptions {
  /** Reads the weights' headers, where they are not files of the folder. */
  readonly readTensors?:
    ((config: CheckpointConfig, files: CheckpointFiles) => Promise<ReadonlyMap<string, SafetensorsTensor>>) | undefined;
}

/**
 * Reads a checkpoint folder.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL, and what `readTensors`
 *   throws
 */
export async function openCheckpoint(
  files: CheckpointFiles,
  { readTensors = readFolderTensors, ...options }: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  await files.checkFolder();
  const config = await readCheckpointConfig(files, options); // says best what a folder lacks that is no checkpoint at all
  const tensors = await readTensors(config, files);
  const tokenizer = await readTokenizer(files, config, options);
  checkSuffix(config, tokenizer, files);
  return {
    folder: files.folder,
    config,
    tokenizer,
    card: await modelCardMetadata(files),
    tensors,
  };
}

/** The pipelines of such classes put the tokenizer's CLS token behind a text, and the classes look for the one that they know. */
function checkSuffix(
  { recipe, prompt: { suffixTokenId } }: CheckpointConfig,
  { metadata }: CheckpointTokenizer,
  files: CheckpointFiles,
): void {
  const stated = numberAt(new Map(metadata), SPECIAL_TOKEN_ID_KEYS.cls_token);
  if (suffixTokenId === undefined || stated === undefined || stated === suffixTokenId) return;
  throw new InformError(
    'INFORM_UNSUPPORTED_MODEL',
    `${files.path('tokenizer_config.json')} has the CLS token ${stated}, but ${recipe.className} scores the token ${suffixTokenId}. Name the tokenizer's files that belong to the model.`,
  );
}

/** The headers of a folder's weights, with a head that lies beside them. */
export async function readFolderTensors(
  config: CheckpointConfig,
  files: CheckpointFiles,
): Promise<ReadonlyMap<string, SafetensorsTensor>> {
  const { tensors } = await openCheckpointFolder(files);
  return withHeadFile(tensors, config, files, new FolderStore(files.folder));
}

/** As `readFolderTensors`, of shards that lie in a store. */
export async function readStoredTensors(
  config: CheckpointConfig,
  files: CheckpointFiles,
  store: ShardStore,
): Promise<ReadonlyMap<string, SafetensorsTensor>> {
  return withHeadFile(await readTensorTable(files, store), config, files, store);
}

async function withHeadFile(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  { recipe }: CheckpointConfig,
  { folder }: CheckpointFiles,
  store: ShardStore,
): Promise<ReadonlyMap<string, SafetensorsTensor>> {
  if (recipe.headFile === undefined) return tensors;
  const head = await readHeadFile(recipe, folder, store);
  return new Map([...tensors, ...head.map((tensor) => [tensor.name, tensor] as const)]);
}

/** What a user should know before relying on the scores of a checkpoint, a sentence each. */
export function checkpointNotes({ config, tokenizer }: Checkpoint): string[] {
  const notes: string[] = [];
  const { readToken, window } = config;
  if (window !== undefined) {
    notes.push(
      `A token of this model sees the last ${window} tokens (sliding_window), which llama.cpp does not compute for this backbone. Texts of up to ${window} tokens are scored as transformers does; max_length cannot be above that.`,
    );
  }
  if (readToken.kind === 'last_non_pad' && tokenizer.endTokenIds.has(readToken.padTokenId)) {
    const text = JSON.stringify(tokenizer.tokens[readToken.padTokenId] ?? '');
    notes.push(
      `The pad token of config.json is ${text}, which ends turns. As transformers does, the token before it is scored.`,
    );
  }
  if (config.hasDynamicRope === true) {
    notes.push(
      `config.json asks for dynamic rope scaling, which changes nothing up to ${config.contextLength} tokens and is not computed beyond: leave max_length below.`,
    );
  }
  const { beyondEmbedding, splitNote } = tokenizer;
  if (splitNote !== undefined) notes.push(splitNote);
  if (beyondEmbedding.length > 0) {
    const texts = beyondEmbedding.map((text) => JSON.stringify(text)).join(', ');
    notes.push(
      `The embedding has no row for ${texts}: a sample that holds this text is rejected. transformers fails there.`,
    );
  }
  return notes;
}
