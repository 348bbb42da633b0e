import type { FloatType } from '#src/convert/safetensors.js';
import { FIRST_SPECIAL_TOKEN, VOCABULARY_SIZE, type Geometry } from './geometry.js';
import { f32BitsToBf16, f32BitsToF16 } from './half-floats.js';
import { normalDeviates, RandomStream } from './random.js';
import type { SafetensorsSource } from './safetensors-writer.js';

/*
 * What the generated weights do.
 *
 * Most of every matrix is noise, as in any fresh model. Noise alone makes a poor test model: averaging over a few
 * hundred tokens leaves a signal hardly above the rounding errors of 16-bit arithmetic. So there is one coherent path.
 * Every token has a tone, +1 or -1, written into its embedding along one direction of the residual stream; the value
 * and output matrices of each layer carry the tones of the attended tokens on, along matching directions; and the head
 * reads the last token's direction. Along that path signals add up while rounding errors average out. What a sample's
 * tokens are, where they stand and how they attend to each other (the noise of q, k, the norms and the feed-forward
 * layers) all move its score by tenths to whole points, where F16 rounding moves it by thousandths.
 */

// How strong the parts are, chosen by trying: stronger q and k sharpen attention and with it every rounding error, weaker
// ones make attention uniform.
const QUERY_KEY_GAIN = 0.7;
const VALUE_NOISE = 0.5;
const OUTPUT_NOISE = 0.5;
const DOWN_GAIN = 0.3;
const HEAD_NOISE = 0.3;
const HEAD_BIAS_SPREAD = 0.3;
const NORM_SPREAD = 0.2;
const BIAS_SPREAD = 0.3;

/** Scale and offset of the head's last layer: they give the scores a mean of 0 and a deviation of 2. */
const SCORE_SCALE = 9.07;
const SCORE_OFFSET = 1.171;

/** Of eight seeds tried, the one whose scores spread most before they are scaled. */
export const TEST_SEED = 4;

/** A tensor of the checkpoint: `mean + noise * normal deviate + coherent.amount * row sign * column sign`. */
interface WeightSpec {
  readonly name: string;
  /** In PyTorch's order. */
  readonly shape: readonly number[];
  readonly mean?: number;
  readonly noise: number;
  readonly coherent?: { readonly amount: number; readonly rows: Int8Array; readonly columns: Int8Array };
}

/**
 * The tensors of a reward model's checkpoint, generated from a seed as they are written.
 *
 * @param dtypeOf the type of the tensor of a name; default: all are BF16
 */
export function generateWeights(
  geometry: Geometry,
  seed: number,
  dtypeOf: (name: string) => FloatType = () => 'BF16',
): SafetensorsSource[] {
  return weightSpecs(geometry, seed).map((spec) => {
    const dtype = dtypeOf(spec.name);
    return {
      name: spec.name,
      dtype,
      shape: spec.shape,
      byteLength: spec.shape.reduce((product, size) => product * size, dtype === 'F32' ? 4 : 2),
      chunks: () => weightChunks(spec, seed, dtype),
    };
  });
}

function weightSpecs(geometry: Geometry, seed: number): WeightSpec[] {
  const { hiddenSize: hidden, layerCount, vocabularySize = VOCABULARY_SIZE } = geometry;
  const tone = new RandomStream(seed, 'tone direction').signs(hidden);
  const mean = geometry.gemma === undefined ? 1 : 0;
  const norm = (name: string): WeightSpec => ({ name, shape: [hidden], mean, noise: NORM_SPREAD });
  const unit = geometry.gemma === undefined ? 1 : 1 / Math.sqrt(hidden);
  return [
    {
      name: 'model.embed_tokens.weight',
      shape: [vocabularySize, hidden],
      noise: unit,
      coherent: { amount: unit, rows: tokenTones(seed, vocabularySize), columns: tone },
    },
    ...Array.from({ length: layerCount }, (_, layer) => layerSpecs(geometry, seed, layer, tone, norm)).flat(),
    norm('model.norm.weight'),
    ...headSpecs(geometry, seed, tone),
  ];
}

function headSpecs({ hiddenSize: hidden, head }: Geometry, seed: number, tone: Int8Array): WeightSpec[] {
  if (head === 'one-layer') {
    // ReLU lets half of the two-layer head's neurons through.
    const scale = SCORE_SCALE / 2;
    return [
      {
        name: 'score.weight',
        shape: [1, hidden],
        noise: (scale * HEAD_NOISE) / Math.sqrt(hidden),
        coherent: { amount: scale / hidden, rows: Int8Array.of(1), columns: tone },
      },
    ];
  }
  const neurons = new RandomStream(seed, 'head neurons').signs(hidden);
  return [
    {
      name: 'score.0.weight',
      shape: [hidden, hidden],
      noise: HEAD_NOISE / Math.sqrt(hidden),
      coherent: { amount: 1 / hidden, rows: neurons, columns: tone },
    },
    { name: 'score.0.bias', shape: [hidden], noise: HEAD_BIAS_SPREAD },
    {
      name: 'score.2.weight',
      shape: [1, hidden],
      noise: (SCORE_SCALE * HEAD_NOISE) / Math.sqrt(hidden),
      coherent: { amount: SCORE_SCALE / hidden, rows: Int8Array.of(1), columns: neurons },
    },
    { name: 'score.2.bias', shape: [1], mean: SCORE_OFFSET, noise: 0 },
  ];
}

function layerSpecs(
  geometry: Geometry,
  seed: number,
  layer: number,
  tone: Int8Array,
  norm: (name: string) => WeightSpec,
): WeightSpec[] {
  const { hiddenSize: hidden, feedForwardSize, headCount, kvHeadCount, headDim = hidden / headCount } = geometry;
  const at = `model.layers.${layer}`;
  // The same within every head, so that the path runs through all of them whatever head reads which value.
  const inHead = new RandomStream(seed, `${at} head direction`).signs(headDim);
  const acrossHeads = (heads: number): Int8Array =>
    Int8Array.from({ length: heads * headDim }, (_, i) => inHead[i % headDim] ?? 0);
  const random = (name: string, rows: number, columns: number, gain: number): WeightSpec => ({
    name: `${at}.${name}.weight`,
    shape: [rows, columns],
    noise: gain / Math.sqrt(columns),
  });
  return [
    norm(`${at}.input_layernorm.weight`),
    random('self_attn.q_proj', headCount * headDim, hidden, QUERY_KEY_GAIN),
    random('self_attn.k_proj', kvHeadCount * headDim, hidden, QUERY_KEY_GAIN),
    {
      ...random('self_attn.v_proj', kvHeadCount * headDim, hidden, VALUE_NOISE),
      coherent: { amount: 1 / hidden, rows: acrossHeads(kvHeadCount), columns: tone },
    },
    {
      ...random('self_attn.o_proj', hidden, headCount * headDim, OUTPUT_NOISE),
      coherent: { amount: 1 / (headCount * headDim), rows: tone, columns: acrossHeads(headCount) },
    },
    ...attentionExtras(geometry, at),
    norm(`${at}.post_attention_layernorm.weight`),
    ...(geometry.gemma === undefined
      ? []
      : [norm(`${at}.pre_feedforward_layernorm.weight`), norm(`${at}.post_feedforward_layernorm.weight`)]),
    random('mlp.gate_proj', feedForwardSize, hidden, 1),
    random('mlp.up_proj', feedForwardSize, hidden, 1),
    random('mlp.down_proj', hidden, feedForwardSize, DOWN_GAIN),
  ];
}

/** What only some backbones have. */
function attentionExtras(
  { hiddenSize, headCount, kvHeadCount, headDim = hiddenSize / headCount, qkvBias, headNorms, gemma }: Geometry,
  at: string,
): WeightSpec[] {
  const bias = (name: string, heads: number): WeightSpec => ({
    name: `${at}.self_attn.${name}_proj.bias`,
    shape: [heads * headDim],
    noise: BIAS_SPREAD,
  });
  const norm = (name: string): WeightSpec => ({
    name: `${at}.self_attn.${name}_norm.weight`,
    shape: [headDim],
    mean: gemma === undefined ? 1 : 0,
    noise: NORM_SPREAD,
  });
  return [
    ...(qkvBias === undefined ? [] : [bias('q', headCount), bias('k', kvHeadCount), bias('v', kvHeadCount)]),
    ...(headNorms === undefined ? [] : [norm('q'), norm('k')]),
  ];
}

/** Special tokens have no tone: they are the same in every sample and would only shift all scores. */
function tokenTones(seed: number, vocabularySize: number): Int8Array {
  return new RandomStream(seed, 'token tones').signs(vocabularySize).fill(0, FIRST_SPECIAL_TOKEN);
}

const CHUNK_WEIGHTS = 2 << 20;

/** F16 and BF16 by their bits. */
type Weights = Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** The weights, whole rows at a time. */
function* weightChunks(spec: WeightSpec, seed: number, dtype: FloatType): Generator<Uint8Array> {
  const columns = spec.shape.at(-1) ?? 1;
  const rowCount = spec.shape.length > 1 ? (spec.shape[0] ?? 1) : 1;
  const rowsPerChunk = Math.max(1, Math.floor(CHUNK_WEIGHTS / columns));
  const stream = new RandomStream(seed, spec.name);
  const table = weightTable(spec, dtype);
  for (let row = 0; row < rowCount; row += rowsPerChunk) {
    const rows = Math.min(rowsPerChunk, rowCount - row);
    const weights = dtype === 'F32' ? new Float32Array(rows * columns) : new Uint16Array(rows * columns);
    for (let r = 0; r < rows; r++) fillRow(weights, r * columns, columns, row + r, spec, table, stream);
    yield new Uint8Array(weights.buffer);
  }
}

/** What a weight becomes for each of the three products of signs, -1, 0 and 1, and each of the deviates. */
function weightTable({ mean = 0, noise, coherent }: WeightSpec, dtype: FloatType): Weights {
  const deviates = normalDeviates();
  const values = Float32Array.from({ length: 3 * deviates.length }, (_, i) => {
    const sign = Math.floor(i / deviates.length) - 1;
    return mean + noise * (deviates[i % deviates.length] ?? 0) + sign * (coherent?.amount ?? 0);
  });
  if (dtype === 'F32') return values;
  return Uint16Array.from(new Uint32Array(values.buffer), dtype === 'F16' ? f32BitsToF16 : f32BitsToBf16);
}

function fillRow(
  weights: Weights,
  start: number,
  columns: number,
  row: number,
  { coherent }: WeightSpec,
  table: Weights,
  stream: RandomStream,
): void {
  const rowSign = coherent?.rows[row] ?? 0;
  const columnSigns = coherent?.columns;
  for (let column = 0; column < columns; column++) {
    const sign = columnSigns === undefined ? 0 : rowSign * (columnSigns[column] ?? 0);
    weights[start + column] = table[((sign + 1) << 16) | (stream.next() >>> 16)] ?? 0;
  }
}
