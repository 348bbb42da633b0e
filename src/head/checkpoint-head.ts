import { basename, join, resolve } from 'node:path';

import { readCheckpointConfig, type CheckpointConfig } from '../convert/checkpoint-config.js';
import { CheckpointFiles } from '../convert/checkpoint-files.js';
import { encodeWeights } from '../convert/encode-weights.js';
import { headFactsOf, headMetadata } from '../convert/metadata.js';
import type { SafetensorsTensor } from '../convert/safetensors.js';
import { assignTypes } from '../convert/tensor-types.js';
import { PIECE_MODEL_FILE } from '../convert/piece-tokenizer.js';
import { planHeadTensors } from '../convert/tensors.js';
import { readTokenizer } from '../convert/tokenizer.js';
import { readHeadFile } from '../convert/head-file.js';
import { headTensorNames } from '../convert/recipes.js';
import { FolderStore, folderShards, openCheckpointFolder } from '../convert/weights.js';
import { InformError } from '../errors.js';
import { ggufNumber } from '../gguf/metadata.js';
import type { GgufMetadata, GgufValue } from '../gguf/types.js';
import type { HeadSource } from './head.js';

/** The head of a Hugging Face checkpoint folder; its other weights need not be there. */
export async function openCheckpointHead(folder: string): Promise<HeadSource> {
  const files = new CheckpointFiles(folder);
  const config = await readCheckpointConfig(files);
  const checkpoint = await headTensors(files, config);
  // The type is that of the backbone's matrices, of which there are none here.
  const tensors = assignTypes(planHeadTensors(config, checkpoint), config, 'bf16');
  const sources = tensors.flatMap(({ source }) => (source.kind === 'checkpoint' ? [source] : []));
  return {
    path: folder,
    model: {
      architecture: config.backbone.architecture,
      hiddenSize: config.hiddenSize,
      layerCount: config.layerCount,
      vocabularySize: config.vocabSize,
      // A folder may be called anything; its name counts only beside one that the checkpoint gives itself.
      names: config.name === undefined ? [] : [config.name, basename(resolve(folder))],
      tokenizer: await tokenizerOf(files, config),
    },
    metadata: [...headMetadata(headFactsOf(config)), ...windowEntries(config)],
    tensors,
    data: sources.map(({ tensor }) => ({ ...tensor, file: join(folder, tensor.file) })),
    write: async ({ path }, offsets, signal) => {
      const placed = tensors.flatMap(({ name, shape, type, source }, index) =>
        source.kind === 'checkpoint' ? [{ name, shape, type, source, path, offset: offsets[index] ?? 0 }] : [],
      );
      await encodeWeights(placed, folderShards(folder), { signal });
    },
  };
}

/** Files of other converters state sequences as long as the model was trained on, which llama.cpp computes without the window. */
function windowEntries({ window, backbone }: CheckpointConfig): [string, GgufValue][] {
  return window === undefined ? [] : [[`${backbone.architecture}.context_length`, ggufNumber('uint32', window)]];
}

async function headTensors(
  files: CheckpointFiles,
  { recipe }: CheckpointConfig,
): Promise<ReadonlyMap<string, SafetensorsTensor>> {
  const names = headTensorNames(recipe.head);
  if (recipe.headFile === undefined) return (await openCheckpointFolder(files, (name) => names.includes(name))).tensors;
  const tensors = await readHeadFile(recipe, files.folder, new FolderStore(files.folder));
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

/** A head comes with whatever tokenizer its folder has: with none, or with one that this package does not convert. */
async function tokenizerOf(files: CheckpointFiles, config: CheckpointConfig): Promise<GgufMetadata | undefined> {
  const has = await Promise.all(['tokenizer.json', PIECE_MODEL_FILE].map((name) => files.has(name)));
  if (!has.includes(true)) return undefined;
  try {
    const { metadata } = await readTokenizer(files, config, { templateOptional: true });
    return new Map(metadata);
  } catch (error) {
    if (error instanceof InformError && error.code === 'INFORM_UNSUPPORTED_MODEL') return undefined;
    throw error;
  }
}
