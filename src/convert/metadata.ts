import { basename, resolve } from 'node:path';

import { ggufNumber, ggufString } from '../gguf/metadata.js';
import type { GgufValue } from '../gguf/types.js';
import { readTokenEntries } from '../gguf/scoring-rules.js';
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
  const linearRope = (factor: number): [string, GgufValue][] => [
    ['llama.rope.scaling.type', ggufString('linear')],
    ['llama.rope.scaling.factor', f32(factor)],
  ];
  const { ropeScaling } = config;
  return [
    ['general.architecture', ggufString('llama')],
    ['general.type', ggufString('model')],
    ['general.name', ggufString(modelName([config.name, source?.repository], folder))],
    ...sourceEntries(source),
    ['llama.block_count', u32(config.layerCount)],
    ['llama.context_length', u32(config.contextLength)],
    ['llama.embedding_length', u32(config.hiddenSize)],
    ['llama.feed_forward_length', u32(config.feedForwardSize)],
    ['llama.attention.head_count', u32(config.headCount)],
    ['llama.attention.head_count_kv', u32(config.kvHeadCount)],
    ...(ropeScaling?.type === 'linear' ? linearRope(ropeScaling.factor) : []),
    ['llama.rope.freq_base', f32(config.ropeTheta)],
    ['llama.attention.layer_norm_rms_epsilon', f32(config.rmsNormEps)],
    ['llama.attention.key_length', u32(config.headDim)],
    ['llama.attention.value_length', u32(config.headDim)],
    ['general.file_type', u32(fileTypeOf(type))],
    ['llama.vocab_size', u32(config.vocabSize)],
    ['llama.rope.dimension_count', u32(config.headDim)],
    ['general.quantization_version', u32(QUANTIZATION_VERSION)],
    ...headMetadata(config),
  ];
}

/** How a model file says that it has a score head, of which kind, and which token's state it takes. */
export function headMetadata({ head, readToken }: Pick<CheckpointConfig, 'head' | 'readToken'>): [string, GgufValue][] {
  const activation: [string, GgufValue][] = [['inform.head.activation', ggufString('relu')]];
  return [
    ['llama.pooling_type', ggufNumber('uint32', POOLING_TYPE_LAST)],
    // Only a head with a hidden layer has one.
    ...(head === 'two-layer' ? activation : []),
    ['inform.head.format', ggufNumber('uint32', 1)],
    ...readTokenEntries(readToken),
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
