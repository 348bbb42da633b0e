// Writes the inputs that libFuzzer's targets start from: node dist/test/support/fuzz-corpus.js [FOLDER]
// The committed ones, in native/fuzz/corpus, are what this writes.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '#src/util/package-root.js';
import { GGML_TYPES } from '#src/gguf/types.js';
import { entry, ggufBytes, tensorInfo, text, u32, u64, u8, type GgufParts } from './gguf-bytes.js';

const folder = process.argv[2] ?? path.join(packageRoot(), 'native', 'fuzz', 'corpus');

const f32 = (value: number): Buffer => Buffer.from(Float32Array.of(value).buffer);
const number = (key: string, value: number): Buffer => entry(key, 'uint32', u32(value));
const string = (key: string, value: string): Buffer => entry(key, 'string', text(value));

/** One value of every type, and an array of every type of element. */
const EVERY_TYPE = [
  entry('u8', 'uint8', u8(1)),
  entry('i16', 'int16', u8(1, 0)),
  entry('f32', 'float32', f32(1.5)),
  entry('bool', 'bool', u8(1)),
  entry('f64', 'float64', u64(0)),
  entry('ints', 'array', u32(5), u64(2), u32(1), u32(2)),
  entry('flags', 'array', u32(7), u64(2), u8(0, 1)),
  entry('words', 'array', u32(8), u64(2), text('ab'), text('')),
  number('general.alignment', 32),
];

const HEAD_KEYS = [string('inform.head.activation', 'relu'), number('inform.head.format', 1)];

/** A head for hidden states of 32 values: weight, bias, output and its bias, each at a multiple of 32 bytes. */
const HEAD: GgufParts = {
  entries: [string('general.architecture', 'llama'), ...HEAD_KEYS],
  tensors: [
    tensorInfo('cls.weight', [32, 2], GGML_TYPES.BF16.id, 0),
    tensorInfo('cls.bias', [2], GGML_TYPES.F32.id, 128),
    tensorInfo('cls.output.weight', [2, 1], GGML_TYPES.F16.id, 160),
    tensorInfo('cls.output.bias', [1], GGML_TYPES.F32.id, 192),
  ],
  data: Buffer.alloc(224),
};

const MODEL_KEYS = [
  string('general.architecture', 'llama'),
  number('llama.block_count', 1),
  number('llama.context_length', 64),
  number('llama.embedding_length', 32),
  number('llama.feed_forward_length', 32),
  number('llama.attention.head_count', 2),
  number('llama.attention.head_count_kv', 1),
  number('llama.rope.dimension_count', 16),
  string('llama.rope.scaling.type', 'linear'),
  entry('llama.attention.layer_norm_rms_epsilon', 'float32', f32(1e-5)),
  string('tokenizer.ggml.model', 'gpt2'),
  entry('tokenizer.ggml.tokens', 'array', u32(8), u64(3), text('a'), text('b'), text('ab')),
];

const split = (no: number, count: number): Buffer[] => [
  entry('split.no', 'uint16', u8(no, 0)),
  entry('split.count', 'uint16', u8(count, 0)),
  entry('split.tensors.count', 'int32', u32(4)),
];

const GGUFS: Record<string, GgufParts> = {
  empty: {},
  'every-type': {
    entries: EVERY_TYPE,
    tensors: [tensorInfo('a', [1, 1, 2, 2], GGML_TYPES.F32.id, 0)],
    data: Buffer.alloc(32),
  },
  head: HEAD,
  'quantized-head': {
    entries: HEAD.entries ?? [],
    tensors: [
      tensorInfo('cls.weight', [32, 2], GGML_TYPES.Q8_0.id, 0),
      tensorInfo('cls.output.weight', [2, 1], GGML_TYPES.F32.id, 96),
    ],
    data: Buffer.alloc(128),
  },
  model: { ...HEAD, entries: [...MODEL_KEYS, ...HEAD_KEYS] },
  'one-layer-head': {
    entries: MODEL_KEYS,
    tensors: [tensorInfo('cls.output.weight', [32, 1], GGML_TYPES.F32.id, 0)],
    data: Buffer.alloc(128),
  },
  'first-of-one': { ...HEAD, entries: [...(HEAD.entries ?? []), ...split(0, 1)] },
  'first-of-two': { ...HEAD, entries: [...(HEAD.entries ?? []), ...split(0, 2)] },
  // 2^32 times 2^32 elements are 0 in 64 bits.
  'shape-that-wraps': { tensors: [tensorInfo('cls.output.weight', [2 ** 32, 2 ** 32], GGML_TYPES.F32.id, 0)] },
};

for (const [name, parts] of Object.entries(GGUFS)) write('gguf_fuzz', `${name}.gguf`, ggufBytes(parts));

// The layout is that of native/fuzz/encode_fuzz.cpp.
const { F32, F16, BF16, Q8_0, Q4_K, Q6_K } = GGML_TYPES;
for (const [name, from, to, rows, columns, headRows] of [
  ['copy', F32, F32, 4, 8, 0],
  ['widen', BF16, F32, 4, 8, 0],
  ['narrow', F32, F16, 4, 8, 0],
  ['interleave', BF16, BF16, 8, 4, 4],
  ['q8_0', F16, Q8_0, 2, 32, 0],
  ['q4_k', BF16, Q4_K, 1, 256, 0],
  ['q6_k', F32, Q6_K, 1, 256, 0],
] as const) {
  const bytes = rows * columns * from.bytesPerBlock;
  const shard = Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 37) % 61));
  write('encode_fuzz', name, Buffer.concat([u8(from.id, to.id), ...[rows, columns, headRows, 0, 0].map(u64), shard]));
}

function write(target: string, name: string, bytes: Buffer): void {
  mkdirSync(path.join(folder, target), { recursive: true });
  writeFileSync(path.join(folder, target, name), bytes);
}
