import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { llama3RopeFactors } from '#src/convert/rope.js';

const LLAMA31 = {
  type: 'llama3',
  factor: 8,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  originalContextLength: 8192,
} as const;

test("the factors of Llama 3.1, as llama.cpp's convert_hf_to_gguf.py (v0.5.0) wrote them for heads of 32", () => {
  const written = [1, 1, 1, 1, 1, 1, 1, 1, 2.6945300102233887, 8, 8, 8, 8, 8, 8, 8];
  assert.equal([...llama3RopeFactors(32, 500000, LLAMA31)], written);
});

test("the factors for heads of 128, as transformers 5.23's `llama3` rope scales its frequencies", () => {
  const between = [1.207484, 1.553415, 2.026313, 2.69453, 3.684253, 5.257327];
  const expected = [...Array<number>(29).fill(1), ...between, ...Array<number>(29).fill(8)];
  const factors = llama3RopeFactors(128, 500000, LLAMA31);
  assert.is(factors.length, 64);
  for (const [i, factor] of factors.entries())
    assert.ok(Math.abs(factor - (expected[i] ?? 0)) < 2e-6, `${i}: ${factor}`);
});

test.run();
