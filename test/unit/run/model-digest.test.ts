import { copyFileSync, openSync, closeSync, readSync, utimesSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readGgufModel } from '#src/gguf/split-model.js';
import { digestModel, windowsOf } from '#src/run/journal/model-digest.js';
import { testModel } from '../../support/models/models.js';
import { tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const MODEL = await testModel('q8_0');
const Q8_0_BLOCK = 34;

test('60 changed blocks anywhere in one matrix are seen, under the same size and time', async () => {
  const { tensors } = await readGgufModel(MODEL);
  const [largest] = tensors.toSorted((a, b) => b.byteLength - a.byteLength);
  assert.ok(largest && largest.byteLength > 100_000);
  const before = await digestModel(MODEL);
  for (const place of [0, 0.2, 0.4, 0.7, 0.95]) {
    const copy = join(folder, 'copy.gguf');
    copyFileSync(MODEL, copy);
    flip(copy, largest.offset + Math.floor(place * (largest.byteLength - 60 * Q8_0_BLOCK)), 60 * Q8_0_BLOCK);
    utimesSync(copy, new Date(), new Date(before.modified));
    const after = await digestModel(copy);
    assert.is.not(after.content, before.content, `at ${place}`);
    assert.is(after.bytes, before.bytes);
  }
  const copy = join(folder, 'same.gguf');
  copyFileSync(MODEL, copy);
  const { digest, content } = await digestModel(copy);
  assert.equal([digest, content], [before.digest, before.content]);
});

test('of a large model the windows lie in every tensor, evenly, and make the share', () => {
  const tensor = { file: 'm', offset: 1000, byteLength: 100 * 2 ** 20 + 17 };
  assert.equal(windowsOf(tensor, 1), [tensor]);
  const windows = windowsOf(tensor, 0.1);
  assert.is(windows.length, 11);
  assert.is(windows[0]?.offset, 1000);
  const gaps = windows.slice(1).map(({ offset }, at) => offset - (windows[at]?.offset ?? 0));
  assert.is(new Set(gaps).size, 1);
  for (const { offset, byteLength } of windows) {
    assert.is(byteLength, 2 ** 20);
    assert.ok(offset >= tensor.offset && offset + byteLength <= tensor.offset + tensor.byteLength);
  }
  const small = { file: 'm', offset: 0, byteLength: 64 };
  assert.equal(windowsOf(small, 0.01), [small]);
  assert.equal(windowsOf({ ...small, byteLength: 0 }, 0.01), []);
});

function flip(file: string, offset: number, length: number): void {
  const descriptor = openSync(file, 'r+');
  const bytes = Buffer.alloc(length);
  readSync(descriptor, bytes, 0, length, offset);
  writeSync(
    descriptor,
    bytes.map((byte) => byte ^ 1),
    0,
    length,
    offset,
  );
  closeSync(descriptor);
}

test.run();
