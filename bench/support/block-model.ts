import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { readCheckpointConfig } from '#src/convert/checkpoint-config.js';
import { convertCheckpoint } from '#src/convert/convert.js';
import { modelMetadata } from '#src/convert/metadata.js';
import { assignTypes } from '#src/convert/tensor-types.js';
import type { ConversionType } from '#src/gguf/model-types.js';
import { planTensors } from '#src/convert/tensors.js';
import { readTokenizer } from '#src/convert/tokenizer.js';
import { modelConfig, writeJson } from '../../tools/random-checkpoint/generate.js';
import type { Geometry } from '../../tools/random-checkpoint/geometry.js';
import { generateWeights } from '../../tools/random-checkpoint/weights.js';
import { readGguf } from '#src/gguf/reader.js';
import { layoutGguf } from '#src/gguf/writer.js';
import { writeSyntheticCheckpoint } from './synthetic-checkpoint.js';

/** Large enough for blocks of every type, and eight layers, so that every mix uses each of its types. */
const PATTERN_GEOMETRY: Geometry = {
  hiddenSize: 1024,
  feedForwardSize: 2048,
  layerCount: 8,
  headCount: 8,
  kvHeadCount: 1,
};
const MAX_PATTERN_BYTES = 32 << 20;

/**
 * Writes the GGUF file that a conversion of a checkpoint of this geometry gives, without the checkpoint: each tensor's blocks
 * are those of a small converted one of its type, over and over. Speed does not depend on what they hold, as long as it is no
 * zeros; the scores mean nothing. A 70B model in Q4_K_M is 42 GB and takes as long as the disk does.
 *
 * @param folder for what is needed on the way, about 1 GB
 * @returns the file's size in bytes
 */
export async function writeBlockModel(
  target: string,
  geometry: Geometry,
  type: ConversionType,
  folder: string,
): Promise<number> {
  const work = await mkdtemp(path.join(folder, 'blocks-'));
  try {
    const checkpoint = path.join(work, 'checkpoint');
    await writeSyntheticCheckpoint(checkpoint, PATTERN_GEOMETRY);
    const small = path.join(work, 'small.gguf');
    await convertCheckpoint(checkpoint, small, { type });
    const patterns = await patternsOf(small);

    // The small checkpoint's tokenizer, with the large geometry.
    await writeJson(checkpoint, 'config.json', modelConfig(geometry));
    const files = new CheckpointFiles(checkpoint);
    const config = await readCheckpointConfig(files);
    const named = generateWeights(geometry, 0).map((tensor) => ({ ...tensor, file: '', offset: 0 }));
    const weights = new Map(named.map((tensor) => [tensor.name, tensor]));
    const tensors = assignTypes(planTensors(config, weights), config, type);
    const metadata = new Map([
      ...modelMetadata(config, checkpoint, type),
      ...(await readTokenizer(files, config)).metadata,
    ]);
    const { header, offsets, totalBytes } = layoutGguf(metadata, tensors);
    await using file = await open(target, 'w');
    await file.truncate(totalBytes);
    await file.write(header, 0, header.length, 0);
    for (const [index, { type: kind, source }] of tensors.entries()) {
      const start = offsets[index] ?? 0;
      const end = offsets[index + 1] ?? totalBytes;
      const pattern =
        source.kind === 'computed'
          ? new Uint8Array(source.values.buffer)
          : (patterns.get(kind.id) ?? missing(kind.name));
      await tile(file, pattern, start, end);
    }
    return totalBytes;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Whole blocks of each type that a file holds, by ggml's id of the type. */
async function patternsOf(model: string): Promise<Map<number, Uint8Array>> {
  const gguf = await readGguf(model);
  await using file = await open(model);
  const patterns = new Map<number, Uint8Array>();
  for (const { type, offset, byteLength } of gguf.tensors) {
    if ((patterns.get(type.id)?.length ?? 0) >= byteLength) continue;
    const length = Math.floor(Math.min(byteLength, MAX_PATTERN_BYTES) / type.bytesPerBlock) * type.bytesPerBlock;
    const pattern = new Uint8Array(length);
    await file.read(pattern, 0, length, offset);
    patterns.set(type.id, pattern);
  }
  return patterns;
}

/** Fills a stretch of the file; what lies between two tensors gets the beginning of a block, which nobody reads. */
async function tile(file: FileHandle, pattern: Uint8Array, start: number, end: number): Promise<void> {
  for (let at = start; at < end; at += pattern.length) {
    await file.write(pattern, 0, Math.min(pattern.length, end - at), at);
  }
}

function missing(type: string): never {
  throw new Error(`The small model holds no tensor of type ${type}.`);
}
