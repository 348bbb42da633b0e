import type { Architecture } from '../gguf/backbones.js';
import { INTERNLM2_NAMES, type TensorNames } from './tensor-names.js';

/** How a backbone's checkpoints differ from Llama's, which all that can be converted resemble. */
export interface Backbone {
  /** `model_type` of config.json. */
  readonly modelType: string;
  readonly architecture: Architecture;
  /** Of the feed-forward network, as config.json names it. */
  readonly activation: string;
  /** The key of config.json that names it. Default: `hidden_act`. */
  readonly activationKey?: string;
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
  /** Whether config.json states a dynamic scaling of rope frequencies, which changes none up to the trained context. */
  readonly dynamicRope?: true;
  /** Default: the usual ones. */
  readonly names?: TensorNames;
  /** Whether q, k and v have biases. */
  readonly qkvBias?: true;
  /** Whether q and k are normed, each head by itself. */
  readonly headNorms?: true;
  /** What is added to the weights of all norms, which are stored without it. */
  readonly normAddend?: number;
  /** Whether what attention and feed-forward network give is normed, too. */
  readonly outputNorms?: true;
  /** The pad token where config.json does not state one. */
  readonly defaultPadTokenId?: number;
  /** The base of rope's frequencies that a model file without one has, which llama.cpp's converter does not state. */
  readonly impliedRopeTheta?: number;
  /** What only Gemmas have. */
  readonly gemma?: GemmaTraits;
  /** Whether some layers may see a window only (`use_sliding_window`), which llama.cpp's graph has not. */
  readonly optionalWindow?: true;
  /** Whether all layers see a window where config.json has a `sliding_window`, which llama.cpp's graph has not. */
  readonly window?: true;
  /** Whether llama.cpp's converter states the vocabulary's size and rope's dimensions. */
  readonly statesVocabulary?: true;
}

/** How Gemmas attend. */
interface GemmaTraits {
  /** One of this many layers sees the whole text, the last of them; the others see a window. */
  readonly windowPattern: number;
  /** The key of config.json that states another pattern. */
  readonly windowPatternKey?: string;
  /** Whether attention's logits are capped. */
  readonly softCap?: true;
  /** Whether layers with a window have frequencies of their own. */
  readonly localRope?: true;
  /** The number of layers of the one model whose attention is scaled by the width of a head's part of the hidden size. */
  readonly scaledByWidthLayers: number;
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

/** A Llama whose q, k and v are one matrix. llama.cpp has an architecture of that name, whose graph is Llama's. */
const INTERNLM2: Backbone = {
  modelType: 'internlm2',
  architecture: 'llama',
  activation: 'silu',
  interleavedRope: true,
  dynamicRope: true,
  names: INTERNLM2_NAMES,
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

/** What the Gemmas have in common. */
const GEMMA = {
  activation: 'gelu_pytorch_tanh',
  activationKey: 'hidden_activation',
  defaultHeadDim: 256,
  defaultPadTokenId: 0,
  normAddend: 1,
  outputNorms: true,
} as const;

const GEMMA2: Backbone = {
  ...GEMMA,
  modelType: 'gemma2',
  architecture: 'gemma2',
  impliedRopeTheta: 10000,
  gemma: { windowPattern: 2, softCap: true, scaledByWidthLayers: 46 },
};

const GEMMA3: Backbone = {
  ...GEMMA,
  modelType: 'gemma3_text',
  architecture: 'gemma3',
  headNorms: true,
  gemma: { windowPattern: 6, windowPatternKey: 'sliding_window_pattern', localRope: true, scaledByWidthLayers: 62 },
};

export const BACKBONES = {
  llama: LLAMA,
  mistral: MISTRAL,
  qwen2: QWEN2,
  qwen3: QWEN3,
  gemma2: GEMMA2,
  gemma3: GEMMA3,
  internlm2: INTERNLM2,
} as const;

export type BackboneName = keyof typeof BACKBONES;
