import { cp, mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { readCheckpointConfig } from '#src/convert/checkpoint-config.js';
import { modelMetadata } from '#src/convert/metadata.js';
import { assignTypes } from '#src/convert/tensor-types.js';
import type { ConversionType } from '#src/gguf/model-types.js';
import { planTensors } from '#src/convert/tensors.js';
import { readTokenizer } from '#src/convert/tokenizer.js';
import { modelConfig, writeJson } from '../../../tools/random-checkpoint/generate.js';
import type { Geometry } from '../../../tools/random-checkpoint/geometry.js';
import { generateWeights } from '../../../tools/random-checkpoint/weights.js';
import { layoutGguf } from '#src/gguf/writer.js';
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
    const tensors = assignTypes(
      planTensors(config, new Map(weights.map((tensor) => [tensor.name, tensor]))),
      config,
      type,
    );
    const metadata = new Map([
      ...modelMetadata(config, folder, type),
      ...(await readTokenizer(files, config)).metadata,
    ]);
    const { header, totalBytes } = layoutGguf(metadata, tensors);
    const handle = await open(file, 'w');
    try {
      await handle.write(header);
      await handle.truncate(totalBytes);
    } finally {
      await handle.close();
    }
    return totalBytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
