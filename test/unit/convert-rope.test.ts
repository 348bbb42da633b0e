import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { llama3RopeFactors } from '../../src/convert/rope.js';
import { ropeRowOrder } from '../../src/convert/tensors.js';
import { Random } from '../support/random.js';

const LLAMA31 = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192 };

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

/** Hugging Face's rotation: dimension j turns with j + d/2. */
function rotateHalves(vector: readonly number[], angles: readonly number[]): number[] {
  const half = vector.length / 2;
  return vector.map((value, i) => {
    const angle = angles[i % half] ?? 0;
    const partner = i < half ? -(vector[i + half] ?? 0) : (vector[i - half] ?? 0);
    return value * Math.cos(angle) + partner * Math.sin(angle);
  });
}

/** ggml's rotation for llama: dimension 2j turns with 2j + 1. */
function rotateNeighbours(vector: readonly number[], angles: readonly number[]): number[] {
  return vector.map((value, i) => {
    const angle = angles[i >> 1] ?? 0;
    const partner = i % 2 === 0 ? -(vector[i + 1] ?? 0) : (vector[i - 1] ?? 0);
    return value * Math.cos(angle) + partner * Math.sin(angle);
  });
}

test('with the new row order, rotating neighbours is what rotating halves was', () => {
  const random = new Random(3);
  for (const size of [2, 4, 32, 128]) {
    const vector = Array.from({ length: size }, () => random.next() - 0.5);
    const angles = Array.from({ length: size / 2 }, () => random.next() * 6);
    const order = ropeRowOrder(size);
    assert.equal(
      order.toSorted((a, b) => a - b),
      [...vector.keys()],
    );
    const reordered = order.map((row) => vector[row] ?? 0);
    const halves = rotateHalves(vector, angles);
    assert.equal(
      rotateNeighbours(reordered, angles),
      order.map((row) => halves[row] ?? 0),
    );
  }
});

test.run();
