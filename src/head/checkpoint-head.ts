import { basename, join, resolve } from 'node:path';

import { readCheckpointConfig } from '../convert/checkpoint.js';
import { encodeWeights } from '../convert/encode-weights.js';
import { headMetadata } from '../convert/metadata.js';
import { assignTypes } from '../convert/tensor-types.js';
import { planHeadTensors } from '../convert/tensors.js';
import { openCheckpointFolder } from '../convert/weights.js';
import type { HeadSource } from './head-source.js';

/** The head of a Hugging Face checkpoint folder; its other weights need not be there. */
export async function openCheckpointHead(folder: string): Promise<HeadSource> {
  const config = await readCheckpointConfig(folder);
  const weights = await openCheckpointFolder(folder, (tensor) => tensor.startsWith('score.'));
  // The type is that of the backbone's matrices, of which there are none here.
  const tensors = assignTypes(planHeadTensors(config, weights.tensors), config, 'bf16');
  const sources = tensors.flatMap(({ source }) => (source.kind === 'checkpoint' ? [source] : []));
  return {
    path: folder,
    model: {
      hiddenSize: config.hiddenSize,
      layerCount: config.layerCount,
      vocabularySize: config.vocabSize,
      // A folder may be called anything; its name counts only beside one that the checkpoint gives itself.
      names: config.name === undefined ? [] : [config.name, basename(resolve(folder))],
    },
    metadata: headMetadata(config.head),
    tensors,
    data: sources.map(({ tensor }) => ({ ...tensor, file: join(folder, tensor.file) })),
    write: async ({ path }, offsets, signal) => {
      const placed = tensors.flatMap(({ shape, type, source }, index) =>
        source.kind === 'checkpoint' ? [{ shape, type, source, path, offset: offsets[index] ?? 0 }] : [],
      );
      await encodeWeights(placed, weights, { signal });
    },
  };
}
