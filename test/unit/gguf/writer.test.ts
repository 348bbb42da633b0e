import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readGguf } from '#src/gguf/reader.js';
import { GGML_TYPES, type GgufMetadata, type GgufValue } from '#src/gguf/types.js';
import { writeGguf, type GgufTensorSource, type WriteProgress } from '../../support/models/write-gguf.js';
import { expectError } from '../../support/assert/expect-error.js';
import { entry, ggufBytes, tensorInfo, text, u32, u64, u8 } from '../../support/models/gguf-bytes.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const NO_METADATA: GgufMetadata = new Map();

function tensor(name: string, shape: readonly number[], ...chunks: Uint8Array[]): GgufTensorSource {
  return { name, shape, type: GGML_TYPES.F32, chunks: () => chunks };
}

test('the bytes are those of the format', async () => {
  const path = join(folder, 'bytes.gguf');
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['flag', { type: 'bool', value: true }],
    ['words', { type: 'array', element: 'string', length: 2, value: ['ä', ''] }],
    ['ints', { type: 'array', element: 'int32', length: 2, value: Int32Array.of(1, -1) }],
  ]);
  const first = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const second = Buffer.from([9, 10, 11, 12]);
  await writeGguf(path, metadata, [
    tensor('a', [2], first.subarray(0, 3), first.subarray(3)),
    tensor('b', [1, 1], second),
  ]);

  const expected = ggufBytes({
    entries: [
      entry('general.architecture', 'string', text('llama')),
      entry('flag', 'bool', u8(1)),
      entry('words', 'array', u32(8), u64(2), text('ä'), text('')),
      entry('ints', 'array', u32(5), u64(2), u8(1, 0, 0, 0, 255, 255, 255, 255)),
    ],
    tensors: [tensorInfo('a', [2], 0, 0), tensorInfo('b', [1, 1], 0, 32)],
    data: Buffer.concat([first, Buffer.alloc(24), second, Buffer.alloc(28)]),
  });
  assert.ok(readFileSync(path).equals(expected));
});

test('what is written is what is read', async () => {
  const path = join(folder, 'round.gguf');
  const metadata = new Map<string, GgufValue>([
    ['u8', { type: 'uint8', value: 255 }],
    ['i8', { type: 'int8', value: -128 }],
    ['u16', { type: 'uint16', value: 65535 }],
    ['i16', { type: 'int16', value: -32768 }],
    ['u32', { type: 'uint32', value: 4294967295 }],
    ['i32', { type: 'int32', value: -2147483648 }],
    ['f32', { type: 'float32', value: Math.fround(0.1) }],
    ['f64', { type: 'float64', value: 0.1 }],
    ['u64', { type: 'uint64', value: 2n ** 64n - 1n }],
    ['i64', { type: 'int64', value: -(2n ** 63n) }],
    ['no', { type: 'bool', value: false }],
    ['text', { type: 'string', value: '🦙\n' }],
    ['doubles', { type: 'array', element: 'float64', length: 2, value: Float64Array.of(0.1, -0) }],
    ['bigs', { type: 'array', element: 'uint64', length: 1, value: BigUint64Array.of(2n ** 60n) }],
  ]);
  await writeGguf(path, metadata, [{ ...tensor('q', [256, 2], Buffer.alloc(288, 7)), type: GGML_TYPES.Q4_K }]);
  const gguf = await readGguf(path);
  assert.equal([...gguf.metadata], [...metadata]);
  assert.equal(
    [gguf.tensors[0]?.shape, gguf.tensors[0]?.type.name, gguf.tensors[0]?.byteLength],
    [[256, 2], 'Q4_K', 288],
  );
});

test('data comes from async iterables too, and progress goes up to the total', async () => {
  const path = join(folder, 'progress.gguf');
  const seen: WriteProgress[] = [];
  const source: GgufTensorSource = {
    name: 'a',
    shape: [4],
    type: GGML_TYPES.F32,
    async *chunks() {
      for (let i = 0; i < 4; i++) yield await Promise.resolve(Buffer.alloc(4, i));
    },
  };
  await writeGguf(path, NO_METADATA, [source, tensor('b', [8], Buffer.alloc(32))], { onProgress: (p) => seen.push(p) });
  assert.equal(
    seen.map((p) => p.tensor),
    ['a', 'a', 'a', 'a', 'b'],
  );
  assert.is(seen.at(-1)?.bytesWritten, seen.at(-1)?.totalBytes);
  assert.is(seen.at(-1)?.totalBytes, readFileSync(path).length);
});

test('a tensor with too little or too much data is an error and leaves nothing', async () => {
  const path = join(folder, 'short.gguf');
  for (const size of [0, 4, 12]) {
    await expectError('INFORM_INTERNAL', /Tensor a did not produce its 8 bytes/, () =>
      writeGguf(path, NO_METADATA, [tensor('a', [2], Buffer.alloc(size))]),
    );
  }
  assert.not.ok(existsSync(path));
  assert.equal(leftovers(), []);
});

test('what fails on the way leaves the old file as it was', async () => {
  const path = fileIn(folder, 'kept.gguf', 'old');
  const failing: GgufTensorSource = {
    name: 'a',
    shape: [2],
    type: GGML_TYPES.F32,
    *chunks() {
      yield Buffer.alloc(4);
      throw new RangeError('the source broke');
    },
  };
  let thrown: unknown;
  await writeGguf(path, NO_METADATA, [failing]).catch((error: unknown) => (thrown = error));
  assert.instance(thrown, RangeError);
  assert.is(readFileSync(path, 'utf8'), 'old');
  assert.equal(leftovers(), []);
});

test('an abort stops between chunks', async () => {
  const path = join(folder, 'aborted.gguf');
  const controller = new AbortController();
  let asked = 0;
  const endless: GgufTensorSource = {
    name: 'a',
    shape: [1024],
    type: GGML_TYPES.F32,
    *chunks() {
      for (; asked < 1024; asked++) {
        if (asked === 3) controller.abort();
        yield Buffer.alloc(4);
      }
    },
  };
  await expectError('INFORM_ABORTED', /aborted/, () =>
    writeGguf(path, NO_METADATA, [endless], { signal: controller.signal }),
  );
  assert.is(asked, 3);
  assert.not.ok(existsSync(path));
  await expectError('INFORM_ABORTED', /aborted/, () =>
    writeGguf(path, NO_METADATA, [], { signal: AbortSignal.abort() }),
  );
  assert.equal(leftovers(), []);
});

test('a place that cannot be written, and a disk that is too small', async () => {
  await expectError('INFORM_OUTPUT_UNWRITABLE', /its folder does not exist/, () =>
    writeGguf(join(folder, 'no', 'such', 'x.gguf'), NO_METADATA, []),
  );
  // An exabyte: more than any disk has, and known before anything is written.
  await expectError('INFORM_OUTPUT_UNWRITABLE', /needs \d+\.\d+ GB, but its disk has .+ GB left/, () =>
    writeGguf(join(folder, 'huge.gguf'), NO_METADATA, [tensor('a', [2 ** 24, 2 ** 24, 1024])]),
  );
  assert.equal(leftovers(), []);
});

test('tensors that the format cannot hold', async () => {
  const path = join(folder, 'impossible.gguf');
  const wrong = [
    tensor('a', [1, 1, 1, 1, 1], Buffer.alloc(4)),
    tensor('n'.repeat(64), [1], Buffer.alloc(4)),
    tensor('a', [0]),
    tensor('a', [1.5]),
    { ...tensor('a', [33], Buffer.alloc(34)), type: GGML_TYPES.Q8_0 },
  ];
  for (const source of wrong) {
    await expectError('INFORM_INTERNAL', /A GGUF file cannot hold/, () => writeGguf(path, NO_METADATA, [source]));
  }
});

function leftovers(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.tmp'));
}

test.run();
