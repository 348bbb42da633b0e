import { InformError } from '../errors.js';
import type { PromptRules, ReadToken, RewardScale } from '../gguf/scoring-rules.js';
import type { CheckpointFiles } from './checkpoint-files.js';
import { invalidCheckpoint, objectIn, type JsonObject } from './checkpoint-file.js';
import { BACKBONES, type Backbone } from './backbones.js';
import { ADAPTER_CONFIG } from './adapter-config.js';
import { count, MAX_COUNT, named, positive, unsupported } from './config-values.js';
import { gemmaRope, readGemma, type GemmaConfig } from './gemma-config.js';
import { recipesOf, refusalOf, VALUE_HEAD_FILE, withStatedHead, type Recipe } from './recipes.js';
import { isAbsent } from '../util/is-absent.js';

/** Llama 3.1's scaling of rope frequencies, from `rope_scaling` (or `rope_parameters`) of config.json. */
export interface Llama3RopeScaling {
  readonly type: 'llama3';
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalContextLength: number;
}

/** Every rope frequency divided by one factor. */
interface LinearRopeScaling {
  readonly type: 'linear';
  readonly factor: number;
}

/** What config.json says about the model. Sizes are counts of elements. */
export interface CheckpointConfig {
  readonly name: string | undefined;
  readonly recipe: Recipe;
  readonly backbone: Backbone;
  /** What makes a score of the head's output. */
  readonly scale: RewardScale | undefined;
  /** Which token the model's class scores. */
  readonly readToken: ReadToken;
  /** What the class's code does with a text. */
  readonly prompt: PromptRules;
  /** The token whose logit is the reward, where the recipe's head is a row of the output matrix. */
  readonly rewardToken: number | undefined;
  readonly vocabSize: number;
  /** The longest text that llama.cpp computes as the checkpoint's class does. */
  readonly contextLength: number;
  /** How many tokens a token sees in a class whose window llama.cpp has not; undefined where that is all of them. */
  readonly window: number | undefined;
  readonly hiddenSize: number;
  readonly feedForwardSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly kvHeadCount: number;
  readonly headDim: number;
  /** Whether a model file states it, as llama.cpp's converter does. */
  readonly statesHeadDim: boolean;
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly ropeScaling: Llama3RopeScaling | LinearRopeScaling | undefined;
  /** Whether other frequencies hold for texts beyond the trained context. */
  readonly hasDynamicRope?: boolean;
  /** How a Gemma attends; undefined for others. */
  readonly gemma: GemmaConfig | undefined;
  /** By their name (`bos_token`, `eos_token`, …), as config.json gives them; the tokenizer's own files come first (see tokenizer.ts). */
  readonly specialTokenIds: ReadonlyMap<string, number>;
  /** Ids that end a text, of which chat models have several. */
  readonly eosTokenIds: readonly number[];
}

export interface ReadConfigOptions {
  /** The token whose logit is the reward, for a language model. */
  readonly rewardToken?: number | undefined;
}

/**
 * Reads config.json of a checkpoint folder.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL
 */
export async function readCheckpointConfig(
  files: CheckpointFiles,
  { rewardToken }: ReadConfigOptions = {},
): Promise<CheckpointConfig> {
  const path = files.path('config.json');
  const config = await readConfigFile(files);
  const recipe = await recipeOf(config, files, rewardToken);
  const backbone = backboneOf(recipe, config, path);
  checkSupported(config, backbone, path);

  const hiddenSize = count(config, 'hidden_size', path);
  const headCount = count(config, 'num_attention_heads', path);
  const sameAsHeads = backbone.kvHeadsOptional === true && isAbsent(config['num_key_value_heads']);
  const kvHeadCount = sameAsHeads ? headCount : count(config, 'num_key_value_heads', path);
  const defaultHeadDim = backbone.defaultHeadDim ?? hiddenSize / headCount;
  const headDim = isAbsent(config['head_dim']) ? defaultHeadDim : count(config, 'head_dim', path);
  if (headCount % kvHeadCount !== 0 || !Number.isInteger(headDim) || headDim % 2 !== 0) {
    throw invalidCheckpoint(
      `${path} is inconsistent: hidden_size ${hiddenSize}, ${headCount} heads and ${kvHeadCount} key-value heads do not fit together.`,
    );
  }
  const vocabSize = count(config, 'vocab_size', path);
  const trained = count(config, 'max_position_embeddings', path);
  const window = windowOf(config, backbone, trained, path);
  if (rewardToken !== undefined && rewardToken >= vocabSize) {
    throw new InformError(
      'INFORM_INVALID_CONFIG',
      `The reward token ${rewardToken} is outside of the vocabulary of ${vocabSize}. Name the id of one of its tokens.`,
    );
  }
  return {
    name: typeof config['_name_or_path'] === 'string' ? config['_name_or_path'] : undefined,
    recipe,
    backbone,
    readToken: readTokenOf(config, recipe, backbone, path),
    prompt: promptRulesOf(config, recipe, vocabSize, path),
    scale: scaleOf(config, recipe, path),
    rewardToken,
    vocabSize,
    contextLength: window ?? trained,
    window,
    hiddenSize,
    feedForwardSize: count(config, 'intermediate_size', path),
    layerCount: count(config, 'num_hidden_layers', path),
    headCount,
    kvHeadCount,
    headDim,
    statesHeadDim: backbone.headDimOptional !== true || !isAbsent(config['head_dim']),
    rmsNormEps: positive(config, 'rms_norm_eps', path),
    ...readRope(config, backbone, path),
    gemma: readGemma(config, backbone, path),
    specialTokenIds: specialTokenIds(config),
    eosTokenIds: [config['eos_token_id']].flat().filter((id) => typeof id === 'number'),
  };
}

async function readConfigFile(files: CheckpointFiles): Promise<JsonObject> {
  const config = await files.json('config.json');
  if (config !== undefined) return config;
  const adapter = await files.json(ADAPTER_CONFIG);
  return adapter === undefined ? files.requiredJson('config.json') : refuseAdapter(files, adapter);
}

/** @throws InformError INFORM_UNSUPPORTED_MODEL where the folder holds what PEFT trained and not a model */
export async function checkIsNoAdapter(files: CheckpointFiles): Promise<void> {
  const adapter = await files.json(ADAPTER_CONFIG);
  if (adapter !== undefined) refuseAdapter(files, adapter);
}

function refuseAdapter(files: CheckpointFiles, adapter: JsonObject): never {
  const base = adapter['base_model_name_or_path'];
  const of = typeof base === 'string' && base !== '' ? ` of ${JSON.stringify(base.slice(0, 200))}` : '';
  throw unsupported(
    `${files.folder} holds a PEFT adapter${of} (${ADAPTER_CONFIG}), not a whole model. Merge it into its base: inform-score convert ${files.folder} --base BASE_FOLDER -o model.gguf.`,
  );
}

/** The row of the checkpoint's class, with the head where it is. Of two of one class, one is for a token's logit. */
async function recipeOf(config: JsonObject, files: CheckpointFiles, rewardToken: number | undefined): Promise<Recipe> {
  const [className] = [config['architectures']].flat();
  const path = files.path('config.json');
  const row = recipesOf(className).find(({ head }) => (head.rowOfToken === true) === (rewardToken !== undefined));
  if (row !== undefined) {
    const recipe = withStatedHead(row, config);
    checkValueHead(recipe, config, path);
    return (await hasHeadFile(recipe, files)) ? recipe : { ...recipe, headFile: undefined };
  }
  if (rewardToken !== undefined) {
    throw unsupported(
      `${path} describes a ${named(className)}, whose reward is no token's logit. Leave --reward-token out.`,
    );
  }
  if (typeof className !== 'string') {
    throw unsupported(`${path} names no class of model in "architectures". ${refusalOf('')}.`);
  }
  throw unsupported(`${path} describes a ${className.slice(0, 80)}, which ${refusalOf(className)}.`);
}

function checkValueHead({ isValueHead, head }: Recipe, config: JsonObject, path: string): void {
  const { vhead_layer_type: type, vhead_num_layers: layers } = config;
  if (isValueHead !== true) return;
  if (!isAbsent(type) && type !== 'linear' && type !== 'mlp') {
    throw unsupported(`${path} has a value head of vhead_layer_type ${named(type)}; "linear" and "mlp" are known.`);
  }
  if (head.hidden !== undefined && !isAbsent(layers) && layers !== 1) {
    throw unsupported(
      `${path} has a value head with vhead_num_layers ${named(layers)}; 1 hidden layer can be computed.`,
    );
  }
}

async function hasHeadFile({ headFile }: Recipe, files: CheckpointFiles): Promise<boolean> {
  if (headFile === undefined) return false;
  if (await files.has(headFile)) return true;
  if (!(await files.has('value_head.bin'))) return false;
  throw unsupported(
    `${files.folder} has its score head in value_head.bin, which is not read. Save it as ${VALUE_HEAD_FILE}, for example with safetensors.torch.save_file(torch.load("value_head.bin"), "${VALUE_HEAD_FILE}").`,
  );
}

function backboneOf(recipe: Recipe, config: JsonObject, path: string): Backbone {
  const stated = config['model_type'];
  if (recipe.backbone === 'any') {
    const known = Object.values(BACKBONES);
    const found = known.find(({ modelType }) => modelType === stated);
    if (found !== undefined) return found;
    const names = known.map(({ modelType }) => modelType).join(', ');
    throw unsupported(
      `${path} describes a ${recipe.className} of model type ${named(stated)}; supported are ${names}.`,
    );
  }
  const backbone = BACKBONES[recipe.backbone];
  const { modelType } = backbone;
  if (stated === modelType) return backbone;
  throw unsupported(
    `${path} describes a ${recipe.className} of model type ${named(stated)}; its model type is ${named(modelType)}.`,
  );
}

/** What makes a score of a reward: its mean and deviation, where config.json says that they are applied. */
function scaleOf(config: JsonObject, { normalized }: Recipe, path: string): RewardScale | undefined {
  if (normalized !== true || config['normalize_reward'] !== true) return undefined;
  const [mean, deviation] = [config['mean'] ?? 0, config['std'] ?? 1];
  if (typeof mean !== 'number' || typeof deviation !== 'number' || !(deviation > 0)) {
    throw invalidCheckpoint(`${path} has the mean ${named(mean)} and std ${named(deviation)}; std must be above 0.`);
  }
  return { mean, deviation };
}

/** Where config.json has no pad token, transformers scores the last token. */
function readTokenOf(config: JsonObject, { reads }: Recipe, { defaultPadTokenId }: Backbone, path: string): ReadToken {
  const { pad_token_id: padTokenId = defaultPadTokenId } = config;
  if (reads === 'last' || isAbsent(padTokenId)) return { kind: 'last' };
  if (typeof padTokenId !== 'number' || !Number.isInteger(padTokenId)) {
    throw invalidCheckpoint(`${path} must give pad_token_id as an integer but has ${named(padTokenId)}.`);
  }
  // No token has a negative id, so all of them count.
  return padTokenId < 0 || padTokenId > MAX_COUNT ? { kind: 'last' } : { kind: reads, padTokenId };
}

function promptRulesOf(config: JsonObject, recipe: Recipe, vocabSize: number, path: string): PromptRules {
  const { suffixToken, alwaysBos = false } = recipe;
  const suffixTokenId = typeof suffixToken === 'string' ? tokenAt(config, suffixToken, path) : suffixToken;
  if (suffixTokenId === undefined || suffixTokenId < vocabSize) return { suffixTokenId, alwaysBos };
  throw invalidCheckpoint(
    `A ${recipe.className} scores the token ${suffixTokenId}, which is outside of the vocab_size of ${vocabSize} in ${path}.`,
  );
}

function tokenAt(config: JsonObject, key: string, path: string): number {
  const id = config[key];
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0) return id;
  throw invalidCheckpoint(`${path} must give ${key} as the id of a token but has ${named(id)}.`);
}

function checkSupported(config: JsonObject, backbone: Backbone, path: string): void {
  const labels = config['num_labels'];
  if (!isAbsent(labels) && labels !== 1)
    throw unsupported(`${path} has num_labels ${named(labels)}; a reward model has 1.`);
  // transformers counts them: this is how it writes num_labels.
  const names = Object.keys(objectIn(config['id2label']) ?? { 0: 'LABEL_0' });
  if (names.length !== 1) throw unsupported(`${path} has ${names.length} labels in id2label; a reward model has 1.`);
  const { activationKey = 'hidden_act' } = backbone;
  const activation = config[activationKey];
  if (!isAbsent(activation) && activation !== backbone.activation)
    throw unsupported(
      `${path} has ${activationKey} ${named(activation)}; ${backbone.modelType} has ${named(backbone.activation)}.`,
    );
  for (const key of ['attention_bias', 'mlp_bias', 'bias']) {
    if (config[key] === true) throw unsupported(`${path} has ${key}, which is not supported.`);
  }
  if (backbone.optionalWindow === true) checkNoWindow(config, path);
  if (!isAbsent(config['quantization_config'])) {
    throw unsupported(`${path} describes quantized weights. Convert the original checkpoint instead.`);
  }
}

/** Up to its length, a text is computed as if there were none. */
function windowOf(config: JsonObject, backbone: Backbone, trained: number, path: string): number | undefined {
  if (backbone.window !== true || isAbsent(config['sliding_window'])) return undefined;
  const window = count(config, 'sliding_window', path);
  return window < trained ? window : undefined;
}

/** As transformers reads it: layers from `max_window_layers` on see a window, unless `layer_types` says otherwise. */
function checkNoWindow(config: JsonObject, path: string): void {
  const types: unknown = config['layer_types'];
  const layers = config['num_hidden_layers'];
  const from = config['max_window_layers'] ?? 28;
  const byNumber = typeof from === 'number' && typeof layers === 'number' && from < layers;
  const asked = config['use_sliding_window'] === true && config['sliding_window'] !== null;
  const windowed = Array.isArray(types) ? types.some((type) => type !== 'full_attention') : asked && byNumber;
  if (windowed) {
    throw unsupported(
      `${path} lets some layers see a window of the text only (use_sliding_window), which llama.cpp does not compute for this backbone.`,
    );
  }
}

/**
 * transformers 4 has `rope_theta` and `rope_scaling`; transformers 5 writes both into `rope_parameters`. A checkpoint that one
 * saved and the other saved again has all of them: transformers 5 takes `rope_scaling` where it says something, else
 * `rope_parameters`, and `rope_theta` out of that dictionary before any other.
 */
function readRope(
  config: JsonObject,
  backbone: Backbone,
  path: string,
): Pick<CheckpointConfig, 'ropeTheta' | 'ropeScaling' | 'hasDynamicRope'> {
  if (backbone.gemma?.localRope === true) return gemmaRope(config, path);
  const dictionaries = [objectIn(config['rope_scaling']), objectIn(config['rope_parameters'])];
  const scaling = dictionaries.find((parameters) => Object.keys(parameters ?? {}).length > 0) ?? {};
  const base = [scaling, config].find((object) => 'rope_theta' in object);
  const ropeTheta = base === undefined ? 10000 : positive(base, 'rope_theta', path); // transformers' default
  for (const { partial_rotary_factor: part } of [config, scaling]) {
    if (!isAbsent(part) && part !== 1)
      throw unsupported(`${path} rotates only a part of each head, which is not supported.`);
  }
  const type = scaling['rope_type'] ?? scaling['type'] ?? 'default';
  const isDynamic = type === 'dynamic' && backbone.dynamicRope === true;
  if (type === 'default' || isDynamic) return { ropeTheta, ropeScaling: undefined, hasDynamicRope: isDynamic };
  if (type === 'linear') return { ropeTheta, ropeScaling: { type, factor: positive(scaling, 'factor', path) } };
  if (type !== 'llama3' || backbone.llama3Rope !== true) {
    const known = backbone.llama3Rope === true ? '"linear" and "llama3" are' : '"linear" is';
    throw unsupported(`${path} has rope scaling of type ${named(type)}; ${known} supported.`);
  }
  const ropeScaling: Llama3RopeScaling = {
    type,
    factor: positive(scaling, 'factor', path),
    lowFrequencyFactor: positive(scaling, 'low_freq_factor', path),
    highFrequencyFactor: positive(scaling, 'high_freq_factor', path),
    originalContextLength: originalContextLength(config, scaling, path),
  };
  if (ropeScaling.highFrequencyFactor <= ropeScaling.lowFrequencyFactor) {
    throw invalidCheckpoint(`${path} has a rope scaling whose high_freq_factor is not above its low_freq_factor.`);
  }
  return { ropeTheta, ropeScaling };
}

/** As transformers 5 looks for it. */
function originalContextLength(config: JsonObject, scaling: JsonObject, path: string): number {
  const key = 'original_max_position_embeddings';
  if (!isAbsent(config[key])) return positive(config, key, path);
  return isAbsent(scaling[key]) ? count(config, 'max_position_embeddings', path) : positive(scaling, key, path);
}

/** Lists of ids (eos_token_id of chat models) are left out, as llama.cpp's converter leaves them. */
function specialTokenIds(config: JsonObject): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [key, value] of Object.entries(config)) {
    const [, kind] = /^(\w+_token)_id$/.exec(key) ?? [];
    if (kind !== undefined && typeof value === 'number' && Number.isInteger(value) && value >= 0) ids.set(kind, value);
  }
  return ids;
}
