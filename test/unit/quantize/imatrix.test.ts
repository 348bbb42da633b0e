import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readImatrix } from '#src/quantize/imatrix.js';
import { expectError } from '../../support/assert/expect-error.js';
import { entry, ggufBytes, tensorInfo, text, u32, u64 } from '../../support/models/gguf-bytes.js';
import { Random } from '../../support/random.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

// The form is that of llama.cpp's tools/imatrix/imatrix.cpp (save_imatrix), and what its numbers mean is what
// tools/quantize/quantize.cpp (load_imatrix) makes of them.

const folder = tempFolder();
const ONE = 'blk.0.attn_q.weight';
const TWO = 'blk.0.ffn_down.weight';

function floats(...values: number[]): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

function name(value: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);
}

const KEYS = [
  entry('general.type', 'string', text('imatrix')),
  entry('imatrix.datasets', 'array', u32(8), u64(2), text('wiki.txt'), text('other.txt')),
  entry('imatrix.chunk_count', 'uint32', u32(7)),
  entry('imatrix.chunk_size', 'uint32', u32(512)),
];

interface GgufParts {
  keys?: Buffer[];
  sums?: number[];
  sumsShape?: number[];
  counts?: number[];
  countsName?: string;
  type?: number;
}

/** One entry of the GGUF form, and its counts. */
function ggufForm({
  keys = KEYS,
  sums = [2, 4, 6, 8],
  sumsShape = [sums.length],
  counts = [4],
  countsName = `${ONE}.counts`,
  type = 0,
}: GgufParts = {}): Buffer {
  const padded = (data: Buffer): Buffer => Buffer.concat([data, Buffer.alloc((32 - (data.length % 32)) % 32)]);
  const data = padded(floats(...sums));
  return ggufBytes({
    entries: keys,
    tensors: [
      tensorInfo(`${ONE}.in_sum2`, sumsShape, type, 0),
      tensorInfo(countsName, [1, counts.length], 0, data.length),
    ],
    data: Buffer.concat([data, padded(floats(...counts))]),
  });
}

function write(content: Uint8Array): string {
  return fileIn(folder, 'imatrix', content);
}

async function refuses(content: Uint8Array, message: RegExp): Promise<void> {
  await expectError('INFORM_INVALID_IMATRIX', message, () => readImatrix(write(content)));
}

test('GGUF: sums divided by their counts', async () => {
  const { entries, chunks, dataset } = await readImatrix(write(ggufForm()));
  assert.equal([...entries], [[ONE, Float32Array.of(0.5, 1, 1.5, 2)]]);
  assert.is(chunks, 7);
  assert.is(dataset, 'wiki.txt');
});

test('GGUF: division is that of F32', async () => {
  const { entries } = await readImatrix(write(ggufForm({ sums: [1, 2], counts: [3] })));
  assert.equal([...(entries.get(ONE) ?? [])], [Math.fround(1 / 3), Math.fround(2 / 3)]);
});

test('GGUF: each count belongs to a part of the sums; what was never counted weighs 1', async () => {
  const { entries } = await readImatrix(write(ggufForm({ sumsShape: [2, 2], counts: [0, 2] })));
  assert.equal(entries.get(ONE), Float32Array.of(1, 1, 3, 4));
});

test('GGUF files that are no importance matrix, or a wrong one', async () => {
  await refuses(ggufForm({ keys: [] }), /imatrix is a GGUF file, but no importance matrix\./);
  await refuses(ggufForm({ keys: KEYS.slice(0, 2) }), /no importance matrix/);
  await refuses(ggufForm({ countsName: `${TWO}.counts` }), /lacks the F32 tensors .* of "blk\.0\.attn_q\.weight"/);
  await refuses(ggufForm({ type: 24, sumsShape: [16] }), /lacks the F32 tensors/);
  await refuses(ggufForm({ counts: [1, 1, 1] }), /4 sums and 3 counts of "blk\.0\.attn_q\.weight", which do not fit/);
  await refuses(ggufForm({ sums: [1, NaN] }), /holds NaN in "blk\.0\.attn_q\.weight"/);
  await refuses(ggufForm({ sums: [1, Infinity] }), /holds Infinity in/);
  await refuses(ggufForm({ sums: [1, -1] }), /holds -0\.25 in/);
  for (const count of [NaN, Infinity, -1]) await refuses(ggufForm({ counts: [count] }), /an impossible count of/);
  await refuses(ggufBytes({ entries: KEYS }), /without entries/);
});

test('the form of before GGUF is refused, with the way to convert it', async () => {
  const old = Buffer.concat([u32(1), name(ONE), u32(1), u32(1), floats(1)]);
  for (const content of [old, Buffer.alloc(0), Buffer.from('this is a text, and not a short one')]) {
    await refuses(content, /is no GGUF file\. .* llama-imatrix --in-file OLD\.dat -o NEW\.gguf/);
  }
});

test('cut off anywhere, it is refused', async () => {
  const gguf = ggufForm();
  // The last tensor's padding may be missing.
  for (let length = 4; length < gguf.length - 28; length++) await refuses(gguf.subarray(0, length), /./);
});

test('damaged bytes are an error or numbers that make sense, and never anything else', async () => {
  const random = new Random(7);
  for (let round = 0; round < 300; round++) {
    const bytes = ggufForm();
    for (let i = 0; i < 3; i++) bytes[random.below(bytes.length)] = random.below(256);
    const read = await readImatrix(write(bytes)).catch((error: unknown) => error);
    if (read instanceof Error) assert.is((read as { code?: string }).code, 'INFORM_INVALID_IMATRIX', String(read));
    else
      for (const values of (read as { entries: Map<string, Float32Array> }).entries.values()) {
        assert.ok(values.every((value) => value >= 0 && value < Infinity));
      }
  }
});

test('a file that is not there, or no file', async () => {
  await expectError('INFORM_INPUT_UNREADABLE', /importance matrix .*missing does not exist/, () =>
    readImatrix(join(folder, 'missing')),
  );
  await expectError('INFORM_INPUT_UNREADABLE', /is a folder, not a file/, () => readImatrix(folder));
});

test.run();
