import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LLAMA3_SPLIT_PATTERN } from '#src/convert/pre-tokenizer.js';

// A Hugging Face checkpoint small enough to follow every value by hand: hidden 8, 2 heads of 4, 1 key-value head,
// feed forward 6, 1 layer, vocabulary 5.

interface HandTensor {
  shape: number[];
  /** F32 values, row by row. */
  values: number[];
}

export type HandTensors = Record<string, HandTensor>;

/** Every tensor's values are all different and small, so that F16 and BF16 hold them exactly. */
export function handTensors(): HandTensors {
  const shapes: Record<string, number[]> = {
    'model.embed_tokens.weight': [5, 8],
    'model.layers.0.input_layernorm.weight': [8],
    'model.layers.0.self_attn.q_proj.weight': [8, 8],
    'model.layers.0.self_attn.k_proj.weight': [4, 8],
    'model.layers.0.self_attn.v_proj.weight': [4, 8],
    'model.layers.0.self_attn.o_proj.weight': [8, 8],
    'model.layers.0.post_attention_layernorm.weight': [8],
    'model.layers.0.mlp.gate_proj.weight': [6, 8],
    'model.layers.0.mlp.up_proj.weight': [6, 8],
    'model.layers.0.mlp.down_proj.weight': [8, 6],
    'model.norm.weight': [8],
    'score.0.weight': [8, 8],
    'score.0.bias': [8],
    'score.2.weight': [1, 8],
    'score.2.bias': [1],
  };
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], index) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [name, { shape, values: Array.from({ length }, (_, i) => i - index) }];
    }),
  );
}

export function handConfig(): Record<string, unknown> {
  return {
    architectures: ['INFORMForSequenceClassification'],
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: 8,
    intermediate_size: 6,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    num_hidden_layers: 1,
    vocab_size: 5,
    max_position_embeddings: 64,
    rms_norm_eps: 1e-5,
    rope_theta: 500000,
    bos_token_id: 3,
    eos_token_id: 4,
    pad_token_id: 4,
  };
}

export function handTokenizer(): Record<string, unknown> {
  return {
    added_tokens: [{ id: 3, content: '<|begin_of_text|>', special: true }],
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: LLAMA3_SPLIT_PATTERN }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    model: { type: 'BPE', ignore_merges: true, vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] },
  };
}

/** The same checkpoint with the head of LlamaForSequenceClassification: one layer, by default without a bias. */
export function handOneLayer(bias?: number): { config: Record<string, unknown>; tensors: HandTensors } {
  const backbone = Object.entries(handTensors()).filter(([name]) => !name.startsWith('score'));
  return {
    config: { ...handConfig(), architectures: ['LlamaForSequenceClassification'] },
    tensors: {
      ...Object.fromEntries(backbone),
      'score.weight': { shape: [1, 8], values: [1, -2, 3, -4, 5, -6, 7, -8] },
      ...(bias === undefined ? {} : { 'score.bias': { shape: [1], values: [bias] } }),
    },
  };
}

export interface HandCheckpoint {
  config?: Record<string, unknown>;
  tokenizer?: Record<string, unknown>;
  tokenizerConfig?: Record<string, unknown>;
  tensors?: HandTensors;
  /** More files, by name. */
  files?: Record<string, string>;
  dtype?: 'F32' | 'BF16';
}

/** Writes the checkpoint into a new folder below `parent` and gives its path. */
export function handCheckpoint(parent: string, name: string, parts: HandCheckpoint = {}): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  const json = (file: string, value: unknown): void => {
    writeFileSync(join(folder, file), JSON.stringify(value));
  };
  json('config.json', parts.config ?? handConfig());
  json('tokenizer.json', parts.tokenizer ?? handTokenizer());
  json(
    'tokenizer_config.json',
    parts.tokenizerConfig ?? { bos_token: '<|begin_of_text|>', chat_template: '{{ bos_token }}' },
  );
  for (const [file, text] of Object.entries(parts.files ?? {})) writeFileSync(join(folder, file), text);
  writeFileSync(
    join(folder, 'model.safetensors'),
    handSafetensors(parts.tensors ?? handTensors(), parts.dtype ?? 'F32'),
  );
  return folder;
}

/** The tensors as a safetensors file. BF16 takes the upper halves, which is exact for these values. */
export function handSafetensors(tensors: HandTensors, dtype: 'F32' | 'BF16' = 'F32'): Buffer {
  const header: Record<string, unknown> = {};
  const data: Buffer[] = [];
  let end = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const wide = Float32Array.from(values);
    const halves = Uint16Array.from(new Uint32Array(wide.buffer), (bits) => bits >>> 16);
    const bytes = Buffer.from(dtype === 'F32' ? wide.buffer : halves.buffer);
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    data.push(bytes);
    end += bytes.length;
  }
  return safetensorsBytes(header, Buffer.concat(data));
}

export function safetensorsBytes(header: unknown, data: Uint8Array): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}
