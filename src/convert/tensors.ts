import { InformError } from '../errors.js';
import { HEAD_TENSOR } from '../gguf/head-tensors.js';
import type { CheckpointConfig } from './checkpoint-config.js';
import { invalidCheckpoint } from './checkpoint-file.js';
import { floatTypeOf } from './float-type.js';
import { isLanguageModel, refusalOf } from './recipes.js';
import { llama3RopeFactors } from './rope.js';
import type { FloatType, SafetensorsTensor } from './safetensors.js';
import { USUAL_NAMES, type TensorNames } from './tensor-names.js';

/** Where a tensor's values come from. */
export type TensorSource =
  | {
      readonly kind: 'checkpoint';
      readonly tensor: SafetensorsTensor;
      readonly dtype: FloatType;
      /** Rows of one attention head of q or k, which are interleaved for ggml's rope; undefined: rows stay. */
      readonly headRows: number | undefined;
      /** Added to every value; undefined: nothing. */
      readonly addend?: number | undefined;
      /** The rows lie in pieces of one size, this many bytes from each other; undefined: in one. */
      readonly groups?: { readonly count: number; readonly stride: number } | undefined;
    }
  | { readonly kind: 'computed'; readonly values: Float32Array };

/**
 * How a tensor's type is chosen (tensor-types.ts): a matrix gets what the conversion's type says, vectors are F32
 * (llama.cpp's kernels for them take nothing else), the head's matrices keep the checkpoint's own precision.
 */
type TensorRole = 'matrix' | 'vector' | 'head';

/** A tensor of the GGUF file to be written. */
export interface PlannedTensor {
  readonly name: string;
  /** In ggml's order: `shape[0]` is the length of a row. */
  readonly shape: readonly number[];
  readonly role: TensorRole;
  readonly source: TensorSource;
}

/** Scoring never computes logits, and llama.cpp computes its rope frequencies itself. */
const IGNORED = /^lm_head\.weight$|\.rotary_emb\.inv_freq$/;

/** What GPTQ, AWQ, FP8, compressed-tensors and bitsandbytes store beside or instead of a weight. */
const QUANTIZED =
  /\.(?:qweight|qzeros|scales|g_idx|weight_packed|weight_scale(?:_inv)?|weight\.(?:absmax|quant_state\..*))$/;

/**
 * Lays out the GGUF file of a checkpoint: the backbone's tensors named and permuted as llama.cpp's converter does, the
 * head under llama.cpp's names for classifier heads.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT (missing tensors, shapes that contradict config.json, types that are
 *   not floats), INFORM_UNSUPPORTED_MODEL (tensors that this conversion does not know, quantized ones, more than one
 *   label)
 */
export function planTensors(
  config: CheckpointConfig,
  checkpoint: ReadonlyMap<string, SafetensorsTensor>,
): PlannedTensor[] {
  const mapper = mapperOf(checkpoint, config);
  planBackbone(mapper, config);
  planHead(mapper, config);
  mapper.checkNothingLeft();
  return mapper.planned;
}

/**
 * The head's part of it, which needs no other tensors.
 *
 * @throws what `planTensors` throws
 */
export function planHeadTensors(
  config: CheckpointConfig,
  checkpoint: ReadonlyMap<string, SafetensorsTensor>,
): PlannedTensor[] {
  const mapper = mapperOf(checkpoint, config);
  planHead(mapper, config);
  return mapper.planned;
}

function mapperOf(checkpoint: ReadonlyMap<string, SafetensorsTensor>, { recipe }: CheckpointConfig): TensorMapper {
  const tensors = recipe.isValueHead === true ? withoutPrefix(checkpoint, VALUE_HEAD_WRAPPER) : checkpoint;
  checkNotQuantized(tensors);
  checkNotWrapped(tensors);
  return new TensorMapper(tensors);
}

function withoutPrefix(
  checkpoint: ReadonlyMap<string, SafetensorsTensor>,
  prefix: string,
): ReadonlyMap<string, SafetensorsTensor> {
  return new Map(
    [...checkpoint].map(([name, tensor]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, tensor]),
  );
}

function checkNotQuantized(checkpoint: ReadonlyMap<string, SafetensorsTensor>): void {
  for (const { name, dtype } of checkpoint.values()) {
    if (QUANTIZED.test(name) || dtype.startsWith('F8_')) {
      throw unsupported(
        `The checkpoint is quantized (tensor ${name.slice(0, 120)} of type ${dtype}). Convert the original checkpoint instead.`,
      );
    }
  }
}

/** What TRL's value-head class calls the model inside it, beside which its head lies. */
const VALUE_HEAD_WRAPPER = 'pretrained_model.';

/** Prefixes that a model has as long as something else holds it, and how to save it without them. */
const WRAPPERS = [
  ['module.', 'as a model has inside DistributedDataParallel. Save model.module with save_pretrained()'],
  ['_orig_mod.', 'as a model has inside torch.compile. Save model._orig_mod with save_pretrained()'],
  ['base_model.model.', 'as a model has inside PEFT. Save the result of merge_and_unload() with save_pretrained()'],
  [
    VALUE_HEAD_WRAPPER,
    "as a model has inside TRL's value-head class. Save its pretrained_model with save_pretrained()",
  ],
] as const;

function checkNotWrapped(checkpoint: ReadonlyMap<string, SafetensorsTensor>): void {
  for (const [prefix, what] of WRAPPERS) {
    const name = [...checkpoint.keys()].find((candidate) => candidate.startsWith(prefix));
    if (name !== undefined) {
      throw unsupported(`The checkpoint's tensors are named "${prefix}…" (${name.slice(0, 120)}), ${what}.`);
    }
  }
}

function planBackbone(mapper: TensorMapper, config: CheckpointConfig): void {
  const { hiddenSize, feedForwardSize, headDim, headCount, vocabSize, layerCount, backbone } = config;
  const queryRows = headCount * headDim;
  if (config.ropeScaling?.type === 'llama3') {
    mapper.computed('rope_freqs.weight', llama3RopeFactors(headDim, config.ropeTheta, config.ropeScaling));
  }
  const norm = (name: string, from: string): void => {
    mapper.vector(`${name}.weight`, `${from}.weight`, hiddenSize, backbone.normAddend);
  };
  const names = backbone.names ?? USUAL_NAMES;
  mapper.matrix('token_embd.weight', `model.${names.embedding}.weight`, [vocabSize, hiddenSize]);
  for (let layer = 0; layer < layerCount; layer++) {
    const from = `model.layers.${layer}`;
    const to = `blk.${layer}`;
    norm(`${to}.attn_norm`, `${from}.${names.attentionNorm}`);
    planAttention(mapper, config, names, layer);
    mapper.matrix(`${to}.attn_output.weight`, `${from}.${names.attentionOutput}.weight`, [hiddenSize, queryRows]);
    if (backbone.outputNorms === true) {
      norm(`${to}.post_attention_norm`, `${from}.post_attention_layernorm`);
      norm(`${to}.ffn_norm`, `${from}.pre_feedforward_layernorm`);
      norm(`${to}.post_ffw_norm`, `${from}.post_feedforward_layernorm`);
    } else {
      norm(`${to}.ffn_norm`, `${from}.${names.feedForwardNorm}`);
    }
    mapper.matrix(`${to}.ffn_gate.weight`, `${from}.${names.gate}.weight`, [feedForwardSize, hiddenSize]);
    mapper.matrix(`${to}.ffn_up.weight`, `${from}.${names.up}.weight`, [feedForwardSize, hiddenSize]);
    mapper.matrix(`${to}.ffn_down.weight`, `${from}.${names.down}.weight`, [hiddenSize, feedForwardSize]);
  }
  norm('output_norm', 'model.norm');
}

/** Query, key and value: three matrices, or the rows of one. */
function planAttention(mapper: TensorMapper, config: CheckpointConfig, names: TensorNames, layer: number): void {
  const { hiddenSize, headDim, headCount, kvHeadCount, backbone } = config;
  const from = `model.layers.${layer}`;
  const to = `blk.${layer}`;
  const interleaved = backbone.interleavedRope === true ? headDim : undefined;
  const queries = (headCount / kvHeadCount) * headDim; // of one key-value head
  const matrix = (letter: string, name: string, rows: number, start: number, headRows: number | undefined): void => {
    const target = `${to}.attn_${letter}.weight`;
    if (names.isFused === true) {
      const group = { count: kvHeadCount, rows, start, of: queries + 2 * headDim };
      mapper.groupedRows(target, `${from}.${name}.weight`, hiddenSize, group, headRows);
    } else {
      mapper.matrix(target, `${from}.${name}.weight`, [kvHeadCount * rows, hiddenSize], headRows);
    }
  };
  matrix('q', names.query, queries, 0, interleaved);
  matrix('k', names.key, headDim, queries, interleaved);
  if (backbone.qkvBias === true) {
    mapper.vector(`${to}.attn_q.bias`, `${from}.${names.query}.bias`, kvHeadCount * queries);
    mapper.vector(`${to}.attn_k.bias`, `${from}.${names.key}.bias`, kvHeadCount * headDim);
    mapper.vector(`${to}.attn_v.bias`, `${from}.${names.value}.bias`, kvHeadCount * headDim);
  }
  if (backbone.headNorms === true) {
    mapper.vector(`${to}.attn_q_norm.weight`, `${from}.self_attn.q_norm.weight`, headDim, backbone.normAddend);
    mapper.vector(`${to}.attn_k_norm.weight`, `${from}.self_attn.k_norm.weight`, headDim, backbone.normAddend);
  }
  matrix('v', names.value, headDim, queries + headDim, undefined);
}

function planHead(mapper: TensorMapper, { recipe, hiddenSize, vocabSize, rewardToken }: CheckpointConfig): void {
  const { hidden, output, bias, rowOfToken } = recipe.head;
  if (rowOfToken === true) {
    mapper.headRow(HEAD_TENSOR.outputWeight, outputMatrix(mapper), [vocabSize, hiddenSize], rewardToken ?? 0);
    return;
  }
  const { className } = recipe;
  if (isLanguageModel(className) && !mapper.has(`${output}.weight`)) {
    throw unsupported(`The checkpoint has no ${output}.weight, and a ${className} without it ${refusalOf(className)}.`);
  }
  const [labels] = mapper.find(`${output}.weight`).shape;
  if (labels !== 1) {
    throw unsupported(`The score head has ${labels ?? 0} outputs; a reward model has 1.`);
  }
  const width = hidden === undefined ? hiddenSize : (mapper.find(`${hidden}.weight`).shape[0] ?? hiddenSize);
  if (hidden !== undefined) {
    mapper.headMatrix(HEAD_TENSOR.hiddenWeight, `${hidden}.weight`, [width, hiddenSize]);
    mapper.vector(HEAD_TENSOR.hiddenBias, `${hidden}.bias`, width);
  }
  mapper.headMatrix(HEAD_TENSOR.outputWeight, `${output}.weight`, [1, width]);
  if (bias === 'all' || (bias === 'maybe' && mapper.has(`${output}.bias`)))
    mapper.vector(HEAD_TENSOR.outputBias, `${output}.bias`, 1);
}

/** The matrix that gives a language model's logits: the embedding, where the two are one. */
function outputMatrix(mapper: TensorMapper): string {
  return mapper.has('lm_head.weight') ? 'lm_head.weight' : 'model.embed_tokens.weight';
}

/** Rows that a matrix has in each of several groups. */
interface RowGroups {
  readonly count: number;
  /** How many of a group's, and from which on. */
  readonly rows: number;
  readonly start: number;
  /** Rows of a whole group. */
  readonly of: number;
}

class TensorMapper {
  readonly planned: PlannedTensor[] = [];
  readonly #checkpoint: ReadonlyMap<string, SafetensorsTensor>;
  readonly #unused: Set<string>;

  constructor(checkpoint: ReadonlyMap<string, SafetensorsTensor>) {
    this.#checkpoint = checkpoint;
    this.#unused = new Set([...checkpoint.keys()].filter((name) => !IGNORED.test(name)));
  }

  /** @param headRows rows of one attention head, which are interleaved for ggml's rope */
  matrix(name: string, from: string, shape: readonly number[], headRows?: number): void {
    this.#take(name, from, shape, 'matrix', headRows);
  }

  headMatrix(name: string, from: string, shape: readonly number[]): void {
    this.#take(name, from, shape, 'head', undefined);
  }

  /** Some rows of each group of a matrix, the groups one after the other. */
  groupedRows(name: string, from: string, columns: number, group: RowGroups, headRows: number | undefined): void {
    const { count, rows, start, of } = group;
    const tensor = this.#checked(from, [count * of, columns]);
    const rowBytes = tensor.byteLength / (count * of);
    const part = {
      ...tensor,
      shape: [count * rows, columns],
      offset: tensor.offset + start * rowBytes,
      byteLength: count * rows * rowBytes,
    };
    const groups = { count, stride: of * rowBytes };
    const source = { kind: 'checkpoint', tensor: part, dtype: floatTypeOf(part), headRows, groups } as const;
    this.planned.push({ name, shape: [columns, count * rows], role: 'matrix', source });
  }

  /** One row of a matrix, as the matrix of a head. */
  headRow(name: string, from: string, [rows = 0, columns = 0]: readonly number[], row: number): void {
    const tensor = this.#checked(from, [rows, columns]);
    const byteLength = tensor.byteLength / rows;
    const part = { ...tensor, shape: [1, columns], offset: tensor.offset + row * byteLength, byteLength };
    const source = { kind: 'checkpoint', tensor: part, dtype: floatTypeOf(part), headRows: undefined } as const;
    this.planned.push({ name, shape: [columns, 1], role: 'head', source });
  }

  vector(name: string, from: string, size: number, addend?: number): void {
    this.#take(name, from, [size], 'vector', undefined, addend);
  }

  computed(name: string, values: Float32Array): void {
    this.planned.push({ name, shape: [values.length], role: 'vector', source: { kind: 'computed', values } });
  }

  has(name: string): boolean {
    return this.#checkpoint.has(name);
  }

  find(name: string): SafetensorsTensor {
    const tensor = this.#checkpoint.get(name);
    if (tensor === undefined) throw invalidCheckpoint(`The checkpoint has no tensor ${name}.`);
    return tensor;
  }

  checkNothingLeft(): void {
    const [first] = this.#unused;
    if (first === undefined) return;
    throw unsupported(
      `The checkpoint has ${this.#unused.size} tensors that this conversion does not know, among them ${first.slice(0, 120)}.`,
    );
  }

  #take(
    name: string,
    from: string,
    shape: readonly number[],
    role: TensorRole,
    headRows: number | undefined,
    addend?: number,
  ): void {
    const tensor = this.#checked(from, shape);
    const dtype = floatTypeOf(tensor);
    this.planned.push({
      name,
      shape: shape.toReversed(),
      role,
      source: { kind: 'checkpoint', tensor, dtype, headRows, addend },
    });
  }

  /** A tensor of the checkpoint that has the shape that config.json implies. */
  #checked(from: string, shape: readonly number[]): SafetensorsTensor {
    const tensor = this.find(from);
    this.#unused.delete(from);
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i])) {
      throw invalidCheckpoint(
        `Tensor ${from} has the shape [${tensor.shape.join(', ')}], but config.json implies [${shape.join(', ')}].`,
      );
    }
    return tensor;
  }
}

function unsupported(message: string): InformError {
  return new InformError('INFORM_UNSUPPORTED_MODEL', message);
}
