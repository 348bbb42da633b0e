import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SafetensorsTensor } from '#src/convert/safetensors.js';
import { typeNote } from '#src/convert/type-note.js';

function tensor(...shape: number[]): SafetensorsTensor {
  return { name: 'x', file: 'x', dtype: 'BF16', shape, offset: 0, byteLength: 0 };
}

test('a small model is told what few bits cost it, a large one and one of many bits are not', () => {
  const small = [tensor(100_000, 1000), tensor(30_000_000)];
  for (const type of ['q5_k_m', 'q4_k_m', 'q3_k_m', 'q2_k', 'iq4_xs'] as const) {
    assert.match(
      typeNote(small, type) ?? '',
      new RegExp(`lose much in ${type}: .* This one has 0\\.13 billion; --type q8_0`),
    );
  }
  for (const type of ['f32', 'f16', 'bf16', 'q8_0', 'q6_k'] as const) assert.is(typeNote(small, type), undefined);
  assert.is(typeNote([tensor(3_000_000, 1000)], 'q4_k_m'), undefined);
});

test.run();
