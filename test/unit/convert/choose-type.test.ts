import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chooseQuantizedType, chooseType, weightsOf } from '#src/convert/choose-type.js';
import { CONVERSION_TYPES } from '#src/gguf/model-types.js';
import { KNOWN_MODELS } from '#src/models/known-models.js';

test('a small model is told what few bits cost it, a large one and one of many bits are not', () => {
  for (const type of ['q5_k_m', 'q4_k_m', 'q3_k_m', 'q2_k', 'iq4_xs'] as const) {
    assert.match(
      chooseType(type, 0.13e9).note ?? '',
      new RegExp(`lose much in ${type}: .* This one has 0\\.13 billion; --type q8_0`),
    );
  }
  for (const type of ['f32', 'f16', 'bf16', 'q8_0', 'q6_k'] as const)
    assert.is(chooseType(type, 0.13e9).note, undefined);
  assert.is(chooseType('q4_k_m', 3e9).note, undefined);
});

test('auto is chosen by the size, and says what and why', () => {
  for (const [weights, type] of [
    [0.135e9, 'bf16'],
    [2.99e9, 'bf16'],
    [3e9, 'q8_0'],
    [39e9, 'q8_0'],
    [40e9, 'q4_k_m'],
  ] as const) {
    const chosen = chooseType('auto', weights);
    assert.is(chosen.type, type);
    const size = (weights / 1e9).toFixed(2).replace('.', '\\.');
    assert.match(
      chosen.note ?? '',
      new RegExp(`^Type auto is ${type} for ${size} billion weights: .+ --type takes another\\.$`),
    );
  }
});

test('quantize has auto, too, which never means bf16', () => {
  for (const [weights, type] of [
    [0.135e9, 'q8_0'],
    [39e9, 'q8_0'],
    [40e9, 'q4_k_m'],
  ] as const) {
    const chosen = chooseQuantizedType('auto', weights);
    assert.is(chosen.type, type);
    assert.match(chosen.note ?? '', new RegExp(`^Type auto is ${type} for .+ --type takes another\\.$`));
  }
  assert.match(chooseQuantizedType('q4_k_m', 1e8).note ?? '', /lose much in q4_k_m/);
});

test('no known model of less than 70 billion weights gets few bits unasked', () => {
  for (const { billions } of KNOWN_MODELS)
    assert.is(chooseType('auto', billions * 1e9).type === 'q4_k_m', billions > 60, String(billions));
});

test('a type that is named stays what it is', () => {
  for (const type of CONVERSION_TYPES) assert.is(chooseType(type, 70e9).type, type);
});

test('weights are counted in all shapes', () => {
  assert.is(weightsOf([{ shape: [100_000, 1000] }, { shape: [30_000_000] }]), 130_000_000);
});

test.run();
