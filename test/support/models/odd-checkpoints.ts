import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FloatType } from '#src/convert/safetensors.js';
import { llamaVocabularyFiles } from '../../../tools/random-checkpoint/vocabulary-files.js';
import { modelConfig, writeJson, writeShards } from '../../../tools/random-checkpoint/generate.js';
import { VOCABULARY_SIZE, type Geometry } from '../../../tools/random-checkpoint/geometry.js';
import { writeSafetensors, type SafetensorsSource } from '../../../tools/random-checkpoint/safetensors-writer.js';
import {
  readBaseVocabulary,
  tokenizerConfig,
  tokenizerJson,
} from '../../../tools/random-checkpoint/tokenizer-files.js';
import { generateWeights } from '../../../tools/random-checkpoint/weights.js';

// Checkpoints that are unlike the generated one, each in several ways at once, with Llama 3's real tokenizer. transformers has
// scored them too: test/reference/make_odd_goldens.py.

export interface OddCheckpoint {
  readonly name: string;
  readonly geometry: Geometry;
  readonly seed: number;
  readonly dtypeOf: (name: string) => FloatType;
  /** Files that the tensors are cut into; 1: a single one without an index. */
  readonly shards: number;
  /** What config.json has beyond the geometry; undefined takes a key away. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Tokens beyond Llama 3's. */
  readonly addedTokens?: readonly string[];
  /** `score.bias`, for one-layer heads that have one. */
  readonly headBias?: number;
  /** As newer versions of transformers write it: a template in its own file, merges as pairs. */
  readonly modernTokenizer?: true;
}

const WITHOUT_ROPE = { rope_scaling: undefined, rope_theta: undefined };

export const ODD_CHECKPOINTS: readonly OddCheckpoint[] = [
  {
    // One key-value head, and heads of 32 that together are twice as wide as the model.
    name: 'mqa',
    geometry: { hiddenSize: 96, feedForwardSize: 176, layerCount: 2, headCount: 6, kvHeadCount: 1, headDim: 32 },
    seed: 11,
    dtypeOf: () => 'BF16',
    shards: 1,
    config: { head_dim: 32 },
  },
  {
    // As many key-value heads as heads, said by their absence; no size is a multiple of 32; F16.
    name: 'mha',
    geometry: { hiddenSize: 80, feedForwardSize: 200, layerCount: 3, headCount: 5, kvHeadCount: 5 },
    seed: 12,
    dtypeOf: () => 'F16',
    shards: 2,
    config: { head_dim: undefined, num_key_value_heads: undefined, rope_scaling: null, rope_theta: 10000 },
  },
  {
    // Tied embeddings, plain rope with the default base, F32.
    name: 'tied',
    geometry: { hiddenSize: 64, feedForwardSize: 96, layerCount: 2, headCount: 4, kvHeadCount: 2 },
    seed: 13,
    dtypeOf: () => 'F32',
    shards: 1,
    config: { tie_word_embeddings: true, torch_dtype: 'float32', ...WITHOUT_ROPE },
    modernTokenizer: true,
  },
  {
    // Linear rope scaling in the spelling of older files.
    name: 'linear',
    geometry: { hiddenSize: 96, feedForwardSize: 160, layerCount: 2, headCount: 8, kvHeadCount: 2 },
    seed: 14,
    dtypeOf: () => 'BF16',
    shards: 1,
    config: { head_dim: undefined, rope_scaling: { type: 'linear', factor: 4 }, rope_theta: 10000 },
  },
  {
    // As Skywork-Reward-Llama-3.1-8B: transformers' own class, a pad token of its own; and rows that no token has.
    name: 'one-layer',
    geometry: {
      hiddenSize: 64,
      feedForwardSize: 192,
      layerCount: 2,
      headCount: 4,
      kvHeadCount: 1,
      vocabularySize: VOCABULARY_SIZE + 64,
      head: 'one-layer',
    },
    seed: 15,
    dtypeOf: () => 'BF16',
    shards: 1,
    config: { head_dim: undefined, eos_token_id: [128001, 128008, 128009], pad_token_id: VOCABULARY_SIZE },
    addedTokens: ['[PAD]'],
  },
  {
    // A one-layer head with a bias, linear rope in the new spelling, vectors in F32 beside matrices in F16.
    name: 'one-layer-bias',
    geometry: { hiddenSize: 72, feedForwardSize: 100, layerCount: 2, headCount: 6, kvHeadCount: 3, head: 'one-layer' },
    seed: 16,
    dtypeOf: (name) => (name.includes('norm') ? 'F32' : 'F16'),
    shards: 1,
    config: {
      head_dim: 12,
      pad_token_id: undefined,
      ...WITHOUT_ROPE,
      rope_parameters: { rope_type: 'linear', factor: 2.5, rope_theta: 50000 },
    },
    headBias: 0.75,
  },
  {
    // Nine thin layers in three files, Llama 3.2's rope scaling, a head in F32.
    name: 'deep',
    geometry: { hiddenSize: 64, feedForwardSize: 128, layerCount: 9, headCount: 8, kvHeadCount: 4 },
    seed: 17,
    dtypeOf: (name) => (name.startsWith('score') ? 'F32' : 'BF16'),
    shards: 3,
    config: {
      ...WITHOUT_ROPE,
      rope_parameters: {
        rope_type: 'llama3',
        rope_theta: 500000,
        factor: 32,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8192,
      },
    },
  },
];

/** Writes the checkpoint's folder. The same checkpoint gives the same bytes. */
export async function generateOddCheckpoint(folder: string, odd: OddCheckpoint): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeJson(folder, 'config.json', { ...modelConfig(odd.geometry), ...odd.config });
  await writeTokenizer(folder, odd);
  const tensors = generateWeights(odd.geometry, odd.seed, odd.dtypeOf);
  if (odd.headBias !== undefined) tensors.push(headBias(odd.headBias));
  if (odd.shards === 1) {
    await writeSafetensors(path.join(folder, 'model.safetensors'), tensors);
  } else {
    const perShard = Math.ceil(tensors.length / odd.shards);
    const cuts = Array.from({ length: odd.shards }, (_, i) => i * perShard);
    await writeShards(
      folder,
      cuts.map((start) => tensors.slice(start, start + perShard)),
    );
  }
}

async function writeTokenizer(folder: string, { addedTokens = [], modernTokenizer }: OddCheckpoint): Promise<void> {
  const { vocabFile, templateFile } = await llamaVocabularyFiles();
  const vocabulary = await readBaseVocabulary(vocabFile);
  const template = await readFile(templateFile, 'utf8');
  const tokenizer = tokenizerJson(vocabulary) as { added_tokens: object[]; model: { merges: unknown } };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  tokenizer.added_tokens.push(...addedTokens.map((content, i) => ({ id: VOCABULARY_SIZE + i, content, ...flags })));
  if (modernTokenizer) tokenizer.model.merges = vocabulary.merges.map((merge) => merge.split(' '));
  const [pad] = addedTokens;
  const config = { ...tokenizerConfig(template), ...(pad === undefined ? {} : { pad_token: pad }) };
  if (modernTokenizer) await writeFile(path.join(folder, 'chat_template.jinja'), template);
  await writeJson(folder, 'tokenizer.json', tokenizer);
  await writeJson(folder, 'tokenizer_config.json', {
    ...config,
    added_tokens_decoder: undefined,
    ...(modernTokenizer ? { chat_template: undefined } : {}),
  });
}

function headBias(value: number): SafetensorsSource {
  const bytes = new Uint8Array(Float32Array.of(value).buffer);
  return { name: 'score.bias', dtype: 'F32', shape: [1], byteLength: bytes.length, chunks: () => [bytes] };
}
