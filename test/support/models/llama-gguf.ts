import { ggufNumber, ggufString } from '#src/gguf/metadata.js';
import { GGML_TYPES, type GgmlTypeName, type GgufValue } from '#src/gguf/types.js';
import { writeGguf, type GgufTensorSource } from './write-gguf.js';
import { Random } from '../random.js';

/** A llama with random weights and without a tokenizer: enough for what looks at tensors and does not score. */
export interface LlamaShape {
  hidden: number;
  feedForward: number;
  layers: number;
  /** Of attention; key-value heads are half as many. */
  heads: number;
  vocabulary: number;
  type?: GgmlTypeName;
  head?: boolean;
  metadata?: Iterable<readonly [string, GgufValue]>;
}

/** Writes it and gives the path. */
export async function llamaGguf(path: string, shape: LlamaShape): Promise<string> {
  const { hidden, feedForward, layers, heads, vocabulary, type = 'BF16' } = shape;
  const keys = hidden / 2;
  const tensors = [random('token_embd.weight', [hidden, vocabulary], type)];
  for (let layer = 0; layer < layers; layer++) {
    const matrices: [string, number, number][] = [
      ['attn_q', hidden, hidden],
      ['attn_k', hidden, keys],
      ['attn_v', hidden, keys],
      ['attn_output', hidden, hidden],
      ['ffn_gate', hidden, feedForward],
      ['ffn_up', hidden, feedForward],
      ['ffn_down', feedForward, hidden],
    ];
    tensors.push(
      random(`blk.${layer}.attn_norm.weight`, [hidden], 'F32'),
      random(`blk.${layer}.ffn_norm.weight`, [hidden], 'F32'),
      ...matrices.map(([name, row, rows]) => random(`blk.${layer}.${name}.weight`, [row, rows], type)),
    );
  }
  tensors.push(random('output_norm.weight', [hidden], 'F32'));
  if (shape.head ?? true) {
    tensors.push(
      random('cls.weight', [hidden, hidden], 'BF16'),
      random('cls.bias', [hidden], 'F32'),
      random('cls.output.weight', [hidden, 1], 'BF16'),
      random('cls.output.bias', [1], 'F32'),
    );
  }
  const u32 = (value: number): GgufValue => ggufNumber('uint32', value);
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', ggufString('llama')],
    ['general.type', ggufString('model')],
    ['llama.block_count', u32(layers)],
    ['llama.context_length', u32(64)],
    ['llama.embedding_length', u32(hidden)],
    ['llama.feed_forward_length', u32(feedForward)],
    ['llama.attention.head_count', u32(heads)],
    ['llama.attention.head_count_kv', u32(heads / 2)],
    ['llama.attention.layer_norm_rms_epsilon', ggufNumber('float32', 1e-5)],
    ['llama.vocab_size', u32(vocabulary)],
    ...(shape.metadata ?? []),
  ]);
  await writeGguf(path, metadata, tensors);
  return path;
}

/** F32, or BF16 as the upper halves of F32. Types of blocks get bytes that say nothing. */
function random(name: string, shape: number[], type: GgmlTypeName): GgufTensorSource {
  const [row = 1, rows = 1] = shape;
  const ggml = GGML_TYPES[type];
  return {
    name,
    shape,
    type: ggml,
    *chunks() {
      const random = new Random(name.length + row);
      const values = new Float32Array(row);
      for (let r = 0; r < rows; r++) {
        values.forEach((_, i) => (values[i] = (random.next() + random.next() - 1) / 16));
        if (type === 'F32') yield new Uint8Array(values.buffer);
        else if (type === 'BF16') yield upperHalves(values);
        else yield new Uint8Array((row / ggml.blockSize) * ggml.bytesPerBlock);
      }
    },
  };
}

function upperHalves(values: Float32Array): Uint8Array {
  const halves = Uint16Array.from(new Uint32Array(values.buffer), (bits) => bits >>> 16);
  return new Uint8Array(halves.buffer);
}
