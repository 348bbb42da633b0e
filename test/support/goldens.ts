import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { ConversionType } from '../../src/convert/convert.js';
import { Engine } from '../../src/engine.js';
import { resolveModelOptions, type ModelOptions } from '../../src/options.js';
import { packageRoot } from '../../src/package-root.js';
import { rewardsOf } from './evaluate.js';
import { testModel } from './models.js';

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

export interface GoldenSample extends GoldenSequence {
  sample: unknown;
  prompt: string;
  /** Before truncation. */
  tokenCount: number;
  truncated: boolean;
}

export function readGoldens(): Goldens {
  const file = path.join(packageRoot(), 'test', 'fixtures', 'goldens.json.gz');
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Goldens;
}

/** A way to score, and how far from transformers' float32 it may be. */
export interface Setting {
  name: string;
  type: ConversionType;
  options: Partial<ModelOptions>;
  bound: number;
}

const EXACT = { flashAttention: false, kvType: 'f32' } as const;

export const SETTINGS: readonly Setting[] = [
  { name: 'F32 weights, most exact (F32 KV, no flash attention)', type: 'f32', options: EXACT, bound: 1e-4 },
  { name: 'F32 weights, default', type: 'f32', options: {}, bound: 1e-2 },
  { name: 'F32 weights, no flash attention', type: 'f32', options: { flashAttention: false }, bound: 1e-2 },
  { name: 'F16 weights, default', type: 'f16', options: {}, bound: 3e-2 },
  { name: 'BF16 weights, default', type: 'bf16', options: {}, bound: 3e-2 },
];

/** |score - golden| of every golden, in order, evaluated in batches as a run would. */
export async function differences(setting: Setting, goldens: Goldens): Promise<{ name: string; difference: number }[]> {
  const engine = await Engine.load(await testModel(setting.type), resolveModelOptions(setting.options));
  try {
    const all = [...goldens.samples, ...goldens.tokenSequences];
    const scores = await rewardsOf(
      engine,
      all.map(({ ids }) => Int32Array.from(ids)),
    );
    return all.map(({ name, score }, i) => ({ name, difference: Math.abs((scores[i] ?? NaN) - score) }));
  } finally {
    await engine.close();
  }
}
