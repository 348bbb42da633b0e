import { isHeadTensor } from '../../gguf/head-tensors.js';
import { sizeAt } from '../../gguf/reward-model-file.js';
import type { GgufModel } from '../../gguf/split-model.js';
import { elementCount } from '../../gguf/types.js';

/** Bytes of one transformer layer. */
interface LayerMemory {
  /** The matrices of attention and feed-forward network: all that streaming moves. */
  readonly matrices: number;
  /** Norms and biases. */
  readonly vectors: number;
}

/** What a model needs memory for, in bytes where nothing else is said. */
export interface ModelMemory {
  readonly layers: readonly LayerMemory[];
  /** The token embedding, which stays in host memory. */
  readonly embedding: number;
  /**
   * What llama.cpp puts behind the last layer: the norm, and an output matrix that scoring never computes with. A model
   * without one gets a copy of the embedding in its place.
   */
  readonly output: number;
  /** The score head, in host memory. */
  readonly head: number;
  /** Elements that one token adds to the KV cache of one layer. */
  readonly kvElements: number;
  /** The largest matrix of a layer. */
  readonly largestMatrix: { readonly bytes: number; readonly elements: number };
  /** Elements of all layers' matrices: each costs a multiplication and an addition for every token. */
  readonly matrixElements: number;
  /** Attention heads times their size. */
  readonly attentionWidth: number;
  readonly feedForwardSize: number;
}

/** A pattern of the names of some layers' matrices: all that is worth streaming. Norms and biases stay with their layer. */
function matricesOf(layers: string): string {
  return `^blk\\.(${layers})\\.(attn_(q|k|v|qkv|output)|ffn_(gate|up|down))\\.weight$`;
}

const MATRIX = new RegExp(matricesOf('\\d+'));

/** Whether a tensor is a matrix of a layer, of which the products are. */
export function isLayerMatrix(name: string): boolean {
  return MATRIX.test(name);
}

/** The tensors that are streamed where the first layers are: their names as a regular expression, '' for no layers. */
export function streamedTensors(layers: number): string {
  return layers > 0 ? matricesOf(Array.from({ length: layers }, (_, i) => i).join('|')) : '';
}

/** Reads the sizes off a model's table of tensors. */
export function modelMemory({ metadata, tensors }: GgufModel): ModelMemory {
  const number = (key: string): number => sizeAt(metadata, key) ?? 0;
  // No file has more layers than tensors, whatever it claims.
  const layerCount = Math.min(number('block_count'), tensors.length);
  const layers = Array.from({ length: layerCount }, () => ({ matrices: 0, vectors: 0 }));
  const sums = { embedding: 0, output: 0, norm: 0, head: 0 };
  const matrices = tensors.filter(({ name }) => isLayerMatrix(name));
  for (const { name, byteLength } of tensors) {
    const layer = layers[Number(/^blk\.(\d+)\./.exec(name)?.[1])];
    if (layer) layer[isLayerMatrix(name) ? 'matrices' : 'vectors'] += byteLength;
    else if (name === 'token_embd.weight') sums.embedding += byteLength;
    else if (name === 'output.weight') sums.output += byteLength;
    else if (isHeadTensor(name)) sums.head += byteLength;
    else sums.norm += byteLength;
  }
  const heads = number('attention.head_count');
  const kvHeads = sizeAt(metadata, 'attention.head_count_kv') ?? heads;
  const headSize = number('embedding_length') / heads;
  const keySize = sizeAt(metadata, 'attention.key_length') ?? headSize;
  const valueSize = sizeAt(metadata, 'attention.value_length') ?? headSize;
  return {
    layers,
    embedding: sums.embedding,
    output: (sums.output === 0 ? sums.embedding : sums.output) + sums.norm,
    head: sums.head,
    kvElements: kvHeads * (keySize + valueSize),
    largestMatrix: {
      bytes: Math.max(0, ...matrices.map(({ byteLength }) => byteLength)),
      elements: Math.max(0, ...matrices.map(({ shape }) => elementCount(shape))),
    },
    matrixElements: matrices.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    attentionWidth: heads * keySize,
    feedForwardSize: number('feed_forward_length'),
  };
}
