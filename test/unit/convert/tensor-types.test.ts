import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BACKBONES } from '#src/convert/backbones.js';
import type { CheckpointConfig } from '#src/convert/checkpoint-config.js';
import { recipesOf } from '#src/convert/recipes.js';
import type { SafetensorsTensor } from '#src/convert/safetensors.js';
import { assignTypes } from '#src/convert/tensor-types.js';
import { CONVERSION_TYPES, type ConversionType } from '#src/gguf/model-types.js';
import { NO_PROMPT_RULES } from '#src/gguf/scoring-rules.js';
import { planTensors, type PlannedTensor } from '#src/convert/tensors.js';
import { generateWeights } from '../../../tools/random-checkpoint/weights.js';
import { packageRoot } from '#src/util/package-root.js';

// The judge is llama.cpp's quantizer: test/reference/make_tensor_types.cpp asked it.

interface Asked {
  name: string;
  hiddenSize: number;
  feedForwardSize: number;
  layerCount: number;
  headCount: number;
  kvHeadCount: number;
  headDim: number;
  /** For each mix and kind of matrix the types by layer, as runs: "q6_K*2 q4_K". */
  types: Partial<Record<ConversionType, Record<string, string>>>;
}

const FIXTURE = join(packageRoot(), 'test', 'fixtures', 'tensor-types.json');
const ASKED = JSON.parse(readFileSync(FIXTURE, 'utf8')) as Asked[];

/** The plan for a checkpoint of this geometry, without its weights. */
function planOf(geometry: Asked): { config: CheckpointConfig; planned: PlannedTensor[] } {
  const [recipe] = recipesOf('INFORMForSequenceClassification');
  if (recipe === undefined) throw new Error('no such class');
  const config: CheckpointConfig = {
    ...geometry,
    recipe,
    rewardToken: undefined,
    scale: undefined,
    statesHeadDim: true,
    backbone: BACKBONES.llama,
    vocabSize: 128256,
    contextLength: 8192,
    window: undefined,
    rmsNormEps: 1e-5,
    ropeTheta: 500000,
    ropeScaling: undefined,
    gemma: undefined,
    specialTokenIds: new Map(),
    prompt: NO_PROMPT_RULES,
    readToken: { kind: 'last' },
    eosTokenIds: [],
  };
  const tensors = generateWeights(geometry, 1).map(
    ({ name, dtype, shape, byteLength }): [string, SafetensorsTensor] => [
      name,
      { name, dtype, shape, byteLength, file: 'model.safetensors', offset: 0 },
    ],
  );
  return { config, planned: planTensors(config, new Map(tensors)) };
}

/** The types of all matrices of the backbone, in the fixture's form. */
function runsByKind(tensors: ReturnType<typeof assignTypes>): Record<string, string> {
  const kinds = new Map<string, string[]>();
  for (const { name, role, type } of tensors) {
    if (role !== 'matrix') continue;
    const kind = name.replace(/^blk\.\d+\./, '').replace(/\.weight$/, '');
    kinds.set(kind, [...(kinds.get(kind) ?? []), type.name.toLowerCase()]);
  }
  return Object.fromEntries([...kinds].map(([kind, types]) => [kind, runsOf(types)]));
}

function runsOf(types: readonly string[]): string {
  const runs: { type: string; length: number }[] = [];
  for (const type of types) {
    const last = runs.at(-1);
    if (last?.type === type) last.length++;
    else runs.push({ type, length: 1 });
  }
  return runs.map(({ type, length }) => (length === 1 ? type : `${type}*${length}`)).join(' ');
}

test('llama.cpp was asked about every quantized type', () => {
  assert.ok(ASKED.length >= 15);
  const quantized = CONVERSION_TYPES.filter((type) => !['f32', 'f16', 'bf16'].includes(type));
  for (const { types } of ASKED) assert.equal(Object.keys(types).sort(), quantized.toSorted());
});

for (const asked of ASKED) {
  test(`every matrix has the type that llama.cpp's quantizer gives it: ${asked.name}`, () => {
    const { config, planned } = planOf(asked);
    for (const [type, expected] of Object.entries(asked.types)) {
      const lowerCase = Object.entries(expected).map(([kind, runs]) => [kind, runs.toLowerCase()]);
      const assigned = assignTypes(planned, config, type as ConversionType);
      assert.equal(runsByKind(assigned), Object.fromEntries(lowerCase), type);
    }
  });
}

test('vectors are F32 in every type, and the head stays as it is', () => {
  const [asked] = ASKED;
  assert.ok(asked);
  const { config, planned } = planOf(asked);
  for (const type of CONVERSION_TYPES) {
    for (const tensor of assignTypes(planned, config, type)) {
      if (tensor.role === 'vector') assert.is(tensor.type.name, 'F32', tensor.name);
      if (tensor.role === 'head') assert.is(tensor.type.name, 'BF16', tensor.name);
    }
  }
});

test.run();
