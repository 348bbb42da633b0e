import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { modelConfig, writeJson } from '../../../tools/random-checkpoint/generate.js';
import type { Geometry } from '../../../tools/random-checkpoint/geometry.js';
import {
  QWEN_END_OF_TEXT,
  QWEN_END_OF_TURN,
  QWEN_VOCABULARY_SIZE,
  qwenTokenizerConfig,
  qwenTokenizerJson,
  readQwenVocabulary,
} from '../../../tools/random-checkpoint/qwen-tokenizer.js';
import { writeSafetensors } from '../../../tools/random-checkpoint/safetensors-writer.js';
import { qwenVocabularyFiles } from '../../../tools/random-checkpoint/vocabulary-files.js';
import { generateWeights } from '../../../tools/random-checkpoint/weights.js';

// One checkpoint for each row of the recipes beyond Llama's, two layers with the proportions of a published model and a real
// tokenizer. transformers has scored them: test/reference/make_class_goldens.py.

export interface ClassCheckpoint {
  readonly name: string;
  readonly geometry: Geometry;
  readonly seed: number;
  /** What config.json has beyond the geometry; undefined takes a key away. */
  readonly config: Readonly<Record<string, unknown>>;
}

const QWEN_TOKENS = {
  bos_token_id: QWEN_END_OF_TEXT,
  eos_token_id: QWEN_END_OF_TURN,
  pad_token_id: QWEN_END_OF_TEXT,
  vocab_size: QWEN_VOCABULARY_SIZE,
};

const PLAIN_ROPE = { rope_scaling: null, rope_theta: 1000000, rms_norm_eps: 1e-6 };

const QWEN2_KEYS = {
  attention_bias: undefined,
  head_dim: undefined,
  max_position_embeddings: 32768,
  max_window_layers: 2,
  mlp_bias: undefined,
  pretraining_tp: undefined,
  sliding_window: 32768,
  use_sliding_window: false,
};

export const CLASS_CHECKPOINTS: readonly ClassCheckpoint[] = [
  {
    // Skywork-Reward-V2-Qwen3-0.6B: heads that together are twice as wide as the model, tied embeddings.
    name: 'qwen3',
    geometry: {
      hiddenSize: 64,
      feedForwardSize: 192,
      layerCount: 2,
      headCount: 4,
      kvHeadCount: 2,
      headDim: 32,
      vocabularySize: QWEN_VOCABULARY_SIZE,
      head: 'one-layer',
      headNorms: true,
    },
    seed: 21,
    config: {
      architectures: ['Qwen3ForSequenceClassification'],
      model_type: 'qwen3',
      ...QWEN_TOKENS,
      ...PLAIN_ROPE,
      max_position_embeddings: 40960,
      max_window_layers: 28,
      mlp_bias: undefined,
      pretraining_tp: undefined,
      sliding_window: null,
      tie_word_embeddings: true,
      use_sliding_window: false,
    },
  },
  {
    // Qwen2.5-0.5B's proportions: biases of q, k and v, seven heads to a key-value head.
    name: 'qwen2',
    geometry: {
      hiddenSize: 56,
      feedForwardSize: 304,
      layerCount: 2,
      headCount: 14,
      kvHeadCount: 2,
      vocabularySize: QWEN_VOCABULARY_SIZE,
      head: 'one-layer',
      qkvBias: true,
    },
    seed: 22,
    config: {
      architectures: ['Qwen2ForSequenceClassification'],
      model_type: 'qwen2',
      ...QWEN_TOKENS,
      ...PLAIN_ROPE,
      ...QWEN2_KEYS,
    },
  },
  {
    // Qwen2.5-Math-RM-72B: a head of two layers.
    name: 'qwen2-reward-model',
    geometry: {
      hiddenSize: 64,
      feedForwardSize: 230,
      layerCount: 2,
      headCount: 8,
      kvHeadCount: 1,
      vocabularySize: QWEN_VOCABULARY_SIZE,
      head: 'two-layer',
      qkvBias: true,
    },
    seed: 23,
    config: {
      architectures: ['Qwen2ForRewardModel'],
      model_type: 'qwen2',
      ...QWEN_TOKENS,
      ...PLAIN_ROPE,
      ...QWEN2_KEYS,
    },
  },
];

/** Writes the checkpoint's folder. The same checkpoint gives the same bytes. */
export async function generateClassCheckpoint(folder: string, made: ClassCheckpoint): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeJson(folder, 'config.json', { ...modelConfig(made.geometry), ...made.config });
  const { vocabFile, templateFile } = qwenVocabularyFiles();
  await writeJson(folder, 'tokenizer.json', qwenTokenizerJson(await readQwenVocabulary(vocabFile)));
  await writeJson(folder, 'tokenizer_config.json', qwenTokenizerConfig(await readFile(templateFile, 'utf8')));
  await writeSafetensors(path.join(folder, 'model.safetensors'), generateWeights(made.geometry, made.seed));
}
