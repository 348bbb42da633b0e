import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { convertCheckpoint } from '#src/convert/convert.js';
import { CONVERTER_VERSION } from '#src/models/converted-models.js';
import type { ConversionType } from '#src/gguf/model-types.js';
import { llamaVocabularyFiles } from '../../../tools/random-checkpoint/vocabulary-files.js';
import { generateCheckpoint } from '../../../tools/random-checkpoint/generate.js';
import { readGguf, type Gguf, type GgufTensor } from '#src/gguf/reader.js';
import type { GgufMetadata } from '#src/gguf/types.js';
import { writeGguf, type GgufTensorSource } from './write-gguf.js';
import { packageRoot } from '#src/util/package-root.js';
import { ADAPTERS, writeAdapter } from './adapter.js';
import { VARIANTS, writeVariant } from './checkpoint-variants.js';
import { generateClassCheckpoint, type ClassCheckpoint } from './class-checkpoints.js';
import { generateOddCheckpoint, ODD_CHECKPOINTS, type OddCheckpoint } from './odd-checkpoints.js';

// The models that tests score with: the generated checkpoint and conversions of it, made once and kept below build/.

/** A newer converter writes other files, so they are made anew. */
const FOLDER = path.join(packageRoot(), 'build', `test-models-v${CONVERTER_VERSION}`);

/** The folder of the generated Hugging Face checkpoint. */
export async function testCheckpoint(): Promise<string> {
  return makeOnce('checkpoint', async (target) => generateCheckpoint(target, await llamaVocabularyFiles()));
}

/** The GGUF of the generated checkpoint in the given type. */
export async function testModel(type: ConversionType): Promise<string> {
  const checkpoint = await testCheckpoint();
  return makeOnce(`model-${type}.gguf`, async (target) => {
    await convertCheckpoint(checkpoint, target, { type });
  });
}

/** The folder of one of the odd checkpoints. */
export async function oddCheckpoint(odd: OddCheckpoint): Promise<string> {
  return makeOnce(`odd-${odd.name}`, (target) => generateOddCheckpoint(target, odd));
}

/** The GGUF of an odd checkpoint in the given type. */
export async function oddModel(odd: OddCheckpoint, type: ConversionType): Promise<string> {
  const checkpoint = await oddCheckpoint(odd);
  return makeOnce(`odd-${odd.name}-${type}.gguf`, async (target) => {
    await convertCheckpoint(checkpoint, target, { type });
  });
}

/** The folder of the checkpoint of a class. */
export async function classCheckpoint(made: ClassCheckpoint): Promise<string> {
  return makeOnce(`class-${made.name}`, (target) => generateClassCheckpoint(target, made));
}

/** The GGUF of the checkpoint of a class in the given type. */
export async function classModel(made: ClassCheckpoint, type: ConversionType): Promise<string> {
  const checkpoint = await classCheckpoint(made);
  return makeOnce(`class-${made.name}-${type}.gguf`, async (target) => {
    await convertCheckpoint(checkpoint, target, { type, rewardToken: made.rewardToken });
  });
}

/** The folder of an adapter. */
export async function adapterFolder(name: string): Promise<string> {
  return makeOnce(`adapter-${name}`, async (target) => {
    await mkdir(target);
    await writeAdapter(target, ADAPTERS[name] ?? {});
  });
}

/** The folder of one of the variants of an odd checkpoint. */
export async function variantCheckpoint(name: string): Promise<string> {
  const change = VARIANTS[name];
  if (change === undefined) throw new Error(`no variant ${name}`);
  const odd = ODD_CHECKPOINTS.find((candidate) => candidate.name === 'one-layer');
  if (odd === undefined) throw new Error('no such checkpoint');
  const base = await oddCheckpoint(odd);
  return makeOnce(`variant-${name}`, (target) => writeVariant(base, target, change));
}

/** The F32 GGUF of a variant. */
export async function variantModel(name: string): Promise<string> {
  const checkpoint = await variantCheckpoint(name);
  return makeOnce(`variant-${name}-f32.gguf`, async (target) => {
    await convertCheckpoint(checkpoint, target, { type: 'f32' });
  });
}

/** SHA-256 of a checkpoint's config.json and weights, as test/reference/ computes it for its goldens. */
export async function checkpointFingerprint(folder: string): Promise<string> {
  const weights = (await readdir(folder)).filter((name) => name.endsWith('.safetensors')).sort();
  const hash = createHash('sha256');
  for (const name of ['config.json', ...weights]) hash.update(await readFile(path.join(folder, name)));
  return hash.digest('hex');
}

/** Test files run in processes side by side: each makes its own copy and the first one to finish is kept. */
async function makeOnce(name: string, make: (target: string) => Promise<void>): Promise<string> {
  const finished = path.join(FOLDER, name);
  if (existsSync(finished)) return finished;
  await mkdir(FOLDER, { recursive: true });
  const work = await mkdtemp(path.join(FOLDER, 'making-'));
  try {
    const target = path.join(work, name);
    await make(target);
    await rename(target, finished).catch((error: unknown) => {
      if (!existsSync(finished)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return finished;
}

export interface GgufEdit {
  metadata?: (metadata: GgufMetadata) => GgufMetadata;
  /** Which tensors stay. */
  keep?: (tensor: GgufTensor) => boolean;
  /** New bytes for a tensor's data, in place. */
  change?: (tensor: GgufTensor, data: Buffer) => void;
}

/** Writes an altered copy of a GGUF file. */
export async function editGguf(source: string, target: string, edit: GgufEdit): Promise<string> {
  const gguf: Gguf = await readGguf(source);
  const file = await open(source);
  try {
    const tensors = gguf.tensors.filter(edit.keep ?? (() => true)).map((tensor): GgufTensorSource => ({
      name: tensor.name,
      shape: tensor.shape,
      type: tensor.type,
      async *chunks() {
        const data = Buffer.alloc(tensor.byteLength);
        await file.read(data, 0, data.length, tensor.offset);
        edit.change?.(tensor, data);
        yield data;
      },
    }));
    await writeGguf(target, edit.metadata?.(gguf.metadata) ?? gguf.metadata, tensors);
  } finally {
    await file.close();
  }
  return target;
}
