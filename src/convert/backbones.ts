import type { Architecture } from '../gguf/backbones.js';

/** How a backbone's checkpoints differ from Llama's, which all that can be converted resemble. */
export interface Backbone {
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly architecture: Architecture;
  /** `hidden_act` of config.json. */
  readonly activation: string;
  /** What config.json means that does not state `head_dim`; undefined: the hidden size over the heads. */
  readonly defaultHeadDim?: number;
  /** Whether llama.cpp's converter states the size of a head only where config.json does. */
  readonly headDimOptional?: true;
  /** What config.json means that does not state `num_key_value_heads`: as many as heads. */
  readonly kvHeadsOptional?: true;
  /** Whether ggml's rope pairs neighbours, and so the rows of q and k are interleaved. */
  readonly interleavedRope?: true;
  /** Whether Llama 3's scaling of rope frequencies is applied. */
  readonly llama3Rope?: true;
  /** Whether q, k and v have biases. */
  readonly qkvBias?: true;
  /** Whether q and k are normed, each head by itself. */
  readonly headNorms?: true;
  /** Whether some layers may see a window only (`use_sliding_window`), which llama.cpp's graph has not. */
  readonly optionalWindow?: true;
  /** Whether all layers see a window where config.json has a `sliding_window`, which llama.cpp's graph has not. */
  readonly window?: true;
  /** Whether llama.cpp's converter states the vocabulary's size and rope's dimensions. */
  readonly statesVocabulary?: true;
}

const LLAMA: Backbone = {
  modelType: 'llama',
  architecture: 'llama',
  activation: 'silu',
  kvHeadsOptional: true,
  interleavedRope: true,
  llama3Rope: true,
  statesVocabulary: true,
};

/** A Llama that may see a window. */
const MISTRAL: Backbone = {
  modelType: 'mistral',
  architecture: 'llama',
  activation: 'silu',
  interleavedRope: true,
  window: true,
  statesVocabulary: true,
};

const QWEN2: Backbone = {
  modelType: 'qwen2',
  architecture: 'qwen2',
  activation: 'silu',
  headDimOptional: true,
  qkvBias: true,
  optionalWindow: true,
};

const QWEN3: Backbone = {
  modelType: 'qwen3',
  architecture: 'qwen3',
  activation: 'silu',
  defaultHeadDim: 128,
  headNorms: true,
  optionalWindow: true,
};

export const BACKBONES = { llama: LLAMA, mistral: MISTRAL, qwen2: QWEN2, qwen3: QWEN3 } as const;

export type BackboneName = keyof typeof BACKBONES;
