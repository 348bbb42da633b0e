import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ConversionType } from '#src/gguf/model-types.js';
import { Engine } from '#src/engine/engine.js';
import { type ModelOptions } from '#src/options/model-options.js';
import { packageRoot } from '#src/util/package-root.js';
import type { Sample } from '#src/input/sample.js';
import { rewardsOf } from './evaluate.js';
import { testModel } from '../models/models.js';
import { loadEngine } from '../models/load.js';

/** What Hugging Face transformers says, made by test/reference/make_goldens.py; its README describes the fields. */
export interface Goldens {
  made: { checkpoint: string; maxLength: number };
  samples: GoldenSample[];
  tokenSequences: GoldenSequence[];
}

export interface GoldenSequence {
  name: string;
  ids: number[];
  /** float32 */
  score: number;
  /** The same in float64, by an independent implementation. */
  score64: number;
}

interface GoldenSample extends GoldenSequence {
  sample: unknown;
  prompt: string;
  /** Before truncation. */
  tokenCount: number;
  truncated: boolean;
}

export function readGoldens(): Goldens {
  return readFixture('goldens.json.gz') as Goldens;
}

/** What transformers says about a few samples on each odd checkpoint, made by test/reference/make_odd_goldens.py. */
export interface OddGoldens {
  samples: { name: string; sample: unknown; ids: number[] }[];
  /** Scores in float32, in the order of the samples. */
  checkpoints: { name: string; checkpoint: string; scores: number[] }[];
}

export function readOddGoldens(): OddGoldens {
  return readFixture('odd-goldens.json.gz') as OddGoldens;
}

/** What transformers says about a few samples on each variant, made by test/reference/make_variant_goldens.py. */
export interface VariantGoldens {
  samples: { name: string; sample: Sample }[];
  /** Scores in float32, in the order of the samples. */
  variants: { name: string; checkpoint: string; maxLength: number; scores: number[] }[];
}

export function readVariantGoldens(): VariantGoldens {
  return readFixture('variant-goldens.json.gz') as VariantGoldens;
}

/** What PEFT and transformers say of an adapter over its base, made by test/reference/make_adapter_goldens.py. */
export interface AdapterGoldens {
  samples: { name: string; sample: Sample }[];
  /** `adapter`: SHA-256 of its weights. `base`: the fingerprint of the base. Scores in float32, in the order of the samples. */
  adapters: { name: string; adapter: string; base: string; scores: number[] }[];
}

export function readAdapterGoldens(): AdapterGoldens {
  return readFixture('adapter-goldens.json.gz') as AdapterGoldens;
}

/** What transformers says on a checkpoint of a class, made by test/reference/make_class_goldens.py. */
export interface ClassGolden {
  name: string;
  checkpoint: string;
  /** No score where the sample is refused. */
  samples: { name: string; sample: unknown; ids: number[]; score: number | null }[];
}

export function readClassGoldens(): { maxLength: number; classes: ClassGolden[] } {
  return readFixture('class-goldens.json.gz') as { maxLength: number; classes: ClassGolden[] };
}

/** What transformers says with the weights of a trained model's file, made by test/reference/make_mini_goldens.py. */
interface TrainedGoldens {
  /** `gguf`: the file's SHA-256. */
  made: { gguf: string };
  samples: {
    sample: Sample;
    instruction_id: number;
    win_rate: number;
    ids: number[];
    /** float32 */
    score: number;
  }[];
}

export function readTrainedGoldens(name: 'mini' | 'small'): TrainedGoldens {
  return readFixture(`${name}-goldens.json.gz`) as TrainedGoldens;
}

function readFixture(name: string): unknown {
  const file = path.join(packageRoot(), 'test', 'fixtures', name);
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
}

/** |score - golden| of every sample on an odd checkpoint, by the engine that has loaded it. */
export async function oddDifferences(
  engine: Engine,
  { samples, checkpoints }: OddGoldens,
  name: string,
): Promise<number[]> {
  const scores = await rewardsOf(
    engine,
    samples.map(({ ids }) => Int32Array.from(ids)),
  );
  const golden = checkpoints.find((checkpoint) => checkpoint.name === name);
  return samples.map((_, i) => Math.abs((scores[i] ?? NaN) - (golden?.scores[i] ?? NaN)));
}

/** A way to score, and how far from transformers' float32 it may be. */
export interface Setting {
  name: string;
  type: ConversionType;
  options: Partial<ModelOptions>;
  bound: number;
}

/** The most exact way to score. */
export const EXACT = { flashAttention: false, kvType: 'f32' } as const;

export const SETTINGS: readonly Setting[] = [
  { name: 'F32 weights, most exact (F32 KV, no flash attention)', type: 'f32', options: EXACT, bound: 1e-4 },
  { name: 'F32 weights, default', type: 'f32', options: {}, bound: 5e-5 },
  {
    name: 'F32 weights, F16 KV, no flash attention',
    type: 'f32',
    options: { flashAttention: false, kvType: 'f16' },
    bound: 1e-2,
  },
  { name: 'F16 weights, default', type: 'f16', options: {}, bound: 3e-2 },
  { name: 'BF16 weights, default', type: 'bf16', options: {}, bound: 3e-2 },
];

/** |score - golden| of every golden, in order. */
export async function differences(setting: Setting, goldens: Goldens): Promise<{ name: string; difference: number }[]> {
  const all = [...goldens.samples, ...goldens.tokenSequences];
  const scores = await scoresOf(await testModel(setting.type), setting.options, all);
  return all.map(({ name, score }, i) => ({ name, difference: Math.abs((scores[i] ?? NaN) - score) }));
}

/** A model's scores of token sequences, in order, evaluated in batches as a run would. */
export async function scoresOf(
  model: string,
  options: Partial<ModelOptions>,
  sequences: readonly Pick<GoldenSequence, 'ids'>[],
): Promise<number[]> {
  const engine = await loadEngine(model, options);
  try {
    return await rewardsOf(
      engine,
      sequences.map(({ ids }) => Int32Array.from(ids)),
    );
  } finally {
    await engine.close();
  }
}
