import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { convertCheckpoint } from '#src/convert/convert.js';
import type { ConversionType } from '#src/gguf/model-types.js';
import { numberAt } from '#src/gguf/metadata.js';
import type { ErrorCode } from '#src/errors.js';
import { readGguf, type Gguf } from '#src/gguf/reader.js';
import {
  handCheckpoint,
  handConfig,
  handOneLayer,
  handTensors,
  safetensorsBytes,
  type HandCheckpoint,
} from '../../support/models/checkpoint.js';
import { expectError } from '../../support/assert/expect-error.js';
import { tempFolder } from '../../support/temp-folder.js';

const root = tempFolder();
let made = 0;

interface Converted {
  gguf: Gguf;
  /** A tensor's values, from any float type. */
  values: (name: string) => number[];
}

async function convert(parts: HandCheckpoint, type: ConversionType): Promise<Converted> {
  const name = `checkpoint-${made++}`;
  const path = join(root, `${name}.gguf`);
  await convertCheckpoint(handCheckpoint(root, name, parts), path, { type });
  const gguf = await readGguf(path);
  const bytes = readFileSync(path);
  return {
    gguf,
    values: (tensorName) => {
      const tensor = gguf.tensors.find((candidate) => candidate.name === tensorName);
      if (tensor === undefined) throw new Error(`no tensor ${tensorName}`);
      const data = bytes.subarray(tensor.offset, tensor.offset + tensor.byteLength);
      return decode(data, tensor.type.name);
    },
  };
}

function decode(data: Buffer, type: string): number[] {
  if (type === 'F32') return Array.from({ length: data.length / 4 }, (_, i) => data.readFloatLE(4 * i));
  const halves = Array.from({ length: data.length / 2 }, (_, i) => data.readUInt16LE(2 * i));
  if (type === 'BF16') return halves.map((half) => Buffer.from([0, 0, half & 255, half >> 8]).readFloatLE());
  // Normal numbers and zero are all that the hand-made checkpoint has.
  return halves.map((half) =>
    (half & 0x7fff) === 0 ? 0 : (half & 0x8000 ? -1 : 1) * (1 + (half & 1023) / 1024) * 2 ** (((half >> 10) & 31) - 15),
  );
}

async function refused(code: ErrorCode, message: RegExp, parts: HandCheckpoint): Promise<void> {
  const name = `refused-${made++}`;
  const folder = handCheckpoint(root, name, parts);
  await expectError(code, message, () => convertCheckpoint(folder, join(root, `${name}.gguf`), { type: 'f32' }));
  assert.not.ok(existsSync(join(root, `${name}.gguf`)));
}

function without(object: Record<string, unknown>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

test('every tensor arrives under its name, shape, type and with its values', async () => {
  const source = handTensors();
  const names = {
    'token_embd.weight': 'model.embed_tokens.weight',
    'blk.0.attn_norm.weight': 'model.layers.0.input_layernorm.weight',
    'blk.0.attn_v.weight': 'model.layers.0.self_attn.v_proj.weight',
    'blk.0.attn_output.weight': 'model.layers.0.self_attn.o_proj.weight',
    'blk.0.ffn_norm.weight': 'model.layers.0.post_attention_layernorm.weight',
    'blk.0.ffn_gate.weight': 'model.layers.0.mlp.gate_proj.weight',
    'blk.0.ffn_up.weight': 'model.layers.0.mlp.up_proj.weight',
    'blk.0.ffn_down.weight': 'model.layers.0.mlp.down_proj.weight',
    'output_norm.weight': 'model.norm.weight',
    'cls.weight': 'score.0.weight',
    'cls.bias': 'score.0.bias',
    'cls.output.weight': 'score.2.weight',
    'cls.output.bias': 'score.2.bias',
  };
  for (const type of ['f32', 'f16', 'bf16'] as const) {
    for (const dtype of ['F32', 'BF16'] as const) {
      const { gguf, values } = await convert({ dtype }, type);
      for (const [name, from] of Object.entries(names)) {
        const tensor = gguf.tensors.find((candidate) => candidate.name === name);
        const { shape = [], values: expected } = source[from] ?? {};
        assert.equal(tensor?.shape, shape.toReversed(), name);
        assert.equal(values(name), expected, `${name} from ${dtype} to ${type}`);
        const matrix = name.startsWith('cls') ? dtype : type.toUpperCase();
        assert.is(tensor?.type.name, shape.length === 1 ? 'F32' : matrix, name);
      }
      assert.is(gguf.tensors.length, Object.keys(names).length + 2); // and q and k
    }
  }
});

test('the rows of q and k change places within each head', async () => {
  const { values } = await convert({}, 'f32');
  const rowsOf = (name: string): number[] => handTensors()[name]?.values.filter((_, i) => i % 8 === 0) ?? [];
  const firstColumn = (name: string): number[] => values(name).filter((_, i) => i % 8 === 0);
  const q = rowsOf('model.layers.0.self_attn.q_proj.weight');
  assert.equal(
    firstColumn('blk.0.attn_q.weight'),
    [0, 2, 1, 3, 4, 6, 5, 7].map((row) => q[row]),
  );
  const k = rowsOf('model.layers.0.self_attn.k_proj.weight');
  assert.equal(
    firstColumn('blk.0.attn_k.weight'),
    [0, 2, 1, 3].map((row) => k[row]),
  );
});

test("the metadata has llama.cpp's keys and types, and the head's", async () => {
  const { gguf } = await convert({}, 'f16');
  const expected = {
    'general.architecture': ['string', 'llama'],
    'general.type': ['string', 'model'],
    'general.name': ['string', `checkpoint-${made - 1}`],
    'general.file_type': ['uint32', 1],
    'general.quantization_version': ['uint32', 2],
    'llama.block_count': ['uint32', 1],
    'llama.context_length': ['uint32', 64],
    'llama.embedding_length': ['uint32', 8],
    'llama.feed_forward_length': ['uint32', 6],
    'llama.attention.head_count': ['uint32', 2],
    'llama.attention.head_count_kv': ['uint32', 1],
    'llama.attention.layer_norm_rms_epsilon': ['float32', Math.fround(1e-5)],
    'llama.attention.key_length': ['uint32', 4],
    'llama.attention.value_length': ['uint32', 4],
    'llama.rope.dimension_count': ['uint32', 4],
    'llama.rope.freq_base': ['float32', 500000],
    'llama.vocab_size': ['uint32', 5],
    'llama.pooling_type': ['uint32', 3],
    'inform.head.activation': ['string', 'relu'],
    'inform.head.format': ['uint32', 1],
    'inform.head.class': ['string', 'INFORMForSequenceClassification'],
  };
  for (const [key, value] of Object.entries(expected)) {
    const entry = gguf.metadata.get(key);
    assert.equal([entry?.type, entry?.value], value, key);
  }
});

test('llama3 rope scaling becomes rope_freqs, from either spelling of config.json', async () => {
  const scaling = {
    rope_type: 'llama3',
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const old = { ...handConfig(), rope_scaling: scaling };
  const modern = { ...without(handConfig(), 'rope_theta'), rope_parameters: { ...scaling, rope_theta: 500000 } };
  for (const config of [old, modern]) {
    const { values, gguf } = await convert({ config }, 'bf16');
    // Dimension 0 turns every 2 pi tokens, far below 8192 / 4; dimension 2 every 4443, which is between.
    assert.is(values('rope_freqs.weight')[0], 1);
    const smooth = (8192 / (2 * Math.PI * Math.sqrt(500000)) - 1) / 3;
    assert.ok(Math.abs((values('rope_freqs.weight')[1] ?? 0) - 1 / ((1 - smooth) / 8 + smooth)) < 1e-6);
    assert.is(gguf.metadata.get('llama.rope.freq_base')?.value, 500000);
  }
});

test("linear rope scaling is written as llama.cpp's converter does, from either spelling", async () => {
  const old = { ...handConfig(), rope_scaling: { type: 'linear', factor: 2.5 } };
  const modern = { ...handConfig(), rope_parameters: { rope_type: 'linear', factor: 2.5, rope_theta: 500000 } };
  for (const config of [old, modern]) {
    const { gguf } = await convert({ config }, 'f32');
    assert.equal(gguf.metadata.get('llama.rope.scaling.type'), { type: 'string', value: 'linear' });
    assert.equal(gguf.metadata.get('llama.rope.scaling.factor'), { type: 'float32', value: 2.5 });
    assert.not.ok(gguf.tensors.some(({ name }) => name === 'rope_freqs.weight'));
  }
  const plain = await convert({ config: { ...handConfig(), rope_scaling: { rope_type: 'default' } } }, 'f32');
  assert.not.ok([...plain.gguf.metadata.keys()].some((key) => key.includes('rope.scaling')));
});

test('a one-layer head, with and without a bias', async () => {
  const plain = await convert(handOneLayer(), 'f16');
  const headTensors = ({ gguf }: Converted): string[] =>
    gguf.tensors.map(({ name }) => name).filter((name) => name.startsWith('cls'));
  assert.equal(headTensors(plain), ['cls.output.weight']);
  assert.equal(plain.values('cls.output.weight'), [1, -2, 3, -4, 5, -6, 7, -8]);
  assert.equal(plain.gguf.tensors.find(({ name }) => name === 'cls.output.weight')?.shape, [8, 1]);
  assert.is(plain.gguf.metadata.get('llama.pooling_type')?.value, 3);
  assert.is(plain.gguf.metadata.get('inform.head.format')?.value, 1);
  assert.not.ok(plain.gguf.metadata.has('inform.head.activation'));

  const biased = await convert(handOneLayer(0.5), 'f16');
  assert.equal(headTensors(biased), ['cls.output.weight', 'cls.output.bias']);
  assert.equal(biased.values('cls.output.bias'), [0.5]);
});

test('heads that are wider than the model together, one key-value head, and as many as heads', async () => {
  const block = (rows: number, columns: number): { shape: number[]; values: number[] } => ({
    shape: [rows, columns],
    values: Array.from({ length: rows * columns }, (_, i) => i),
  });
  const at = 'model.layers.0.self_attn';
  const wide = {
    ...handTensors(),
    [`${at}.q_proj.weight`]: block(24, 8),
    [`${at}.k_proj.weight`]: block(12, 8),
    [`${at}.v_proj.weight`]: block(12, 8),
    [`${at}.o_proj.weight`]: block(8, 24),
  };
  const mqa = await convert({ tensors: wide, config: { ...handConfig(), head_dim: 12 } }, 'f32');
  assert.equal(mqa.gguf.tensors.find(({ name }) => name === 'blk.0.attn_output.weight')?.shape, [24, 8]);
  assert.is(mqa.gguf.metadata.get('llama.rope.dimension_count')?.value, 12);
  // Row r of the second head of 12: the halves' rows alternate.
  const firstColumn = mqa.values('blk.0.attn_q.weight').filter((_, i) => i % 8 === 0);
  assert.equal(
    firstColumn.slice(12),
    [12, 18, 13, 19, 14, 20, 15, 21, 16, 22, 17, 23].map((row) => 8 * row),
  );

  const many = { ...handTensors(), [`${at}.k_proj.weight`]: block(8, 8), [`${at}.v_proj.weight`]: block(8, 8) };
  const mha = await convert({ tensors: many, config: without(handConfig(), 'num_key_value_heads') }, 'f32');
  assert.is(mha.gguf.metadata.get('llama.attention.head_count_kv')?.value, 2);
});

test('tied embeddings: no language-model head is needed, and one that is there is left out', async () => {
  const config = { ...handConfig(), tie_word_embeddings: true };
  const { gguf } = await convert({ config }, 'f32');
  assert.not.ok(gguf.tensors.some(({ name }) => name === 'output.weight'));
});

test('a class that scores a token behind the text needs that token, and that the tokenizer calls it so', async () => {
  const config = { ...handConfig(), architectures: ['AtheneForSequenceClassification'] };
  await refused('INFORM_INVALID_CHECKPOINT', /scores the token 128003, which is outside of the vocab_size of 5 in/, {
    config,
  });
  const tokenizerConfig = {
    bos_token: '<|begin_of_text|>',
    cls_token: '<|begin_of_text|>',
    chat_template: '{{ bos_token }}',
  };
  await refused(
    'INFORM_UNSUPPORTED_MODEL',
    /has the CLS token 3, but AtheneForSequenceClassification scores the token 128003/,
    {
      config: { ...config, vocab_size: 128256 },
      tokenizerConfig,
    },
  );
});

test('where the checkpoint came from', async () => {
  const folder = handCheckpoint(root, 'ab12cd34');
  const path = join(root, 'source.gguf');
  const source = { repository: 'infly/INF-ORM-Llama3.1-70B', revision: 'ab12cd34' };
  await convertCheckpoint(folder, path, { type: 'f32', source });
  const { metadata } = await readGguf(path);
  assert.is(metadata.get('general.name')?.value, 'INF-ORM-Llama3.1-70B');
  assert.is(metadata.get('general.source.repo_url')?.value, 'https://huggingface.co/infly/INF-ORM-Llama3.1-70B');
  assert.is(metadata.get('inform.source.revision')?.value, 'ab12cd34');
});

test('a model name in config.json is used, a path is not', async () => {
  const named = await convert({ config: { ...handConfig(), _name_or_path: 'infly/INF-ORM-Llama3.1-70B' } }, 'f32');
  assert.is(named.gguf.metadata.get('general.name')?.value, 'INF-ORM-Llama3.1-70B');
  const path = await convert({ config: { ...handConfig(), _name_or_path: '/data/x/y' } }, 'f32');
  assert.match(String(path.gguf.metadata.get('general.name')?.value), /^checkpoint-/);
});

test('what scoring does not need is left out', async () => {
  const tensors = {
    ...handTensors(),
    'lm_head.weight': { shape: [5, 8], values: Array<number>(40).fill(0) },
    'model.layers.0.self_attn.rotary_emb.inv_freq': { shape: [2], values: [1, 2] },
  };
  assert.is((await convert({ tensors }, 'f32')).gguf.tensors.length, 15);
});

test('a window that llama.cpp does not compute is the longest text', async () => {
  const { config, tensors } = handOneLayer();
  const trained = config['max_position_embeddings'];
  const contextOf = async (window: unknown): Promise<unknown> => {
    const mistral = { architectures: ['MistralForSequenceClassification'], model_type: 'mistral' };
    const changed = { ...config, ...mistral, sliding_window: window };
    const { gguf } = await convert({ config: changed, tensors }, 'f32');
    return numberAt(gguf.metadata, 'llama.context_length');
  };
  assert.is(await contextOf(32), 32);
  for (const none of [null, undefined, trained]) assert.is(await contextOf(none), trained);
});

test('models that cannot be converted', async () => {
  const config = handConfig();
  const cases: [RegExp, Record<string, unknown>][] = [
    [
      /has no v_head\.summary\.weight, and a LlamaForCausalLM without it is a language model/,
      { architectures: ['LlamaForCausalLM'] },
    ],
    [/names no class of model/, { architectures: [] }],
    [/of model type "qwen2"; its model type is "llama"/, { model_type: 'qwen2' }],
    [/describes a x, which is no class .* can be: INFORMForSequenceClassification, Llama/, { architectures: 'x' }],
    // The classes of QRM, URM and ArmoRM.
    [/which has several objectives/, { architectures: ['LlamaForRewardModelWithGating'] }],
    [/which gives a score for each step/, { architectures: ['Qwen2ForProcessRewardModel'] }],
    [/which is a mixture of experts/, { architectures: ['MixtralForSequenceClassification'] }],
    [/has num_labels 2/, { num_labels: 2 }],
    [/has 2 labels in id2label/, { id2label: { 0: 'bad', 1: 'good' } }],
    [/has 0 labels in id2label/, { id2label: {} }],
    [/has hidden_act "gelu"/, { hidden_act: 'gelu' }],
    [/has attention_bias/, { attention_bias: true }],
    [/has mlp_bias/, { mlp_bias: true }],
    [/describes quantized weights/, { quantization_config: { quant_method: 'gptq' } }],
    ...['yarn', 'dynamic', 'longrope', 7].map((type): [RegExp, Record<string, unknown>] => [
      new RegExp(`rope scaling of type ${JSON.stringify(type)}; "linear" and "llama3" are supported`),
      { rope_scaling: { rope_type: type, factor: 4 } },
    ]),
    [/rotates only a part of each head/, { partial_rotary_factor: 0.5 }],
    [/rotates only a part of each head/, { rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } }],
  ];
  for (const [message, change] of cases) {
    await refused('INFORM_UNSUPPORTED_MODEL', message, { config: { ...config, ...change } });
  }
  const tensors = handTensors();
  const labels = { ...tensors, 'score.2.weight': { shape: [2, 8], values: Array<number>(16).fill(1) } };
  await refused('INFORM_UNSUPPORTED_MODEL', /score head has 2 outputs/, { tensors: labels });
  const one = handOneLayer();
  const two = { shape: [2, 8], values: Array<number>(16).fill(1) };
  await refused('INFORM_UNSUPPORTED_MODEL', /score head has 2 outputs/, {
    ...one,
    tensors: { ...one.tensors, 'score.weight': two },
  });
  // A head of one kind under the class of the other.
  await refused('INFORM_INVALID_CHECKPOINT', /has no tensor score\.weight/, { config: one.config });
  await refused('INFORM_INVALID_CHECKPOINT', /has no tensor score\.2\.weight/, { tensors: one.tensors });
  const bias = { ...tensors, 'model.layers.0.self_attn.q_proj.bias': { shape: [8], values: Array<number>(8).fill(1) } };
  await refused('INFORM_UNSUPPORTED_MODEL', /1 tensors .+ among them model\.layers\.0\.self_attn\.q_proj\.bias/, {
    tensors: bias,
  });
});

test('the head of a row is found by its names, whatever its width', async () => {
  const all = Object.entries(handTensors());
  const backbone = Object.fromEntries(all.filter(([name]) => !name.startsWith('score.')));
  const bias = handTensors()['score.2.bias'];
  const tensors = {
    ...backbone,
    'v_head.summary.0.weight': { shape: [3, 8], values: Array.from({ length: 24 }, (_, i) => i) },
    'v_head.summary.0.bias': { shape: [3], values: [1, 2, 3] },
    'v_head.summary.2.weight': { shape: [1, 3], values: [4, 5, 6] },
    ...(bias === undefined ? {} : { 'v_head.summary.2.bias': bias }),
  };
  const config = { ...handConfig(), architectures: ['GRewardModel'] };
  const { gguf } = await convert({ tensors, config }, 'f32');
  const shapes = gguf.tensors.filter(({ name }) => name.startsWith('cls.')).map(({ shape }) => shape);
  assert.equal(shapes, [[8, 3], [3], [3, 1], [1]]);
  assert.is(gguf.metadata.get('inform.head.class')?.value, 'GRewardModel');
  await refused(
    'INFORM_UNSUPPORTED_MODEL',
    /GRewardModel of model type "gpt2"; supported are llama, mistral, qwen2, qwen3/,
    {
      tensors,
      config: { ...config, model_type: 'gpt2' },
    },
  );
});

test("OpenRLHF's mean and deviation are stated where its class applies them", async () => {
  const { config, tensors } = handOneLayer();
  const head = tensors['score.weight'];
  if (head === undefined) throw new Error('no head');
  const backbone = Object.fromEntries(Object.entries(tensors).filter(([name]) => name !== 'score.weight'));
  const changed = { ...config, architectures: ['RewardModel'], normalize_reward: true, mean: -2.5, std: 4 };
  const stated = await convert({ tensors: { ...backbone, 'value_head.weight': head }, config: changed }, 'f32');
  assert.is(stated.gguf.metadata.get('inform.head.mean')?.value, -2.5);
  assert.is(stated.gguf.metadata.get('inform.head.deviation')?.value, 4);
  const raw = await convert(
    { tensors: { ...backbone, 'value_head.weight': head }, config: { ...changed, normalize_reward: false } },
    'f32',
  );
  assert.not(raw.gguf.metadata.has('inform.head.mean'));
  await refused('INFORM_INVALID_CHECKPOINT', /std must be above 0/, {
    tensors: { ...backbone, 'value_head.weight': head },
    config: { ...changed, std: 0 },
  });
});

test('a reward token is for a language model, and one of its tokens', async () => {
  const { config, tensors } = handOneLayer();
  const causal = { ...config, architectures: ['LlamaForCausalLM'] };
  const folder = handCheckpoint(root, 'causal', { config: causal, tensors });
  const other = handCheckpoint(root, 'no-causal', { config, tensors });
  const to = join(root, 'causal.gguf');
  await expectError('INFORM_INVALID_CONFIG', /reward token 5 is outside of the vocabulary of 5/, () =>
    convertCheckpoint(folder, to, { type: 'f32', rewardToken: 5 }),
  );
  await expectError(
    'INFORM_UNSUPPORTED_MODEL',
    /LlamaForSequenceClassification", whose reward is no token's logit/,
    () => convertCheckpoint(other, to, { type: 'f32', rewardToken: 0 }),
  );
  await expectError(
    'INFORM_UNSUPPORTED_MODEL',
    /is a language model.*name that token \(convert --reward-token 0\)/,
    () => convertCheckpoint(folder, to, { type: 'f32' }),
  );
});

test('quantized checkpoints, also where config.json does not say so', async () => {
  const tensors = handTensors();
  const one = { shape: [1], values: [1] };
  const at = 'model.layers.0.mlp.up_proj';
  for (const name of [
    'qweight',
    'scales',
    'weight_scale_inv',
    'weight_packed',
    'weight.absmax',
    'weight.quant_state.x',
  ]) {
    await refused('INFORM_UNSUPPORTED_MODEL', /checkpoint is quantized .+ Convert the original checkpoint/, {
      tensors: { ...tensors, [`${at}.${name}`]: one },
    });
  }
  const folder = handCheckpoint(root, 'fp8');
  const entry = { dtype: 'F8_E4M3', shape: [4], data_offsets: [0, 4] };
  writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes({ w: entry }, Buffer.alloc(4)));
  await expectError('INFORM_UNSUPPORTED_MODEL', /is quantized \(tensor w of type F8_E4M3\)/, () =>
    convertCheckpoint(folder, join(root, 'fp8.gguf'), { type: 'f32' }),
  );
});

test('other types of weights', async () => {
  const folder = handCheckpoint(root, 'doubles');
  const [name = '', ...others] = Object.keys(handTensors());
  const entries: [string, object][] = [[name, { dtype: 'F64', shape: [5, 8], data_offsets: [0, 320] }]];
  let end = 320;
  for (const other of others) {
    const shape = handTensors()[other]?.shape ?? [];
    const bytes = 4 * shape.reduce((product, size) => product * size, 1);
    entries.push([other, { dtype: 'F32', shape, data_offsets: [end, (end += bytes)] }]);
  }
  writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes(Object.fromEntries(entries), Buffer.alloc(end)));
  await expectError('INFORM_INVALID_CHECKPOINT', /embed_tokens\.weight is of type F64; F32, F16 and BF16/, () =>
    convertCheckpoint(folder, join(root, 'doubles.gguf'), { type: 'f32' }),
  );
});

test('a config.json that contradicts itself or the weights', async () => {
  const config = handConfig();
  const cases: [RegExp, Record<string, unknown>][] = [
    [/must give hidden_size as a positive integer but has "8"/, { hidden_size: '8' }],
    [/num_hidden_layers as a positive integer but has 0/, { num_hidden_layers: 0 }],
    [/num_hidden_layers .+ has 1000000000000/, { num_hidden_layers: 1e12 }],
    [/vocab_size .+ has null/, { vocab_size: null }],
    [/rms_norm_eps as a positive number but has -1/, { rms_norm_eps: -1 }],
    [/inconsistent: hidden_size 8, 3 heads/, { num_attention_heads: 3 }],
    [/inconsistent/, { num_key_value_heads: 4 }],
    [/inconsistent/, { head_dim: 3 }],
    [/must give factor as a positive number but has -1/, { rope_scaling: { type: 'linear', factor: -1 } }],
    [
      /high_freq_factor is not above its low_freq_factor/,
      {
        rope_scaling: {
          rope_type: 'llama3',
          factor: 8,
          low_freq_factor: 4,
          high_freq_factor: 4,
          original_max_position_embeddings: 8192,
        },
      },
    ],
    [/must give factor as a positive number but has nothing/, { rope_scaling: { type: 'llama3' } }],
    [/embed_tokens\.weight has the shape \[5, 8\], but config\.json implies \[6, 8\]/, { vocab_size: 6 }],
    [/no tensor model\.layers\.1\.input_layernorm\.weight/, { num_hidden_layers: 2 }],
  ];
  for (const [message, change] of cases) {
    await refused('INFORM_INVALID_CHECKPOINT', message, { config: { ...config, ...change } });
  }
});

test('weights that are missing, misshapen or out of range', async () => {
  const tensors = handTensors();
  for (const name of ['score.0.bias', 'score.2.weight', 'model.norm.weight']) {
    const rest = Object.fromEntries(Object.entries(tensors).filter(([other]) => other !== name));
    await refused('INFORM_INVALID_CHECKPOINT', new RegExp(`has no tensor ${name}\\.`), { tensors: rest });
  }
  const flat = { ...tensors, 'score.0.weight': { shape: [64], values: Array<number>(64).fill(1) } };
  await refused('INFORM_INVALID_CHECKPOINT', /score\.0\.weight has the shape \[64\]/, { tensors: flat });

  const values = Array<number>(64).fill(70000);
  const large = { ...tensors, 'model.layers.0.self_attn.o_proj.weight': { shape: [8, 8], values } };
  const folder = handCheckpoint(root, 'large', { tensors: large });
  const path = join(root, 'large.gguf');
  await expectError(
    'INFORM_INVALID_CHECKPOINT',
    /o_proj\.weight in .* has values beyond the range of F16\. Convert to bf16/,
    () => convertCheckpoint(folder, path, { type: 'f16' }),
  );
  assert.not.ok(existsSync(path));
  await convertCheckpoint(folder, path, { type: 'bf16' });
});

test('missing or broken files of the folder', async () => {
  const target = join(root, 'broken.gguf');
  await expectError('INFORM_MODEL_NOT_FOUND', /nowhere does not exist/, () =>
    convertCheckpoint(join(root, 'nowhere'), target, { type: 'f32' }),
  );
  for (const name of ['config.json', 'tokenizer.json']) {
    const folder = handCheckpoint(root, `broken-${name}`);
    rmSync(join(folder, name));
    await expectError(
      'INFORM_INVALID_CHECKPOINT',
      /is missing(?:, and so is tokenizer\.model)?\. Give the folder of a complete/,
      () => convertCheckpoint(folder, target, { type: 'f32' }),
    );
    writeFileSync(join(folder, name), '{"a":');
    await expectError('INFORM_INVALID_CHECKPOINT', /is not valid JSON/, () =>
      convertCheckpoint(folder, target, { type: 'f32' }),
    );
    writeFileSync(join(folder, name), '{"a": {"b": 1, "b": 2}}');
    await expectError('INFORM_INVALID_CHECKPOINT', /has the key "b" twice/, () =>
      convertCheckpoint(folder, target, { type: 'f32' }),
    );
    writeFileSync(join(folder, name), '3');
    await expectError('INFORM_INVALID_CHECKPOINT', /does not hold a JSON object/, () =>
      convertCheckpoint(folder, target, { type: 'f32' }),
    );
  }
});

test('an abort leaves nothing', async () => {
  const folder = handCheckpoint(root, 'aborted');
  const path = join(root, 'aborted.gguf');
  const controller = new AbortController();
  await expectError('INFORM_ABORTED', /aborted/, () =>
    convertCheckpoint(folder, path, {
      type: 'f32',
      signal: controller.signal,
      onProgress: () => {
        controller.abort();
      },
    }),
  );
  assert.not.ok(existsSync(path));
});

test.run();
