import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BACKBONES, type Backbone } from '#src/convert/backbones.js';
import { gemmaRope, readGemma } from '#src/convert/gemma-config.js';
import { expectError } from '../../support/assert/expect-error.js';

// Defaults and rules are those of transformers 5.23's Gemma2Config and Gemma3TextConfig.

const SIZES = { hidden_size: 2304, num_attention_heads: 8, num_hidden_layers: 7 };

function read(backbone: Backbone, config: Record<string, unknown> = {}): ReturnType<typeof readGemma> {
  return readGemma({ ...SIZES, ...config }, backbone, 'config.json');
}

const { gemma2, gemma3, llama } = BACKBONES;

test('what config.json does not say', () => {
  assert.is(read(llama), undefined);
  assert.equal(read(gemma2), {
    window: { tokens: 4096, layers: [true, false, true, false, true, false, true] },
    attentionCap: 50,
    finalCap: undefined,
    localTheta: undefined,
  });
  assert.equal(read(gemma3), {
    window: { tokens: 4096, layers: [true, true, true, true, true, false, true] },
    attentionCap: undefined,
    finalCap: undefined,
    localTheta: 10000,
  });
});

test('which layers have a window', () => {
  const layersOf = (config: object): unknown => read(gemma3, { sliding_window: 512, ...config })?.window?.layers;
  assert.equal(layersOf({ sliding_window_pattern: 3 }), [true, true, false, true, true, false, true]);
  const types = SIZES.num_hidden_layers - 1;
  const layer_types = ['full_attention', ...Array.from({ length: types }, () => 'sliding_attention')];
  assert.equal(layersOf({ layer_types }), [false, true, true, true, true, true, true]);
  assert.is(layersOf({ sliding_window_pattern: 1 }), undefined);
});

test('scale of attention: by the size of a head, but for the two models of 27B', () => {
  assert.ok(read(gemma2, { query_pre_attn_scalar: 256 }));
  assert.ok(
    read(gemma2, {
      hidden_size: 4608,
      num_attention_heads: 32,
      num_hidden_layers: 46,
      head_dim: 128,
      query_pre_attn_scalar: 144,
    }),
  );
  assert.ok(
    read(gemma3, {
      hidden_size: 5376,
      num_attention_heads: 32,
      num_hidden_layers: 62,
      head_dim: 128,
      query_pre_attn_scalar: 168,
    }),
  );
});

test('rope: two bases, and a factor for the layers that see all, as transformers 4 and 5 write them', () => {
  const linear = { type: 'linear', factor: 8 };
  const four = { rope_theta: 1e6, rope_local_base_freq: 20000, rope_scaling: { rope_type: 'linear', factor: 8 } };
  const five = {
    rope_parameters: {
      full_attention: { rope_theta: 1e6, rope_type: 'linear', factor: 8 },
      sliding_attention: { rope_theta: 20000, rope_type: 'default' },
    },
  };
  for (const config of [four, five]) {
    assert.equal(gemmaRope(config, 'p'), { ropeTheta: 1e6, ropeScaling: linear });
    assert.is(read(gemma3, config)?.localTheta, 20000);
  }
  assert.equal(gemmaRope({}, 'p'), { ropeTheta: 1e6, ropeScaling: undefined });
});

test('what llama.cpp does not compute is refused by its name', async () => {
  const cases: [RegExp, Backbone, Record<string, unknown>][] = [
    [/use_bidirectional_attention/, gemma3, { use_bidirectional_attention: true }],
    [/query_pre_attn_scalar 224, but llama\.cpp computes with 256/, gemma2, { query_pre_attn_scalar: 224 }],
    [/attn_logit_softcapping null; gemma2 caps them/, gemma2, { attn_logit_softcapping: null }],
    [/attn_logit_softcapping 50; gemma3_text has none/, gemma3, { attn_logit_softcapping: 50 }],
    [/layer_types that are not/, gemma3, { layer_types: ['chunked_attention'] }],
    [/no layer with a window/, gemma2, { layer_types: Array.from({ length: 7 }, () => 'full_attention') }],
    [
      /scaling of type "linear" in layers with a window/,
      gemma3,
      { rope_parameters: { sliding_attention: { rope_type: 'linear', factor: 2 } } },
    ],
    [/"rope_theta" in rope_parameters/, gemma3, { rope_parameters: { rope_theta: 5 } }],
  ];
  for (const [message, backbone, config] of cases) {
    await expectError('INFORM_UNSUPPORTED_MODEL', message, () => Promise.resolve().then(() => read(backbone, config)));
  }
  await expectError('INFORM_UNSUPPORTED_MODEL', /type "yarn"; "linear" is/, () =>
    Promise.resolve().then(() => gemmaRope({ rope_scaling: { rope_type: 'yarn', factor: 2 } }, 'p')),
  );
  await expectError('INFORM_INVALID_CHECKPOINT', /sliding_window as a positive integer but has null/, () =>
    Promise.resolve().then(() => read(gemma2, { sliding_window: null })),
  );
});

test.run();
