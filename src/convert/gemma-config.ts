import { isAbsent } from '../util/is-absent.js';
import type { Backbone } from './backbones.js';
import { objectIn, type JsonObject } from './checkpoint-file.js';
import { count, named, positive, unsupported } from './config-values.js';

// What config.json says about a Gemma's attention, with transformers' defaults (configuration_gemma2.py,
// configuration_gemma3.py).

export interface GemmaConfig {
  /** Undefined where all layers see the whole text. */
  readonly window: SlidingWindow | undefined;
  /** Attention's logits stay below it; undefined where they are not capped. */
  readonly attentionCap: number | undefined;
  /** The same for the logits of tokens, which scoring never computes. */
  readonly finalCap: number | undefined;
  /** The base of rope's frequencies in layers with a window, where those have their own. */
  readonly localTheta: number | undefined;
}

interface SlidingWindow {
  /** How many tokens a token sees, itself among them. */
  readonly tokens: number;
  /** Which layers have it. */
  readonly layers: readonly boolean[];
}

const DEFAULT_WINDOW = 4096;
const DEFAULT_QUERY_SCALAR = 256;
const DEFAULT_ATTENTION_CAP = 50;
const DEFAULT_THETA = { full: 1_000_000, local: 10_000 };

/** @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL (what llama.cpp's graph does not compute) */
export function readGemma(config: JsonObject, backbone: Backbone, path: string): GemmaConfig | undefined {
  const { gemma } = backbone;
  if (gemma === undefined) return undefined;
  if (config['use_bidirectional_attention'] === true) {
    throw unsupported(
      `${path} lets tokens attend to later ones (use_bidirectional_attention), which is not supported.`,
    );
  }
  checkAttentionScale(config, backbone, path);
  const { attn_logit_softcapping: cap = gemma.softCap === true ? DEFAULT_ATTENTION_CAP : null } = config;
  if ((cap === null) !== (gemma.softCap !== true)) {
    throw unsupported(
      `${path} has attn_logit_softcapping ${named(cap)}; ${backbone.modelType} ${gemma.softCap === true ? 'caps them' : 'has none'}.`,
    );
  }
  return {
    window: windowOf(config, backbone, path),
    attentionCap:
      cap === null ? undefined : positive({ ...config, attn_logit_softcapping: cap }, 'attn_logit_softcapping', path),
    finalCap: isAbsent(config['final_logit_softcapping'])
      ? undefined
      : positive(config, 'final_logit_softcapping', path),
    localTheta: gemma.localRope === true ? localTheta(config, path) : undefined,
  };
}

/** llama.cpp knows the scale by the size of a head, and by the number of layers of the one model that has another. */
function checkAttentionScale(config: JsonObject, { gemma, defaultHeadDim }: Backbone, path: string): void {
  const { query_pre_attn_scalar: scalar = DEFAULT_QUERY_SCALAR } = config;
  const byWidth = config['num_hidden_layers'] === gemma?.scaledByWidthLayers;
  const width = Math.floor(count(config, 'hidden_size', path) / count(config, 'num_attention_heads', path));
  const headDim = isAbsent(config['head_dim']) ? defaultHeadDim : count(config, 'head_dim', path);
  const computed = byWidth ? width : headDim;
  if (scalar === computed) return;
  throw unsupported(
    `${path} has query_pre_attn_scalar ${named(scalar)}, but llama.cpp computes with ${computed ?? 0} for a model of these sizes.`,
  );
}

function windowOf(config: JsonObject, backbone: Backbone, path: string): SlidingWindow | undefined {
  const layers = windowedLayers(config, backbone, path);
  const { sliding_window: stated = DEFAULT_WINDOW } = config;
  if (layers.some(Boolean)) return { tokens: count({ sliding_window: stated }, 'sliding_window', path), layers };
  if (backbone.gemma?.localRope === true) return undefined;
  throw unsupported(`${path} has no layer with a window, which llama.cpp takes ${backbone.modelType} to have.`);
}

function windowedLayers(config: JsonObject, { gemma }: Backbone, path: string): boolean[] {
  const layerCount = count(config, 'num_hidden_layers', path);
  const types: unknown = config['layer_types'];
  if (isAbsent(types)) {
    const { windowPatternKey: key = '', windowPattern = 1 } = gemma ?? {};
    const pattern = isAbsent(config[key]) ? windowPattern : count(config, key, path);
    return Array.from({ length: layerCount }, (_, layer) => (layer + 1) % pattern !== 0);
  }
  const list: unknown[] = Array.isArray(types) ? types : [];
  const known = list.every((type) => type === 'sliding_attention' || type === 'full_attention');
  if (known && list.length === layerCount) return list.map((type) => type === 'sliding_attention');
  throw unsupported(`${path} has layer_types that are not one "sliding_attention" or "full_attention" for each layer.`);
}

/** Rope in the layers that see the whole text. */
export function gemmaRope(
  config: JsonObject,
  path: string,
): { ropeTheta: number; ropeScaling: { type: 'linear'; factor: number } | undefined } {
  const full = { ...ropeParameters(config, 'full_attention', path), ...objectIn(config['rope_scaling']) };
  const type = full['rope_type'] ?? full['type'] ?? 'default';
  if (type !== 'default' && type !== 'linear') {
    throw unsupported(`${path} has rope scaling of type ${named(type)}; "linear" is supported.`);
  }
  const ropeTheta = positive(
    { rope_theta: full['rope_theta'] ?? config['rope_theta'] ?? DEFAULT_THETA.full },
    'rope_theta',
    path,
  );
  const ropeScaling = type === 'linear' ? ({ type, factor: positive(full, 'factor', path) } as const) : undefined;
  return { ropeTheta, ropeScaling };
}

/** Rope in the layers that see a window. */
function localTheta(config: JsonObject, path: string): number {
  const local = ropeParameters(config, 'sliding_attention', path);
  const type = local['rope_type'] ?? local['type'] ?? 'default';
  if (type !== 'default') {
    throw unsupported(
      `${path} has rope scaling of type ${named(type)} in layers with a window, which llama.cpp has not.`,
    );
  }
  const stated = local['rope_theta'] ?? config['rope_local_base_freq'] ?? DEFAULT_THETA.local;
  return positive({ rope_local_base_freq: stated }, 'rope_local_base_freq', path);
}

/** transformers 5 has parameters for each kind of layer. */
function ropeParameters(config: JsonObject, kind: string, path: string): JsonObject {
  const parameters = objectIn(config['rope_parameters']) ?? {};
  const kinds = ['full_attention', 'sliding_attention'];
  const other = Object.keys(parameters).find((key) => !kinds.includes(key));
  if (other !== undefined) {
    throw unsupported(
      `${path} has ${named(other)} in rope_parameters, which are ${kinds.join(' and ')} for this model.`,
    );
  }
  return objectIn(parameters[kind]) ?? {};
}
