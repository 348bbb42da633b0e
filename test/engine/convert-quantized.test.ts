import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { convertCheckpoint } from '#src/convert/convert.js';
import { quantizeModel } from '#src/quantize/quantize.js';
import { QUANTIZED_TYPES } from '#src/gguf/model-types.js';
import { handCheckpoint, handConfig, handTokenizer, type HandTensors } from '../support/models/checkpoint.js';
import { Random } from '../support/random.js';
import { tempFolder } from '../support/temp-folder.js';
import { tensorsOf } from '../support/models/tensor-bytes.js';

// Straight from the checkpoint against llama.cpp's own quantizer (`llama_model_quantize`) on the BF16 conversion.

const VOCABULARY = 24;

interface Geometry {
  hidden: number;
  feedForward: number;
  layers: number;
  heads: number;
  kvHeads: number;
}

const GEOMETRIES: Record<string, Geometry> = {
  'rows of whole superblocks, four queries for each key, nine layers': {
    hidden: 256,
    feedForward: 512,
    layers: 9,
    heads: 4,
    kvHeads: 1,
  },
  'rows of whole blocks only, as many keys as queries': {
    hidden: 96,
    feedForward: 288,
    layers: 2,
    heads: 3,
    kvHeads: 3,
  },
  'rows that no block divides': { hidden: 80, feedForward: 200, layers: 1, heads: 5, kvHeads: 1 },
};

function checkpointOf(root: string, { hidden, feedForward, layers, heads, kvHeads }: Geometry): string {
  const random = new Random(hidden);
  const tensors: HandTensors = {};
  const add = (name: string, shape: number[]): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors[name] = { shape, values: Array.from({ length }, () => bf16((random.next() + random.next() - 1) / 8)) };
  };
  const keys = (hidden / heads) * kvHeads;
  add('model.embed_tokens.weight', [VOCABULARY, hidden]);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    add(`${prefix}.input_layernorm.weight`, [hidden]);
    add(`${prefix}.self_attn.q_proj.weight`, [hidden, hidden]);
    add(`${prefix}.self_attn.k_proj.weight`, [keys, hidden]);
    add(`${prefix}.self_attn.v_proj.weight`, [keys, hidden]);
    add(`${prefix}.self_attn.o_proj.weight`, [hidden, hidden]);
    add(`${prefix}.post_attention_layernorm.weight`, [hidden]);
    add(`${prefix}.mlp.gate_proj.weight`, [feedForward, hidden]);
    add(`${prefix}.mlp.up_proj.weight`, [feedForward, hidden]);
    add(`${prefix}.mlp.down_proj.weight`, [hidden, feedForward]);
  }
  add('model.norm.weight', [hidden]);
  add('score.0.weight', [hidden, hidden]);
  add('score.0.bias', [hidden]);
  add('score.2.weight', [1, hidden]);
  add('score.2.bias', [1]);
  const config = {
    ...handConfig(),
    hidden_size: hidden,
    intermediate_size: feedForward,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    num_hidden_layers: layers,
    vocab_size: VOCABULARY,
  };
  return handCheckpoint(root, String(hidden), { config, tokenizer: handTokenizer(), tensors, dtype: 'BF16' });
}

/** The nearest value below that BF16 holds, so that the checkpoint holds it exactly. */
function bf16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] ?? 0) & 0xffff0000;
  return new Float32Array(bits.buffer)[0] ?? 0;
}

for (const [name, geometry] of Object.entries(GEOMETRIES)) {
  test(`types and bytes are those of llama.cpp's quantizer: ${name}`, async () => {
    const root = tempFolder();
    const checkpoint = checkpointOf(root, geometry);
    const bf16File = join(root, 'bf16.gguf');
    await convertCheckpoint(checkpoint, bf16File, { type: 'bf16' });
    for (const type of QUANTIZED_TYPES) {
      const [ours, theirs] = [join(root, `ours-${type}.gguf`), join(root, `theirs-${type}.gguf`)];
      await convertCheckpoint(checkpoint, ours, { type });
      await quantizeModel(bf16File, theirs, { type, threads: 2 });
      const [our, their] = [await tensorsOf(ours), await tensorsOf(theirs)];
      assert.equal([...our.keys()].sort(), [...their.keys()].sort());
      for (const [tensor, { type: ourType, data }] of our) {
        assert.is(ourType, their.get(tensor)?.type, `${type}: type of ${tensor}`);
        assert.ok(their.get(tensor)?.data.equals(data), `${type}: bytes of ${tensor}`);
      }
    }
  });
}

test.run();
