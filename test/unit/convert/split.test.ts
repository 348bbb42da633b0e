import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { convertCheckpoint } from '#src/convert/convert.js';
import { readGguf } from '#src/gguf/reader.js';
import { readGgufModel, type GgufModel } from '#src/gguf/split-model.js';
import { parseSize } from '#src/util/parse-size.js';
import { handCheckpoint } from '../../support/models/checkpoint.js';
import { expectError } from '../../support/assert/expect-error.js';
import { tempFolder } from '../../support/temp-folder.js';

const root = tempFolder();
const folder = handCheckpoint(root, 'checkpoint');

/** Name, type and bytes of each tensor. */
function contents({ tensors }: GgufModel): unknown[] {
  return tensors.map(({ name, type, file, offset, byteLength }) => [
    name,
    type.name,
    readFileSync(file)
      .subarray(offset, offset + byteLength)
      .toString('hex'),
  ]);
}

function fiveDigits(number: number): string {
  return String(number).padStart(5, '0');
}

/** The size of a file that has room for this many bytes of tensors; a hand-made model is mostly header. */
function sizeWithRoom({ tensors }: GgufModel, room: number): number {
  return Math.min(...tensors.map(({ offset }) => offset)) + 256 + room;
}

test('shards hold together what one file holds, and none is larger than asked', async () => {
  const whole = await convertCheckpoint(folder, join(root, 'whole.gguf'), { type: 'f32' });
  const model = await readGgufModel(whole.paths[0] ?? '');
  for (const room of [256, 700, 1500]) {
    const splitMaxBytes = sizeWithRoom(model, room);
    const made = await convertCheckpoint(folder, join(root, `${room}.gguf`), { type: 'f32', splitMaxBytes });
    const count = made.paths.length;
    assert.ok(count > 1, `${room}: ${count} files`);
    assert.equal(
      made.paths,
      Array.from({ length: count }, (_, i) => join(root, `${room}-${fiveDigits(i + 1)}-of-${fiveDigits(count)}.gguf`)),
    );
    for (const path of made.paths) assert.ok(statSync(path).size <= splitMaxBytes, path);
    const split = await readGgufModel(made.paths[0] ?? '');
    assert.equal(contents(split), contents(model));
    assert.equal([...split.metadata], [...model.metadata]);
  }
});

test("each shard says its place with the types of llama.cpp's gguf-split", async () => {
  await convertCheckpoint(folder, join(root, 'one.gguf'), { type: 'f32' });
  const splitMaxBytes = sizeWithRoom(await readGgufModel(join(root, 'one.gguf')), 1000);
  const { paths } = await convertCheckpoint(folder, join(root, 'split.gguf'), { type: 'f32', splitMaxBytes });
  for (const [no, path] of paths.entries()) {
    const { metadata } = await readGguf(path);
    assert.equal(metadata.get('split.no'), { type: 'uint16', value: no });
    assert.equal(metadata.get('split.count'), { type: 'uint16', value: paths.length });
    assert.equal(metadata.get('split.tensors.count'), { type: 'int32', value: 15 });
    assert.is(metadata.has('general.architecture'), no === 0);
  }
});

test('one file where it is small enough', async () => {
  const path = join(root, 'small.gguf');
  const { paths } = await convertCheckpoint(folder, path, { type: 'f32', splitMaxBytes: 1e9 });
  assert.equal(paths, [path]);
  assert.not.ok((await readGguf(path)).metadata.has('split.count'));
});

test('a tensor that is larger than a file may be', async () => {
  await expectError('INFORM_INVALID_CONFIG', /^Tensor \S+ alone has .* --split-max-size\. Raise it\.$/, () =>
    convertCheckpoint(folder, join(root, 'none.gguf'), { type: 'f32', splitMaxBytes: 300 }),
  );
  assert.not.ok(readdirSync(root).some((name) => name.includes('none')));
});

test('an existing shard is not replaced unasked, and nothing is written then', async () => {
  const path = join(root, 'kept.gguf');
  await convertCheckpoint(folder, path, { type: 'f32' });
  const splitMaxBytes = sizeWithRoom(await readGgufModel(path), 1000);
  const { paths } = await convertCheckpoint(folder, path, { type: 'f32', splitMaxBytes });
  const [first = '', last = ''] = [paths[0], paths.at(-1)];
  writeFileSync(last, 'mine');
  const again = { type: 'f32', splitMaxBytes, overwrite: false } as const;
  await expectError('INFORM_OUTPUT_UNWRITABLE', /exists already\. Pass --overwrite/, () =>
    convertCheckpoint(folder, path, again),
  );
  assert.is(readFileSync(last, 'utf8'), 'mine');
  assert.ok(existsSync(first));
  await convertCheckpoint(folder, path, { ...again, overwrite: true });
  assert.is.not(readFileSync(last, 'utf8'), 'mine');
});

test('a checkpoint is not written over, whatever it is asked for', async () => {
  for (const name of ['model.safetensors', 'tokenizer.json']) {
    const before = readFileSync(join(folder, name));
    await expectError('INFORM_OUTPUT_UNWRITABLE', /is the input, which would be lost/, () =>
      convertCheckpoint(folder, join(folder, name), { type: 'f32', overwrite: true }),
    );
    assert.equal(readFileSync(join(folder, name)), before);
  }
});

test('sizes', async () => {
  assert.is(parseSize('48G', 'x'), 48e9);
  assert.is(parseSize('1.5gb', 'x'), 1.5e9);
  assert.is(parseSize('500M', 'x'), 500e6);
  assert.is(parseSize('24GiB', 'x'), 24 * 2 ** 30);
  assert.is(parseSize('512mi', 'x'), 512 * 2 ** 20);
  for (const text of ['', '48', 'G', '-1G', '1e3G', '0G', '48iB', '4 G']) {
    await expectError('INFORM_INVALID_CONFIG', /^x must be a size such as 48G, 500M or 24GiB, but is/, () =>
      parseSize(text, 'x'),
    );
  }
});

test.run();
