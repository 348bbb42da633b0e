import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { partsOf } from '#src/convert/encode-weights.js';

const MB = 2 ** 20;

function tensor(offset: number, megabytes: number) {
  return { source: { tensor: { offset: offset * MB, byteLength: megabytes * MB } } };
}

function sizesOf(parts: ReturnType<typeof partsOf>): number[][] {
  return parts.map((part) => part.map(({ source }) => source.tensor.byteLength / MB));
}

test('a large shard is cut into parts, each tensor in one of them, in the order in which they lie in the file', () => {
  const tensors = [tensor(1000, 5), tensor(0, 1000), tensor(1005, 120), tensor(1125, 10), tensor(1135, 1)];
  assert.equal(sizesOf(partsOf(tensors)), [[1000], [5, 120, 10], [1]]);
});

test('a small shard is one part, and none where it has no tensors', () => {
  assert.equal(sizesOf(partsOf([tensor(1, 1), tensor(0, 1)])), [[1, 1]]);
  assert.equal(partsOf([]), []);
});

test.run();
