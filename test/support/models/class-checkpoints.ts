import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  GEMMA3_VOCABULARY_SIZE,
  gemmaTokenizerConfig,
  gemmaTokenizerJson,
  readGemma3Vocabulary,
  readSmallVocabulary,
  SMALL_PAD_TOKEN,
  SMALL_VOCABULARY_SIZE,
} from '../../../tools/random-checkpoint/gemma-tokenizer.js';
import {
  LLAMA2_PAD_TOKEN,
  LLAMA2_VOCABULARY_SIZE,
  llama2TokenizerConfig,
  llama2TokenizerJson,
  readLlama2Vocabulary,
  type Llama2Form,
} from '../../../tools/random-checkpoint/llama2-tokenizer.js';
import { modelConfig, writeJson } from '../../../tools/random-checkpoint/generate.js';
import { VOCABULARY_SIZE, type Geometry } from '../../../tools/random-checkpoint/geometry.js';
import {
  QWEN_END_OF_TEXT,
  QWEN_END_OF_TURN,
  QWEN_VOCABULARY_SIZE,
  qwenTokenizerConfig,
  qwenTokenizerJson,
  readQwenVocabulary,
} from '../../../tools/random-checkpoint/qwen-tokenizer.js';
import { writeSafetensors, type SafetensorsSource } from '../../../tools/random-checkpoint/safetensors-writer.js';
import {
  readBaseVocabulary,
  tokenizerConfig,
  tokenizerJson,
} from '../../../tools/random-checkpoint/tokenizer-files.js';
import {
  llamaVocabularyFiles,
  pieceVocabularyFiles,
  qwenVocabularyFiles,
} from '../../../tools/random-checkpoint/vocabulary-files.js';
import { generateWeights } from '../../../tools/random-checkpoint/weights.js';

// One checkpoint for each row of the recipes beyond Llama's, two layers with the proportions of a published model and a real
// tokenizer. transformers has scored them: test/reference/make_class_goldens.py.

export interface ClassCheckpoint {
  readonly name: string;
  readonly geometry: Geometry;
  readonly seed: number;
  /** What config.json has beyond the geometry; undefined takes a key away. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Default: Qwen's. */
  readonly tokenizer?: 'llama3' | 'gemma3' | 'pieces' | Llama2Form;
  /** What tokenizer_config.json has beyond the tokenizer's own. */
  readonly tokenizerConfig?: Readonly<Record<string, unknown>>;
  /** What becomes of the generated tensors. */
  readonly tensors?: (generated: SafetensorsSource[]) => SafetensorsSource[];
  readonly rewardToken?: number;
}

/** Small Llamas: what is of interest is their head. */
const LLAMA: Geometry = { hiddenSize: 64, feedForwardSize: 176, layerCount: 2, headCount: 4, kvHeadCount: 2 };

function renamed(from: string, to: string): (generated: SafetensorsSource[]) => SafetensorsSource[] {
  return (generated) => generated.map((tensor) => ({ ...tensor, name: tensor.name.replace(from, to) }));
}

/** The head of one layer as each row of an output matrix, turned by as many values as its number. */
function asOutputMatrix(generated: SafetensorsSource[]): SafetensorsSource[] {
  const head = generated.find(({ name }) => name === 'score.weight');
  if (head === undefined) throw new Error('no head');
  const [row = new Uint8Array()] = [...head.chunks()];
  const turned = (by: number): Uint8Array => {
    const at = (2 * by) % row.length;
    return Buffer.concat([row.subarray(at), row.subarray(0, at)]);
  };
  const matrix: SafetensorsSource = {
    ...head,
    name: 'lm_head.weight',
    shape: [VOCABULARY_SIZE, head.shape[1] ?? 0],
    byteLength: VOCABULARY_SIZE * row.length,
    *chunks() {
      for (let i = 0; i < VOCABULARY_SIZE; i++) yield turned(i - REWARD_TOKEN);
    },
  };
  return [...generated.filter((tensor) => tensor !== head), matrix];
}

const REWARD_TOKEN = 7;

/** What TRL's class saves where nothing unwraps it: the model under its own name, and the head beside it. */
function asValueHeadModel(generated: SafetensorsSource[]): SafetensorsSource[] {
  const head = generated.find(({ name }) => name === 'score.weight');
  if (head === undefined) throw new Error('no head');
  const bias = { ...head, shape: [1], byteLength: 2, chunks: () => [Uint8Array.of(0, 0x3f)] }; // 0.5 in BF16
  const matrix = generated.find(({ name }) => name === 'model.embed_tokens.weight');
  if (matrix === undefined) throw new Error('no embedding');
  return [
    ...generated
      .filter((tensor) => tensor !== head)
      .map((tensor) => ({ ...tensor, name: `pretrained_model.${tensor.name}` })),
    { ...matrix, name: 'pretrained_model.lm_head.weight' },
    { ...head, name: 'v_head.summary.weight' },
    { ...bias, name: 'v_head.summary.bias' },
  ];
}

/** The same tensors under InternLM2's names, with query, key and value in one matrix, grouped by key-value head. */
function asInternLM2(generated: SafetensorsSource[]): SafetensorsSource[] {
  const names: [RegExp, string][] = [
    [/embed_tokens/, 'tok_embeddings'],
    [/input_layernorm/, 'attention_norm'],
    [/post_attention_layernorm/, 'ffn_norm'],
    [/self_attn\.o_proj/, 'attention.wo'],
    [/mlp\.gate_proj/, 'feed_forward.w1'],
    [/mlp\.up_proj/, 'feed_forward.w3'],
    [/mlp\.down_proj/, 'feed_forward.w2'],
    [/^score/, 'v_head'],
  ];
  const called = (name: string): string => names.reduce((text, [from, to]) => text.replace(from, to), name);
  return generated.flatMap((tensor, index) => {
    if (/[kv]_proj/.test(tensor.name)) return [];
    if (!tensor.name.includes('q_proj')) return [{ ...tensor, name: called(tensor.name) }];
    const [query, key, value] = generated.slice(index, index + 3);
    if (query === undefined || key === undefined || value === undefined) throw new Error('no attention');
    const keyValueHeads = 2;
    const parts = [query, key, value].map((part) => Buffer.concat([...part.chunks()]));
    const groups = Array.from({ length: keyValueHeads }, (_, group) =>
      parts.map((bytes) => {
        const size = bytes.length / keyValueHeads;
        return bytes.subarray(group * size, (group + 1) * size);
      }),
    );
    const fused = Buffer.concat(groups.flat());
    const rows = [query, key, value].reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
    const name = tensor.name.replace('self_attn.q_proj', 'attention.wqkv');
    return [{ ...tensor, name, shape: [rows, tensor.shape[1] ?? 0], byteLength: fused.length, chunks: () => [fused] }];
  });
}

const QWEN_TOKENS = {
  bos_token_id: QWEN_END_OF_TEXT,
  eos_token_id: QWEN_END_OF_TURN,
  pad_token_id: QWEN_END_OF_TEXT,
  vocab_size: QWEN_VOCABULARY_SIZE,
};

const PLAIN_ROPE = { rope_scaling: null, rope_theta: 1000000, rms_norm_eps: 1e-6 };

const GEMMA_KEYS = {
  hidden_act: undefined,
  hidden_activation: 'gelu_pytorch_tanh',
  mlp_bias: undefined,
  pretraining_tp: undefined,
  rms_norm_eps: 1e-6,
  rope_scaling: undefined,
  tie_word_embeddings: true,
};

const LLAMA2_TOKENS = {
  bos_token_id: 1,
  eos_token_id: 2,
  pad_token_id: LLAMA2_PAD_TOKEN,
  vocab_size: LLAMA2_VOCABULARY_SIZE,
};

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

const QWEN3_KEYS = {
  max_position_embeddings: 40960,
  max_window_layers: 28,
  mlp_bias: undefined,
  pretraining_tp: undefined,
  sliding_window: null,
  tie_word_embeddings: true,
  use_sliding_window: false,
};

const GEMMA2_CONFIG = {
  model_type: 'gemma2',
  ...GEMMA_KEYS,
  attn_logit_softcapping: 5.5,
  bos_token_id: 1,
  eos_token_id: 2,
  final_logit_softcapping: 30.5,
  max_position_embeddings: 8192,
  pad_token_id: SMALL_PAD_TOKEN,
  query_pre_attn_scalar: 32,
  rope_theta: 10000,
  sliding_window: 96,
};

const GRM_HEAD = { vhead_layer_type: 'mlp', vhead_num_layers: 1, vhead_num_neurons: 64 };

/** Backbones whose tokenizer and arithmetic other checkpoints test: what is of interest is their head. */
const SMALL_QWEN: Geometry = {
  hiddenSize: 32,
  feedForwardSize: 96,
  layerCount: 2,
  headCount: 4,
  kvHeadCount: 2,
  vocabularySize: QWEN_VOCABULARY_SIZE,
};

const SMALL_GEMMA2: Geometry = {
  hiddenSize: 64,
  feedForwardSize: 128,
  layerCount: 2,
  headCount: 4,
  kvHeadCount: 2,
  headDim: 32,
  vocabularySize: SMALL_VOCABULARY_SIZE,
  gemma: true,
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
      ...QWEN3_KEYS,
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
  {
    // Mistral 7B v0.3's proportions, with a tokenizer that can be converted.
    name: 'mistral',
    geometry: { ...LLAMA, feedForwardSize: 224, headCount: 8, head: 'one-layer' },
    seed: 27,
    config: {
      architectures: ['MistralForSequenceClassification'],
      model_type: 'mistral',
      attention_bias: undefined,
      head_dim: undefined,
      max_position_embeddings: 32768,
      mlp_bias: undefined,
      pad_token_id: VOCABULARY_SIZE - 252,
      pretraining_tp: undefined,
      ...PLAIN_ROPE,
      sliding_window: null,
    },
    tokenizer: 'llama3',
  },
  {
    // Mistral 7B v0.1's proportions, window and kind of tokenizer: a space at the start of a text.
    name: 'mistral-pieces',
    geometry: {
      ...LLAMA,
      feedForwardSize: 224,
      headCount: 8,
      head: 'one-layer',
      vocabularySize: LLAMA2_VOCABULARY_SIZE,
    },
    seed: 30,
    config: {
      architectures: ['MistralForSequenceClassification'],
      model_type: 'mistral',
      ...LLAMA2_TOKENS,
      ...PLAIN_ROPE,
      attention_bias: undefined,
      head_dim: undefined,
      max_position_embeddings: 32768,
      mlp_bias: undefined,
      pretraining_tp: undefined,
      rope_theta: 10000,
      sliding_window: 4096,
    },
    tokenizer: 'metaspace-first',
  },
  {
    // Llama 2's kind of tokenizer: a space before the text after each special token.
    name: 'llama-pieces',
    geometry: { ...LLAMA, head: 'one-layer', vocabularySize: LLAMA2_VOCABULARY_SIZE },
    seed: 31,
    config: {
      architectures: ['LlamaForSequenceClassification'],
      ...LLAMA2_TOKENS,
      ...PLAIN_ROPE,
      max_position_embeddings: 4096,
      rope_theta: 10000,
    },
    tokenizer: 'prepend',
  },
  {
    // Gemma 2 27B's proportions, with a window that short texts go beyond, in every second layer.
    name: 'gemma2',
    geometry: {
      hiddenSize: 64,
      feedForwardSize: 512,
      layerCount: 2,
      headCount: 4,
      kvHeadCount: 2,
      headDim: 32,
      vocabularySize: SMALL_VOCABULARY_SIZE,
      head: 'one-layer',
      gemma: true,
    },
    seed: 28,
    config: { architectures: ['Gemma2ForSequenceClassification'], ...GEMMA2_CONFIG },
    tokenizer: 'pieces',
  },
  {
    // Gemma 3 270M's proportions and vocabulary; one in six layers sees the whole text.
    name: 'gemma3',
    geometry: {
      hiddenSize: 48,
      feedForwardSize: 160,
      layerCount: 6,
      headCount: 4,
      kvHeadCount: 1,
      headDim: 16,
      vocabularySize: GEMMA3_VOCABULARY_SIZE,
      head: 'one-layer',
      headNorms: true,
      gemma: true,
    },
    seed: 29,
    config: {
      architectures: ['Gemma3TextForSequenceClassification'],
      model_type: 'gemma3_text',
      ...GEMMA_KEYS,
      attn_logit_softcapping: null,
      bos_token_id: 2,
      eos_token_id: [1, 106],
      final_logit_softcapping: null,
      max_position_embeddings: 32768,
      pad_token_id: undefined, // 0, as the class has it
      query_pre_attn_scalar: 16,
      rope_local_base_freq: 10000,
      rope_theta: 1000000,
      sliding_window: 48,
      use_bidirectional_attention: false,
    },
    tokenizer: 'gemma3',
  },
  {
    // Llama-3.1-Nemotron-70B-Reward-HF: the reward is a token's logit.
    name: 'logit',
    geometry: { ...LLAMA, head: 'one-layer' },
    seed: 24,
    config: { architectures: ['LlamaForCausalLM'], id2label: undefined, label2id: undefined },
    tokenizer: 'llama3',
    tensors: asOutputMatrix,
    rewardToken: REWARD_TOKEN,
  },
  {
    // OpenRLHF's: a head by the name in config.json, and a mean and a deviation of rewards.
    name: 'openrlhf',
    geometry: { ...LLAMA, head: 'one-layer' },
    seed: 25,
    config: {
      architectures: ['RewardModel'],
      mean: -0.75,
      normalize_reward: true,
      std: 1.6,
      value_head_prefix: 'reward_head',
    },
    tokenizer: 'llama3',
    tensors: renamed('score', 'reward_head'),
  },
  {
    // Ray2333/GRM-llama3-8B-sftreg, whose config.json names the language model.
    name: 'grm',
    geometry: { ...LLAMA, head: 'two-layer' },
    seed: 26,
    config: {
      architectures: ['LlamaForCausalLM'],
      auto_map: { AutoModel: 'model.AutoModelForCausalLMWithValueHead' },
      id2label: undefined,
      label2id: undefined,
      ...GRM_HEAD,
    },
    tokenizer: 'llama3',
    tensors: renamed('score', 'v_head.summary'),
  },
  {
    // TRL's AutoModelForCausalLMWithValueHead, saved as a whole: its prefix, a bias, and the matrix of logits.
    name: 'trl',
    geometry: { ...LLAMA, head: 'one-layer' },
    seed: 44,
    config: { architectures: ['LlamaForCausalLM'], id2label: undefined, label2id: undefined },
    tokenizer: 'llama3',
    tensors: asValueHeadModel,
  },
  {
    // Ray2333/GRM-Gemma2-2B-sftreg's backbone.
    name: 'grm-gemma2',
    geometry: { ...SMALL_GEMMA2, head: 'two-layer' },
    seed: 32,
    config: {
      ...GEMMA2_CONFIG,
      architectures: ['Gemma2ForCausalLM'],
      id2label: undefined,
      label2id: undefined,
      ...GRM_HEAD,
    },
    tokenizer: 'pieces',
    tensors: renamed('score', 'v_head.summary'),
  },
  {
    // GRM's code with a Linear alone, on Qwen 2.5, under RewardBench's name.
    name: 'grm-qwen2',
    geometry: { ...SMALL_QWEN, head: 'one-layer', qkvBias: true },
    seed: 33,
    config: {
      ...QWEN_TOKENS,
      ...PLAIN_ROPE,
      ...QWEN2_KEYS,
      architectures: ['GRewardModel'],
      model_type: 'qwen2',
      vhead_layer_type: 'linear',
    },
    tensors: renamed('score', 'v_head.summary'),
  },
  {
    // OpenRLHF on Qwen 3; it calls the head `score`, and need not make rewards scores.
    name: 'openrlhf-qwen3',
    geometry: { ...SMALL_QWEN, headDim: 32, head: 'one-layer', headNorms: true },
    seed: 39,
    config: {
      ...QWEN_TOKENS,
      ...PLAIN_ROPE,
      ...QWEN3_KEYS,
      architectures: ['RewardModel'],
      mean: 0.5,
      model_type: 'qwen3',
      normalize_reward: true,
      std: 0.75,
      value_head_prefix: 'score',
    },
  },
  {
    // internlm/internlm2-7b-reward: query, key and value in one matrix, and a reward token behind the text. Its tokenizer's files are
    // code of their own over a SentencePiece model that could not be had.
    name: 'internlm2',
    geometry: { ...LLAMA, headCount: 8, kvHeadCount: 2, head: 'one-layer' },
    seed: 40,
    config: {
      architectures: ['InternLM2ForRewardModel'],
      attention_bias: undefined,
      bias: false,
      head_dim: undefined,
      id2label: undefined,
      label2id: undefined,
      max_position_embeddings: 32768,
      mlp_bias: undefined,
      model_type: 'internlm2',
      pretraining_tp: undefined,
      reward_token_id: VOCABULARY_SIZE - 200,
      rms_norm_eps: 1e-5,
      rope_scaling: { type: 'dynamic', factor: 2 },
      rope_theta: 1000000,
    },
    tokenizer: 'llama3',
    tensors: asInternLM2,
  },
  {
    // Nexusflow/Athene-RM-8B: a CLS token behind the text, and BOS twice before it.
    name: 'athene',
    geometry: { ...LLAMA, feedForwardSize: 224, head: 'one-layer' },
    seed: 30,
    config: {
      architectures: ['CustomAutoModelForSequenceClassification'],
      id2label: undefined,
      label2id: undefined,
      max_position_embeddings: 8192,
      rope_scaling: null,
    },
    tokenizer: 'llama3',
    tokenizerConfig: { cls_token: '<|reserved_special_token_1|>', pad_token: '<|reserved_special_token_0|>' },
    tensors: renamed('score', 'v_head'),
  },
];

/** Writes the checkpoint's folder. The same checkpoint gives the same bytes. */
export async function generateClassCheckpoint(folder: string, made: ClassCheckpoint): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeJson(folder, 'config.json', { ...modelConfig(made.geometry), ...made.config });
  await TOKENIZERS[made.tokenizer ?? 'qwen'](folder, made.tokenizerConfig);
  const generated = generateWeights(made.geometry, made.seed);
  await writeSafetensors(path.join(folder, 'model.safetensors'), made.tensors?.(generated) ?? generated);
}

type Tokenizer = NonNullable<ClassCheckpoint['tokenizer']> | 'qwen';

const TOKENIZERS: Record<Tokenizer, (folder: string, more: ClassCheckpoint['tokenizerConfig']) => Promise<void>> = {
  llama3: writeLlamaTokenizer,
  qwen: writeQwenTokenizer,
  gemma3: (folder: string) => writePieces(folder, readGemma3Vocabulary(pieceVocabularyFiles().gemma)),
  pieces: (folder: string) => writePieces(folder, readSmallVocabulary(pieceVocabularyFiles().llama)),
  prepend: (folder: string) => writeLlama2Tokenizer(folder, 'prepend'),
  'metaspace-first': (folder: string) => writeLlama2Tokenizer(folder, 'metaspace-first'),
  'metaspace-always': (folder: string) => writeLlama2Tokenizer(folder, 'metaspace-always'),
};

async function writePieces(folder: string, reading: ReturnType<typeof readSmallVocabulary>): Promise<void> {
  const vocabulary = await reading;
  await writeJson(folder, 'tokenizer.json', gemmaTokenizerJson(vocabulary));
  await writeJson(folder, 'tokenizer_config.json', gemmaTokenizerConfig(vocabulary));
}

async function writeLlama2Tokenizer(folder: string, form: Llama2Form): Promise<void> {
  const vocabulary = await readLlama2Vocabulary(pieceVocabularyFiles().llama);
  await writeJson(folder, 'tokenizer.json', llama2TokenizerJson(vocabulary, form));
  await writeJson(folder, 'tokenizer_config.json', llama2TokenizerConfig(vocabulary, form));
}

async function writeLlamaTokenizer(folder: string, more: ClassCheckpoint['tokenizerConfig']): Promise<void> {
  const { vocabFile, templateFile } = await llamaVocabularyFiles();
  await writeJson(folder, 'tokenizer.json', tokenizerJson(await readBaseVocabulary(vocabFile)));
  await writeJson(folder, 'tokenizer_config.json', {
    ...tokenizerConfig(await readFile(templateFile, 'utf8')),
    ...more,
  });
}

async function writeQwenTokenizer(folder: string): Promise<void> {
  const { vocabFile, templateFile } = qwenVocabularyFiles();
  await writeJson(folder, 'tokenizer.json', qwenTokenizerJson(await readQwenVocabulary(vocabFile)));
  await writeJson(folder, 'tokenizer_config.json', qwenTokenizerConfig(await readFile(templateFile, 'utf8')));
}
