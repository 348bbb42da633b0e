import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CheckpointFiles } from '#src/convert/checkpoint-files.js';
import type { CheckpointWeights } from '#src/convert/weights.js';
import { openCheckpointFolder } from '#src/convert/weights.js';
import { InformError } from '#src/errors.js';
import { safetensorsBytes } from '../../support/models/checkpoint.js';
import { expectError } from '../../support/assert/expect-error.js';
import { Random } from '../../support/random.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const root = tempFolder();
let made = 0;

function openFolder(folder: string): Promise<CheckpointWeights> {
  return openCheckpointFolder(new CheckpointFiles(folder));
}

function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = join(root, String(made++));
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) fileIn(folder, name, content);
  return folder;
}

function refused(message: RegExp, files: Record<string, string | Uint8Array>): Promise<InformError> {
  return expectError('INFORM_INVALID_CHECKPOINT', message, () => openFolder(folderWith(files)));
}

function tensor(dtype: string, shape: number[], begin: number, end: number): object {
  return { dtype, shape, data_offsets: [begin, end] };
}

function single(header: unknown, data: Uint8Array = Buffer.alloc(0)): Record<string, Uint8Array> {
  return { 'model.safetensors': safetensorsBytes(header, data) };
}

/** The bytes of a tensor in the file and at the place where the table says. */
async function dataOf(checkpoint: CheckpointWeights, name: string): Promise<number[]> {
  const found = checkpoint.tensors.get(name);
  assert.ok(found);
  const bytes = readFileSync(await checkpoint.obtain(found.file));
  return [...bytes.subarray(found.offset, found.offset + found.byteLength)];
}

test('one file: its tensors and their data', async () => {
  const data = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const header = { __metadata__: { format: 'pt' }, b: tensor('BF16', [2], 4, 8), a: tensor('F32', [1, 1], 0, 4) };
  const checkpoint = await openFolder(folderWith(single(header, data)));
  assert.equal([...checkpoint.tensors.keys()], ['b', 'a']);
  const b = checkpoint.tensors.get('b');
  assert.ok(b);
  assert.equal([b.dtype, b.shape, b.byteLength], ['BF16', [2], 4]);
  assert.equal(await dataOf(checkpoint, 'b'), [5, 6, 7, 8]);
});

test('shards: each tensor from the file that the index names', async () => {
  const shard = (value: number): Buffer =>
    safetensorsBytes({ x: tensor('U8', [1], 0, 1), y: tensor('U8', [1], 1, 2) }, Buffer.from([value, value + 1]));
  const checkpoint = await openFolder(
    folderWith({
      'model.safetensors.index.json': JSON.stringify({ weight_map: { x: 'one.safetensors', y: 'two.safetensors' } }),
      'one.safetensors': shard(10),
      'two.safetensors': shard(20),
    }),
  );
  assert.equal([await dataOf(checkpoint, 'x'), await dataOf(checkpoint, 'y')], [[10], [21]]);
});

test('a single file comes before an index, as in transformers', async () => {
  const index = JSON.stringify({ weight_map: { x: 'gone.safetensors' } });
  const files = single({ x: tensor('U8', [1], 0, 1) }, Buffer.from([7]));
  const checkpoint = await openFolder(folderWith({ ...files, 'model.safetensors.index.json': index }));
  assert.equal(await dataOf(checkpoint, 'x'), [7]);
});

test('folders that are none', async () => {
  await expectError('INFORM_MODEL_NOT_FOUND', /does not exist/, () => openFolder(join(root, 'none')));
  const file = fileIn(root, 'file', '');
  await expectError('INFORM_MODEL_NOT_FOUND', /is not a folder/, () => openFolder(file));
});

test('missing files', async () => {
  await refused(/model\.safetensors is missing/, {});
  const index = JSON.stringify({ weight_map: { x: 'one.safetensors' } });
  await refused(/one\.safetensors is missing/, { 'model.safetensors.index.json': index });
  await refused(/one\.safetensors lacks the tensor "x"/, {
    'model.safetensors.index.json': index,
    'one.safetensors': safetensorsBytes({}, Buffer.alloc(0)),
  });
});

test('an index cannot lead out of the folder', async () => {
  for (const shard of [
    '../secret',
    '/etc/passwd',
    'a/b',
    'a\\b',
    '..',
    '.',
    '',
    'C:x',
    'x\u0000',
    'x'.repeat(256),
    7,
    null,
  ]) {
    await refused(/not a plain file name/, {
      'model.safetensors.index.json': JSON.stringify({ weight_map: { x: shard } }),
    });
  }
  await refused(/has no "weight_map"/, { 'model.safetensors.index.json': '{}' });
  await refused(/is not valid JSON/, { 'model.safetensors.index.json': '{' });
  await refused(/does not hold a JSON object/, { 'model.safetensors.index.json': '[]' });
});

test('headers that are none', async () => {
  await refused(/is not a safetensors file: it has 3 bytes/, { 'model.safetensors': 'abc' });
  await refused(/header would be \d{19} bytes long/, { 'model.safetensors': 'abcdefgd' });
  const beyond = safetensorsBytes('{}', Buffer.alloc(0)).subarray(0, 9);
  await refused(/header would be 2 bytes long/, { 'model.safetensors': beyond });
  const exabyte = Buffer.alloc(1000);
  exabyte.writeBigUInt64LE(2n ** 60n);
  await refused(/header would be 1152921504606846976 bytes long/, { 'model.safetensors': exabyte });
  await refused(/is not valid JSON/, single('{"a":'));
  await refused(/does not hold a JSON object/, single('[1]'));
  const twice =
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}';
  await refused(/header of .+ has the key "a" twice/, single(twice, Buffer.alloc(1)));
  const deep = '['.repeat(500_000) + ']'.repeat(500_000);
  await refused(/header of .+ is nested more than 100 levels deep/, single(`{"a":{"dtype":${deep}}}`));
  await refused(/has the key "shape" twice/, single('{"a":{"shape":[1],"shape":[2]}}'));
});

test('tensors that contradict themselves or the file', async () => {
  const data = Buffer.alloc(8);
  await refused(/unknown dtype "F31"/, single({ a: tensor('F31', [2], 0, 8) }, data));
  await refused(/unknown dtype "toString"/, single({ a: tensor('toString', [2], 0, 8) }, data));
  await refused(/unknown dtype "undefined"/, single({ a: null }, data));
  for (const shape of [[-1], [1.5], ['2'], 'x', Array.from({ length: 9 }, () => 1)]) {
    await refused(/without a valid shape/, single({ a: { dtype: 'F32', shape, data_offsets: [0, 8] } }, data));
  }
  for (const offsets of [[0], [0, 4, 8], [-4, 4], [0, '8'], null]) {
    await refused(/without a valid shape/, single({ a: { dtype: 'F32', shape: [2], data_offsets: offsets } }, data));
  }
  await refused(/gives tensor "a" 4 bytes, but its shape needs 8/, single({ a: tensor('F32', [2], 0, 4) }, data));
  await refused(/gives tensor "a" -8 bytes/, single({ a: tensor('F32', [2], 8, 0) }, data));
  await refused(/is truncated: tensor "a" ends at byte/, single({ a: tensor('F32', [3], 0, 12) }, data));
  await refused(/4 bytes that belong to no tensor/, single({ a: tensor('F32', [1], 0, 4) }, data));
  const overlap = { a: tensor('F32', [2], 0, 8), b: tensor('F32', [1], 4, 8) };
  await refused(/a gap or an overlap before tensor "b"/, single(overlap, data));
  const huge = { a: tensor('F32', [2 ** 50, 2 ** 50], 0, 8) };
  await refused(/but its shape needs/, single(huge, data));
});

test('damage anywhere gives a clear error or another valid file', async () => {
  const random = new Random(5);
  const whole = safetensorsBytes({ a: tensor('F32', [2], 0, 8), b: tensor('BF16', [1, 2], 8, 12) }, Buffer.alloc(12));
  const folder = folderWith({});
  let refusals = 0;
  for (let round = 0; round < 600; round++) {
    const damaged = Buffer.from(whole.subarray(0, round < whole.length ? round : whole.length));
    if (round >= whole.length) {
      const at = random.below(damaged.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
    }
    writeFileSync(join(folder, 'model.safetensors'), damaged);
    try {
      await openFolder(folder);
    } catch (error) {
      assert.instance(error, InformError, `round ${round}: ${String(error)}`);
      refusals++;
    }
  }
  assert.ok(refusals > whole.length, `only ${refusals} refusals`);
});

test.run();
