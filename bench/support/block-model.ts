import { cp, mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import { readCheckpointConfig } from '#src/convert/checkpoint-config.js';
import { convertCheckpoint, layOut } from '#src/convert/convert.js';
import { baseTypeOf, CONVERSION_TYPES, type ConversionType } from '#src/gguf/model-types.js';
import { readTokenizer } from '#src/convert/tokenizer.js';
import { modelConfig, writeJson } from '../../tools/random-checkpoint/generate.js';
import type { Geometry } from '../../tools/random-checkpoint/geometry.js';
import { generateWeights } from '../../tools/random-checkpoint/weights.js';
import { readGguf } from '#src/gguf/reader.js';
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
    // The small checkpoint's tokenizer, with the large geometry.
    const large = path.join(work, 'large');
    await cp(checkpoint, large, { recursive: true, filter: (file) => !file.endsWith('.safetensors') });
    await writeJson(large, 'config.json', modelConfig(geometry));
    const files = new CheckpointFiles(large);
    const config = await readCheckpointConfig(files);
    const named = generateWeights(geometry, 0).map((tensor) => ({ ...tensor, file: '', offset: 0 }));
    const weights = new Map(named.map((tensor) => [tensor.name, tensor]));
    const { metadata } = await readTokenizer(files, config);
    const [planned] = layOut({ folder: large, config, tensors: weights }, metadata, target, { type }).files;
    if (planned === undefined) throw new Error('A model has a file.');
    const { tensors, layout } = planned;
    const { header, offsets, totalBytes } = layout;
    const needed = new Set(tensors.filter(({ source }) => source.kind !== 'computed').map(({ type }) => type.name));
    const patterns = await allPatterns(checkpoint, [...needed], type, work);
    await using file = await open(target, 'w');
    await file.truncate(totalBytes);
    await file.write(header, 0, header.length, 0);
    for (const [index, { type: kind, source }] of tensors.entries()) {
      const start = offsets[index] ?? 0;
      const end = offsets[index + 1] ?? totalBytes;
      const pattern =
        source.kind === 'computed'
          ? new Uint8Array(source.values.buffer)
          : (patterns.get(kind.name) ?? missing(kind.name));
      await tile(file, pattern, start, end);
    }
    return totalBytes;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Whole blocks of every type that is needed: a large model's mix has types that the same mix of a small one has not. */
async function allPatterns(
  checkpoint: string,
  needed: readonly string[],
  type: ConversionType,
  folder: string,
): Promise<Map<string, Uint8Array>> {
  const others = needed.map((name) => CONVERSION_TYPES.find((one) => baseTypeOf(one) === name));
  const patterns = new Map<string, Uint8Array>();
  for (const one of new Set([type, ...others])) {
    if (one === undefined || needed.every((name) => patterns.has(name))) continue;
    const small = path.join(folder, `${one}.gguf`);
    await convertCheckpoint(checkpoint, small, { type: one });
    for (const [name, blocks] of await patternsOf(small)) if (!patterns.has(name)) patterns.set(name, blocks);
  }
  return patterns;
}

/** Whole blocks of each type that a file holds. */
async function patternsOf(model: string): Promise<Map<string, Uint8Array>> {
  const gguf = await readGguf(model);
  await using file = await open(model);
  const patterns = new Map<string, Uint8Array>();
  for (const { type, offset, byteLength } of gguf.tensors) {
    if ((patterns.get(type.name)?.length ?? 0) >= byteLength) continue;
    const length = Math.floor(Math.min(byteLength, MAX_PATTERN_BYTES) / type.bytesPerBlock) * type.bytesPerBlock;
    const pattern = new Uint8Array(length);
    await file.read(pattern, 0, length, offset);
    patterns.set(type.name, pattern);
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
