import { cp, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { readCheckpointConfig } from '#src/convert/checkpoint-config.js';
import { writeHollowModel as writeHollow } from '#src/convert/hollow-model.js';
import type { ConversionType } from '#src/gguf/model-types.js';
import { readTokenizer } from '#src/convert/tokenizer.js';
import { modelConfig, writeJson } from '../../../tools/random-checkpoint/generate.js';
import type { Geometry } from '../../../tools/random-checkpoint/geometry.js';
import { generateWeights } from '../../../tools/random-checkpoint/weights.js';
import { testCheckpoint } from './models.js';

export const GEOMETRY_70B: Geometry = {
  hiddenSize: 8192,
  feedForwardSize: 28672,
  layerCount: 80,
  headCount: 64,
  kvHeadCount: 8,
};

/**
 * Writes the GGUF file that a conversion of a checkpoint of this geometry gives, all of it but the weights: they are a hole
 * that reads as zeros and takes no space on the disk. It can be planned with, not scored with.
 *
 * @returns the file's size in bytes
 */
export async function writeHollowModel(file: string, geometry: Geometry, type: ConversionType): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'inform-hollow-'));
  try {
    for (const name of ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'])
      await cp(path.join(await testCheckpoint(), name), path.join(folder, name));
    await writeJson(folder, 'config.json', modelConfig(geometry));
    const files = new CheckpointFiles(folder);
    const config = await readCheckpointConfig(files);
    const weights = generateWeights(geometry, 0).map((tensor) => ({ ...tensor, file: '', offset: 0 }));
    const tensors = new Map(weights.map((tensor) => [tensor.name, tensor]));
    const { metadata } = await readTokenizer(files, config);
    return (await writeHollow(file, { folder, config, tensors }, type, metadata)).bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
