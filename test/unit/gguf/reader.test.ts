import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { readGguf, type Gguf } from '#src/gguf/reader.js';
import { expectError } from '../../support/assert/expect-error.js';
import { entry, ggufBytes, tensorInfo, text, u32, u64, u8, type GgufParts } from '../../support/models/gguf-bytes.js';
import { Random } from '../../support/random.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

function read(parts: GgufParts | Buffer, skipArrays = false): Promise<Gguf> {
  const path = fileIn(folder, 'model.gguf', Buffer.isBuffer(parts) ? parts : ggufBytes(parts));
  return readGguf(path, skipArrays ? { wantArray: () => false } : {});
}

function refused(parts: GgufParts | Buffer, message: RegExp): Promise<InformError> {
  return expectError('INFORM_INVALID_MODEL_FILE', message, () => read(parts));
}

function floats(...values: number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

/** One F32 tensor [2, 3] and one Q8_0 tensor [32], which starts at the next multiple of 32. */
const TWO_TENSORS: GgufParts = {
  entries: [entry('general.architecture', 'string', text('llama'))],
  tensors: [tensorInfo('a', [2, 3], 0, 0), tensorInfo('b', [32], 8, 32)],
  data: Buffer.alloc(32 + 34),
};

test('every type of value', async () => {
  const { metadata } = await read({
    entries: [
      entry('u8', 'uint8', u8(200)),
      entry('i8', 'int8', u8(0xff)),
      entry('u16', 'uint16', u8(0x34, 0x12)),
      entry('i16', 'int16', u8(0xfe, 0xff)),
      entry('u32', 'uint32', u32(4_000_000_000)),
      entry('i32', 'int32', u8(0xff, 0xff, 0xff, 0xff)),
      entry('f32', 'float32', floats(0.5)),
      entry('yes', 'bool', u8(1)),
      entry('text', 'string', text('Ġä🦙')),
      entry('u64', 'uint64', u64(2n ** 53n - 1n)),
      entry('big', 'uint64', u64(2n ** 63n)),
      entry('i64', 'int64', Buffer.alloc(8, 0xff)),
      entry('f64', 'float64', Buffer.from(Float64Array.of(0.1).buffer)),
    ],
  });
  assert.equal(
    [...metadata].map(([key, { value }]) => [key, value]),
    [
      ['u8', 200],
      ['i8', -1],
      ['u16', 0x1234],
      ['i16', -2],
      ['u32', 4_000_000_000],
      ['i32', -1],
      ['f32', 0.5],
      ['yes', true],
      ['text', 'Ġä🦙'],
      ['u64', 2 ** 53 - 1],
      ['big', 2n ** 63n],
      ['i64', -1],
      ['f64', 0.1],
    ],
  );
});

test('arrays, and skipping them', async () => {
  const parts: GgufParts = {
    entries: [
      entry('words', 'array', u32(8), u64(3), text('a'), text(''), text('ccc')),
      entry('ints', 'array', u32(5), u64(2), u8(1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)),
      entry('flags', 'array', u32(7), u64(2), u8(0, 1)),
      entry('none', 'array', u32(10), u64(0)),
      entry('after', 'uint8', u8(7)),
    ],
  };
  const { metadata } = await read(parts);
  assert.equal(metadata.get('words')?.value, ['a', '', 'ccc']);
  assert.equal(metadata.get('ints')?.value, Int32Array.of(1, -1));
  assert.equal(metadata.get('flags')?.value, Uint8Array.of(0, 1));
  assert.equal(metadata.get('none')?.value, new BigUint64Array(0));

  const skipped = (await read(parts, true)).metadata;
  assert.equal(skipped.get('words'), { type: 'array', element: 'string', length: 3, value: undefined });
  assert.equal(skipped.get('ints'), { type: 'array', element: 'int32', length: 2, value: undefined });
  assert.is(skipped.get('after')?.value, 7);
});

test("strings and arrays that cross the reader's buffer of a megabyte", async () => {
  const words = Array.from({ length: 5000 }, (_, i) => 'x'.repeat((i * 7919) % 1000) + String(i));
  const long = 'y'.repeat(3_000_001);
  const ints = Int32Array.from({ length: 600_000 }, (_, i) => i);
  const parts: GgufParts = {
    entries: [
      entry('words', 'array', u32(8), u64(words.length), ...words.map(text)),
      entry('long', 'string', text(long)),
      entry('ints', 'array', u32(5), u64(ints.length), Buffer.from(ints.buffer)),
      entry('after', 'uint8', u8(7)),
    ],
  };
  const { metadata } = await read(parts);
  assert.equal(metadata.get('words')?.value, words);
  assert.ok(metadata.get('long')?.value === long);
  assert.ok(Buffer.from(ints.buffer).equals(Buffer.from((metadata.get('ints')?.value as Int32Array).buffer)));
  assert.is(metadata.get('after')?.value, 7);
  assert.is((await read(parts, true)).metadata.get('after')?.value, 7);
});

test('the table of tensors', async () => {
  const gguf = await read(TWO_TENSORS);
  assert.is(gguf.dataOffset % 32, 0);
  assert.is(gguf.fileSize, gguf.dataOffset + 66);
  assert.equal(
    gguf.tensors.map(({ name, shape, type, offset, byteLength }) => [
      name,
      shape,
      type.name,
      offset - gguf.dataOffset,
      byteLength,
    ]),
    [
      ['a', [2, 3], 'F32', 0, 24],
      ['b', [32], 'Q8_0', 32, 34],
    ],
  );
});

test('version 2, and an alignment of its own', async () => {
  const entries = [entry('general.alignment', 'uint32', u32(64))];
  const tensors = [tensorInfo('a', [1], 0, 0), tensorInfo('b', [1], 0, 64)];
  const gguf = await read({ version: 2, alignment: 64, entries, tensors, data: Buffer.alloc(68) });
  assert.is(gguf.version, 2);
  assert.is(gguf.alignment, 64);
  assert.is(gguf.tensors[1]?.offset, gguf.dataOffset + 64);
});

test('paths that are no files', async () => {
  await expectError('INFORM_MODEL_NOT_FOUND', /missing\.gguf does not exist/, () =>
    readGguf(join(folder, 'missing.gguf')),
  );
  mkdirSync(join(folder, 'folder'));
  await expectError('INFORM_MODEL_NOT_FOUND', /is a folder, not a GGUF file/, () => readGguf(join(folder, 'folder')));
});

test('other kinds of files', async () => {
  await refused(Buffer.alloc(0), /model\.gguf is not a GGUF file\./);
  await refused(Buffer.from('GG'), /is not a GGUF file/);
  await refused({ magic: 'PK\u0003\u0004' }, /is not a GGUF file/);
  await refused({ version: 1 }, /has GGUF version 1; versions 2 and 3 are supported/);
  await refused({ version: 4 }, /has GGUF version 4/);
  await refused({ version: 0x03000000 }, /is a big-endian GGUF file/);
});

test('counts and lengths beyond the file', async () => {
  await refused({ tensorCount: 2n ** 63n }, /claims 9223372036854775808 tensors/);
  await refused({ entryCount: 1_000_000_000 }, /claims 1000000000 metadata values/);
  await refused({ entries: [entry('x', 'array', u32(0), u64(2n ** 40n))] }, /claims 1099511627776 elements of "x"/);
  await refused({ entries: [entry('x', 'array', u32(8), u64(2n ** 60n))] }, /elements of "x"/);
  await refused({ entries: [entry('x', 'string', u64(2n ** 62n), Buffer.alloc(100))] }, /truncated or damaged/);
  await refused({ entries: [Buffer.concat([u64(70000), Buffer.alloc(80000)])] }, /truncated or damaged/); // a key
});

test('impossible values', async () => {
  await refused(
    { entries: [entry('x', 'uint8', u8(1)), entry('x', 'uint8', u8(1))] },
    /has the metadata key "x" twice/,
  );
  await refused({ entries: [Buffer.concat([text('x'), u32(13), u64(0)])] }, /gives "x" the unknown value type 13/);
  await refused({ entries: [entry('x', 'array', u32(99), u64(0))] }, /gives "x" the unknown value type 99/);
  await refused({ entries: [entry('x', 'array', u32(9), u64(1), u32(0), u64(0))] }, /array of arrays/);
  await refused({ entries: [entry('x', 'bool', u8(2))] }, /gives the bool "x" the value 2/);
  for (const alignment of [0, 3, 33]) {
    await refused({ entries: [entry('general.alignment', 'uint32', u32(alignment))] }, /not a power of two/);
  }
  await refused({ entries: [entry('general.alignment', 'string', text('32'))] }, /not a power of two/);
});

test('impossible tensors', async () => {
  const one = (info: Buffer): GgufParts => ({ tensors: [info], data: Buffer.alloc(1024) });
  await refused(one(tensorInfo('a', [1, 1, 1, 1, 1], 0, 0)), /gives tensor "a" 5 dimensions/);
  await refused(one(tensorInfo('a', [4], 4, 0)), /gives tensor "a" the unknown type 4/);
  await refused(one(tensorInfo('a', [33], 8, 0)), /has rows of 33 in tensor "a", not whole blocks of Q8_0/);
  await refused(one(tensorInfo('a', [0], 0, 0)), /impossible shape in tensor "a"/);
  await refused(one(tensorInfo('a', [2n ** 32n, 2n ** 32n], 0, 0)), /impossible shape/);
  await refused(one(tensorInfo('a', [2n ** 63n], 0, 0)), /impossible shape/);
  await refused(one(tensorInfo('a', [1], 0, 32)), /places tensor "a" at 32 instead of 0/);
  await refused(one(tensorInfo('n'.repeat(64), [1], 0, 0)), /truncated or damaged/);
  const twice = [tensorInfo('a', [1], 0, 0), tensorInfo('a', [1], 0, 32)];
  await refused({ tensors: twice, data: Buffer.alloc(36) }, /has the tensor "a" twice/);
  const overlapping = [tensorInfo('a', [16], 0, 0), tensorInfo('b', [16], 0, 32)];
  await refused({ tensors: overlapping, data: Buffer.alloc(128) }, /places tensor "b" at 32 instead of 64/);
});

test('a file that ends too early says where', async () => {
  const whole = ggufBytes(TWO_TENSORS);
  const { message } = await refused(whole.subarray(0, whole.length - 1), /is truncated/);
  const sizes = `ends at byte ${whole.length}, the file has ${whole.length - 1}`;
  assert.ok(message.endsWith(`is truncated: tensor b ${sizes}. Download or convert it again.`), message);
});

test('a file cut anywhere is refused', async () => {
  const whole = ggufBytes({
    ...TWO_TENSORS,
    entries: [
      entry('general.architecture', 'string', text('llama')),
      entry('words', 'array', u32(8), u64(2), text('ab'), text('c')),
      entry('ints', 'array', u32(5), u64(2), Buffer.alloc(8)),
    ],
  });
  for (let length = 0; length < whole.length; length++) await refused(whole.subarray(0, length), /model\.gguf .+\.$/s);
});

test('damage anywhere gives a clear error or another valid file', async () => {
  const random = new Random(20260101);
  const whole = ggufBytes({
    ...TWO_TENSORS,
    entries: [
      entry('general.architecture', 'string', text('llama')),
      entry('general.alignment', 'uint32', u32(32)),
      entry('words', 'array', u32(8), u64(2), text('ab'), text('c')),
      entry('ints', 'array', u32(5), u64(2), Buffer.alloc(8)),
    ],
  });
  let refusals = 0;
  for (let round = 0; round < 1500; round++) {
    const damaged = Buffer.from(whole);
    for (let flips = 1 + random.below(3); flips > 0; flips--) {
      const at = random.below(damaged.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
    }
    try {
      await read(damaged);
    } catch (error) {
      assert.instance(error, InformError, `round ${round}: ${String(error)}`);
      assert.is((error as InformError).code, 'INFORM_INVALID_MODEL_FILE');
      refusals++;
    }
  }
  assert.ok(refusals > 300, `only ${refusals} refusals`);
});

test('names from a damaged file are escaped in messages', async () => {
  const name = '\u001b[31mred';
  const path = join(folder, 'escape.gguf');
  writeFileSync(path, ggufBytes({ tensors: [tensorInfo(name, [1], 0, 32)], data: Buffer.alloc(64) }));
  const error = await expectError('INFORM_INVALID_MODEL_FILE', /\\x1b\[31mred/, () => readGguf(path));
  assert.not.ok(error.message.includes('\u001b'));
});

test.run();
