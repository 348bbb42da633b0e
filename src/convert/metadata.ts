import { basename, resolve } from 'node:path';

import { ggufNumber, ggufString } from '../gguf/metadata.js';
import type { GgufValue } from '../gguf/types.js';
import {
  HEAD_KEY,
  promptEntries,
  readTokenEntries,
  scaleEntries,
  type PromptRules,
  type ReadToken,
  type RewardScale,
} from '../gguf/scoring-rules.js';
import type { CheckpointConfig } from './checkpoint-config.js';
import { hubAddress } from './model-card.js';
import { fileTypeOf, type ConversionType } from '../gguf/model-types.js';

const QUANTIZATION_VERSION = 2; // GGML_QNT_VERSION in ggml.h
const POOLING_TYPE_LAST = 3; // LLAMA_POOLING_TYPE_LAST in llama.h

/** Where a checkpoint was downloaded from. */
export interface CheckpointSource {
  /** On the Hugging Face hub, `owner/name`. */
  readonly repository: string;
  /** The commit. */
  readonly revision: string;
}

/**
 * The metadata that describes the model, with the keys and types of llama.cpp's converter (conversion/base.py and
 * llama.py), and after them those of the score head. Sampling parameters of generation_config.json are left out: a
 * reward model generates nothing.
 */
export function modelMetadata(
  config: CheckpointConfig,
  folder: string,
  type: ConversionType,
  source?: CheckpointSource,
): [string, GgufValue][] {
  const u32 = (value: number): GgufValue => ggufNumber('uint32', value);
  const f32 = (value: number): GgufValue => ggufNumber('float32', value);
  const { ropeScaling } = config;
  const { architecture } = config.backbone;
  const sizes = Object.entries({
    block_count: u32(config.layerCount),
    context_length: u32(config.contextLength),
    embedding_length: u32(config.hiddenSize),
    feed_forward_length: u32(config.feedForwardSize),
    'attention.head_count': u32(config.headCount),
    'attention.head_count_kv': u32(config.kvHeadCount),
    ...(ropeScaling?.type === 'linear'
      ? { 'rope.scaling.type': ggufString('linear'), 'rope.scaling.factor': f32(ropeScaling.factor) }
      : {}),
    ...(config.ropeTheta === config.backbone.impliedRopeTheta ? {} : { 'rope.freq_base': f32(config.ropeTheta) }),
    'attention.layer_norm_rms_epsilon': f32(config.rmsNormEps),
    ...(config.statesHeadDim
      ? { 'attention.key_length': u32(config.headDim), 'attention.value_length': u32(config.headDim) }
      : {}),
    ...(config.backbone.statesVocabulary === true
      ? { vocab_size: u32(config.vocabSize), 'rope.dimension_count': u32(config.headDim) }
      : {}),
    ...gemmaEntries(config),
  });
  return [
    ['general.architecture', ggufString(architecture)],
    ['general.type', ggufString('model')],
    ['general.name', ggufString(modelName([config.name, source?.repository], folder))],
    ...sourceEntries(source),
    ...sizes.map(([key, value]): [string, GgufValue] => [`${architecture}.${key}`, value]),
    ['general.file_type', u32(fileTypeOf(type))],
    ['general.quantization_version', u32(QUANTIZATION_VERSION)],
    ...headMetadata(headFactsOf(config)),
  ];
}

/** How a Gemma attends, where that is not what its architecture means by itself. */
function gemmaEntries({ gemma, layerCount, backbone }: CheckpointConfig): Record<string, GgufValue> {
  if (gemma === undefined) return {};
  const { window, attentionCap, finalCap, localTheta } = gemma;
  const f32 = (value: number): GgufValue => ggufNumber('float32', value);
  const usual = (layer: number): boolean => (layer + 1) % (backbone.gemma?.windowPattern ?? 1) !== 0;
  const slides = Int32Array.from({ length: layerCount }, (_, layer) => Number(window?.layers[layer] === true));
  const isUsual = slides.every((slide, layer) => slide === Number(usual(layer)));
  return {
    ...(attentionCap === undefined ? {} : { attn_logit_softcapping: f32(attentionCap) }),
    ...(finalCap === undefined ? {} : { final_logit_softcapping: f32(finalCap) }),
    ...(window === undefined ? {} : { 'attention.sliding_window': ggufNumber('uint32', window.tokens) }),
    // llama.cpp's converter writes no pattern, and its loader then takes the usual one.
    ...(window === undefined || isUsual
      ? {}
      : {
          'attention.sliding_window_pattern': {
            type: 'array',
            element: 'int32',
            length: layerCount,
            value: slides,
          } as const,
        }),
    ...(localTheta === undefined ? {} : { 'rope.freq_base_swa': f32(localTheta) }),
  };
}

/** What a model file says of its head beside the tensors. */
interface HeadFacts {
  readonly architecture: string;
  /** The Hugging Face class that the head comes from; undefined where that is not known. */
  readonly className: string | undefined;
  readonly hasHiddenLayer: boolean;
  readonly readToken: ReadToken;
  readonly prompt: PromptRules;
  readonly scale: RewardScale | undefined;
}

export function headFactsOf({ backbone, recipe, readToken, prompt, scale }: CheckpointConfig): HeadFacts {
  const { architecture } = backbone;
  return {
    architecture,
    className: recipe.className,
    hasHiddenLayer: recipe.head.hidden !== undefined,
    readToken,
    prompt,
    scale,
  };
}

/** How a model file says that it has a score head, of which kind, and which token's state it takes. */
export function headMetadata({
  architecture,
  className,
  hasHiddenLayer,
  readToken,
  prompt,
  scale,
}: HeadFacts): [string, GgufValue][] {
  return [
    [`${architecture}.pooling_type`, ggufNumber('uint32', POOLING_TYPE_LAST)],
    // Only a head with a hidden layer has one.
    ...(hasHiddenLayer ? [[HEAD_KEY.activation, ggufString('relu')] as [string, GgufValue]] : []),
    [HEAD_KEY.format, ggufNumber('uint32', 1)],
    ...(className === undefined ? [] : [[HEAD_KEY.className, ggufString(className)] as [string, GgufValue]]),
    ...readTokenEntries(readToken),
    ...promptEntries(prompt),
    ...scaleEntries(scale),
  ];
}

/** GGUF has a standard key for the repository, and none for the commit. */
function sourceEntries(source: CheckpointSource | undefined): [string, GgufValue][] {
  if (source === undefined) return [];
  return [
    ['general.source.repo_url', ggufString(hubAddress(source.repository))],
    ['inform.source.revision', ggufString(source.revision)],
  ];
}

/** The first candidate that is a model's name (`owner/name` or `name`) and not some path, else the folder's name. */
function modelName(candidates: readonly (string | undefined)[], folder: string): string {
  const names = candidates.map((candidate) => /^(?:[\w.-]+\/)?(\w[\w.-]*)$/.exec(candidate ?? '')?.[1]);
  return names.find((name) => name !== undefined) ?? basename(resolve(folder));
}
