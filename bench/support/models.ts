import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '#src/util/cache-folder.js';
import { convertCheckpoint } from '#src/convert/convert.js';
import { llamaVocabularyFiles } from '../../tools/random-checkpoint/vocabulary-files.js';
import { generateCheckpoint } from '../../tools/random-checkpoint/generate.js';
import { TEST_GEOMETRY, type Geometry } from '../../tools/random-checkpoint/geometry.js';
import { readGguf } from '#src/gguf/reader.js';
import { writeGguf, type GgufTensorSource } from '../../test/support/models/write-gguf.js';
import { log } from './log.js';

/** A model that contestants run. Its weights are random: speed does not depend on them. */
export interface BenchModel {
  name: string;
  geometry: Geometry;
  /** GGUF with the score head. */
  path: string;
  /** The same file without the head, for a llama.cpp that refuses tensors it does not know. */
  backbonePath: string;
}

/** Llama 3.2 1B's geometry. */
const GEOMETRY_1_2B: Geometry = {
  hiddenSize: 2048,
  feedForwardSize: 8192,
  layerCount: 16,
  headCount: 32,
  kvHeadCount: 8,
};

/** Raised when the generator or the converter changes the file, so that no old one is used. */
const MODEL_VERSION = 1;

/** Llama 3.2 1B's geometry in Q4_K_M: 0.8 GB in the cache folder, and 2.5 GB more while it is made. */
export function syntheticModel(): Promise<BenchModel> {
  return madeOfLayers('1.2B', GEOMETRY_1_2B.layerCount);
}

/** Two of its layers, for quick runs: where no language-model head runs, all of the time is the layers'. */
export function twoLayerModel(): Promise<BenchModel> {
  return madeOfLayers('1.2B, 2 layers', 2);
}

async function madeOfLayers(name: string, layerCount: number): Promise<BenchModel> {
  const geometry = { ...GEOMETRY_1_2B, layerCount };
  const file = `bench-1.2b-${layerCount}-layers-v${MODEL_VERSION}-q4_k_m.gguf`;
  const model = await makeOnce(file, async (target, folder) => {
    const checkpoint = path.join(folder, 'checkpoint');
    await generateCheckpoint(checkpoint, { ...(await llamaVocabularyFiles()), geometry });
    await convertCheckpoint(checkpoint, target, { type: 'q4_k_m' });
  });
  return withBackbone(name, geometry, model);
}

/** The generated checkpoint of the tests in BF16, 42 MB: all of the work around the model, hardly any in it. */
export async function tinyModel(): Promise<BenchModel> {
  const model = await makeOnce(`bench-tiny-v${MODEL_VERSION}-bf16.gguf`, async (target, folder) => {
    const checkpoint = path.join(folder, 'checkpoint');
    await generateCheckpoint(checkpoint, await llamaVocabularyFiles());
    await convertCheckpoint(checkpoint, target, { type: 'bf16' });
  });
  return withBackbone('tiny', TEST_GEOMETRY, model);
}

async function withBackbone(name: string, geometry: Geometry, model: string): Promise<BenchModel> {
  const backbone = `${path.basename(model, '.gguf')}-backbone.gguf`;
  return {
    name,
    geometry,
    path: model,
    backbonePath: await makeOnce(backbone, (target) => copyBackbone(model, target)),
  };
}

/** Copies a GGUF file without its score head. */
async function copyBackbone(source: string, target: string): Promise<void> {
  const gguf = await readGguf(source);
  await using file = await open(source);
  const tensors = gguf.tensors
    .filter(({ name }) => !name.startsWith('cls.'))
    .map(({ name, shape, type, offset, byteLength }): GgufTensorSource => ({
      name,
      shape,
      type,
      async *chunks() {
        const data = Buffer.alloc(byteLength);
        await file.read(data, 0, byteLength, offset);
        yield data;
      },
    }));
  await writeGguf(target, gguf.metadata, tensors);
}

/** Made in a folder of its own in the cache folder, which holds large files where the temporary one may not. */
async function makeOnce(name: string, make: (target: string, folder: string) => Promise<void>): Promise<string> {
  const finished = path.join(cacheFolder(), name);
  if (existsSync(finished)) return finished;
  await mkdir(cacheFolder(), { recursive: true });
  const folder = await mkdtemp(path.join(cacheFolder(), 'bench-making-'));
  const start = performance.now();
  log(`making ${finished}`);
  try {
    const target = path.join(folder, name);
    await make(target, folder);
    await rename(target, finished);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  log(`made in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  return finished;
}
