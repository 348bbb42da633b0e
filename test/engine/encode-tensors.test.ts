import { readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { InformError } from '#src/errors.js';
import { toInformError } from '#src/errors.js';
import { GGML_TYPES, type GgmlTypeName } from '#src/gguf/types.js';
import { loadAddon, type EncodeJob } from '#src/addon/load-addon.js';
import { Random } from '../support/random.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const root = tempFolder();

const wide = new Float32Array(1);
const bits = new Uint32Array(wide.buffer);

function floatOf(pattern: number): number {
  bits[0] = pattern;
  return wide[0] ?? 0;
}

function bitsOf(value: number): number {
  wide[0] = value;
  return bits[0] ?? 0;
}

/** The value of an F16 by the definition of IEEE 754's binary16. */
function valueOfF16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The value of a BF16: the upper half of an F32. */
function valueOfBf16(pattern: number): number {
  return floatOf(pattern * 65536);
}

/**
 * The pattern nearest to a finite `value`, by trying the neighbours of a first guess; of two equally near ones the even
 * one. `beyond` is where infinity would stand if the exponents went on.
 */
function nearest(value: number, valueOf: (pattern: number) => number, infinity: number, beyond: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  const at = (pattern: number): number => (pattern === infinity ? beyond : valueOf(pattern));
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (at(middle) <= magnitude) low = middle;
    else high = middle;
  }
  const toLow = magnitude - at(low);
  const toHigh = at(high) - magnitude;
  const pattern = toLow < toHigh || (toLow === toHigh && (low & 1) === 0) ? low : high;
  return sign | pattern;
}

/** F32 patterns: random ones, and those around every value and every midpoint of a 16-bit type. */
function* interesting(valueOf: (pattern: number) => number): Generator<number> {
  const random = new Random(7);
  for (let i = 0; i < 50_000; i++) yield Math.floor(random.next() * 2 ** 32);
  for (let pattern = 0; pattern < 0x7f80; pattern += 13) {
    const [low, high] = [valueOf(pattern), valueOf(pattern + 1)];
    if (!Number.isFinite(low) || !Number.isFinite(high)) continue;
    for (const middle of [bitsOf(low), bitsOf((low + high) / 2)]) {
      for (const near of [middle - 1, middle, middle + 1]) if (near > 0) yield near;
    }
  }
}

type Numbers = Float32Array | Uint16Array;

/** What the native encoder makes of one tensor: the bytes of the target file. */
async function encode(
  source: Numbers,
  from: GgmlTypeName,
  to: GgmlTypeName,
  change: Partial<EncodeJob> = {},
): Promise<Buffer> {
  const target = fileIn(root, 'target', '');
  const columns = change.columns ?? source.length;
  const job: EncodeJob = {
    name: 'w',
    source: fileIn(root, 'source', new Uint8Array(source.buffer)),
    sourceOffset: 0,
    sourceType: GGML_TYPES[from].id,
    target,
    targetOffset: 0,
    targetType: GGML_TYPES[to].id,
    rows: source.length / columns,
    columns,
    headRows: 0,
    addend: 0,
    ...change,
  };
  const { addon } = loadAddon();
  await addon.encodeTensors([job], 3, new addon.TaskHandle());
  return readFileSync(target);
}

async function encodedHalves(values: Float32Array, to: 'F16' | 'BF16'): Promise<Uint16Array> {
  return new Uint16Array(Uint8Array.from(await encode(values, 'F32', to)).buffer);
}

async function refusal(work: Promise<unknown>): Promise<InformError> {
  try {
    await work;
  } catch (error) {
    return toInformError(error);
  }
  throw new Error('it was accepted');
}

test('F16 and BF16 to F32: every finite value', async () => {
  for (const [type, infinity, valueOf] of [
    ['F16', 0x7c00, valueOfF16],
    ['BF16', 0x7f80, valueOfBf16],
  ] as const) {
    const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((i) => (i & infinity) !== infinity);
    const values = new Float32Array(Uint8Array.from(await encode(patterns, type, 'F32')).buffer);
    for (const [i, pattern] of patterns.entries())
      assert.ok(Object.is(values[i], valueOf(pattern)), `${type} ${pattern}`);
  }
});

test('F32 to F16 and BF16 rounds to the nearest, ties to even', async () => {
  for (const [type, infinity, valueOf, beyond] of [
    ['F16', 0x7c00, valueOfF16, 65536],
    ['BF16', 0x7f80, valueOfBf16, 2 ** 128],
  ] as const) {
    const values: number[] = [];
    for (const pattern of interesting(valueOf)) {
      const value = floatOf(pattern);
      if (Number.isFinite(value) && (nearest(value, valueOf, infinity, beyond) & infinity) !== infinity)
        values.push(value);
    }
    values.push(type === 'F16' ? 65519.996 : 3e38, 0, -0);
    const got = await encodedHalves(Float32Array.from(values), type);
    for (const [i, value] of values.entries())
      assert.is(got[i], nearest(value, valueOf, infinity, beyond), `${type} ${value}`);
  }
});

test('NaN and infinity are refused in every type, naming the tensor', async () => {
  const cases: [Numbers, GgmlTypeName][] = [
    [Float32Array.of(1, NaN), 'F32'],
    [Float32Array.of(-Infinity, 1), 'F32'],
    [Uint16Array.of(0, 0x7e00), 'F16'],
    [Uint16Array.of(0xfc00, 0), 'F16'],
    [Uint16Array.of(0, 0x7fc1), 'BF16'],
    [Uint16Array.of(0x7f80, 0), 'BF16'],
  ];
  for (const [source, type] of cases) {
    for (const to of [type, 'F32'] as const) {
      const error = await refusal(encode(source, type, to));
      assert.is(error.code, 'INFORM_INVALID_CHECKPOINT');
      assert.match(error.message, /^Tensor w in .*source holds NaN or infinite values/);
    }
  }
});

test('values beyond the range of the target are refused', async () => {
  const row = (value: number): Float32Array => Float32Array.from({ length: 256 }, (_, i) => (i === 77 ? value : 1));
  for (const to of ['F16', 'Q8_0', 'Q4_K', 'IQ4_NL'] as const) {
    await encode(row(-65504), 'F32', to);
    const error = await refusal(encode(row(-65520), 'F32', to));
    assert.is(error.code, 'INFORM_INVALID_CHECKPOINT');
    assert.match(error.message, new RegExp(`beyond the range of ${to}\\.`));
  }
  await encode(row(3.38e38), 'F32', 'BF16');
  assert.is((await refusal(encode(row(3.4e38), 'F32', 'BF16'))).code, 'INFORM_INVALID_CHECKPOINT');
});

test('pieces of a large tensor end up where they belong', async () => {
  const columns = 96;
  const values = Float32Array.from({ length: columns * 40_000 }, (_, i) => i);
  const got = await encode(values, 'F32', 'F32', { columns, targetOffset: 64 });
  assert.is(got.length, 64 + values.byteLength);
  assert.ok(got.subarray(64).equals(Buffer.from(values.buffer)));
});

test('a source that ends too early, a missing one, and a target that is none', async () => {
  const values = Float32Array.of(1, 2, 3, 4);
  const short = await refusal(encode(values, 'F32', 'F16', { rows: 2, columns: 4 }));
  assert.is(short.code, 'INFORM_INVALID_CHECKPOINT');
  assert.match(short.message, /ended while it was read/);
  const missing = await refusal(encode(values, 'F32', 'F16', { source: join(root, 'nowhere') }));
  assert.match(missing.message, /nowhere cannot be read: No such file/);
  const target = await refusal(encode(values, 'F32', 'F16', { target: join(root, 'no', 'folder') }));
  assert.is(target.code, 'INFORM_OUTPUT_UNWRITABLE');
});

test('an addend is added in F32, whatever the checkpoint has', async () => {
  const values = Float32Array.of(0.5, -1, 0.1, 3e-8);
  const sums = values.map((value) => Math.fround(value + 1));
  assert.equal(new Float32Array(Uint8Array.from(await encode(values, 'F32', 'F32', { addend: 1 })).buffer), sums);
  // 0.1 and 3e-8 as BF16 has them
  const halves = new Uint16Array((await encodedHalves(values, 'BF16')).buffer);
  const widened = Float32Array.from(halves, (bits) => new Float32Array(Uint32Array.of(bits << 16).buffer)[0] ?? NaN);
  const encoded = await encode(halves, 'BF16', 'F32', { addend: 1, columns: 4, rows: 1 });
  assert.equal(
    new Float32Array(Uint8Array.from(encoded).buffer),
    widened.map((value) => Math.fround(value + 1)),
  );
});

const LOW_RANK = {
  aOffset: 0,
  aType: GGML_TYPES.BF16.id,
  bOffset: 0,
  bType: GGML_TYPES.F16.id,
  rank: 2,
  scale: 0.5,
};

test("an adapter's product is added to each row of a matrix before its rows are interleaved, over several pieces", async () => {
  const [rows, columns] = [2048, 512];
  // Small integers: every sum is exact.
  const a = Float32Array.from({ length: 2 * columns }, (_, i) => (i % 7) - 3);
  const b = Float32Array.from({ length: rows * 2 }, (_, i) => (i % 5) - 2);
  const matrix = Float32Array.from({ length: rows * columns }, (_, i) => i % 11);
  const stored = { a: await encode(a, 'F32', 'BF16'), b: await encode(b, 'F32', 'F16') };
  const source = fileIn(root, 'adapter', Buffer.concat([stored.a, stored.b]));
  const lowRank = { ...LOW_RANK, source, bOffset: stored.a.length };
  const written = await encode(matrix, 'F32', 'F32', { columns, headRows: 4, lowRank });
  const found = new Float32Array(Uint8Array.from(written).buffer);
  for (let row = 0; row < rows; row++) {
    const from = row - (row % 4) + ([0, 2, 1, 3][row % 4] ?? 0);
    const sums = Float32Array.from({ length: columns }, (_, column) => {
      const product = (b[2 * from] ?? 0) * (a[column] ?? 0) + (b[2 * from + 1] ?? 0) * (a[columns + column] ?? 0);
      return (matrix[from * columns + column] ?? 0) + 0.5 * product;
    });
    assert.equal(found.subarray(row * columns, (row + 1) * columns), sums, `row ${row}`);
  }
  const cut = fileIn(root, 'cut', stored.a);
  const error = await refusal(encode(matrix, 'F32', 'F32', { columns, lowRank: { ...lowRank, source: cut } }));
  assert.is(error.code, 'INFORM_INVALID_CHECKPOINT');
  assert.match(error.message, /ended while it was read\. Download the adapter again/);
});

test('descriptions that ggml would answer with an abort are refused', async () => {
  const values = new Float32Array(512);
  const wrong: Partial<EncodeJob>[] = [
    { columns: 128, rows: 4, targetType: GGML_TYPES.Q4_K.id },
    { targetType: GGML_TYPES.IQ2_XXS.id },
    { targetType: GGML_TYPES.Q8_K.id },
    { targetType: GGML_TYPES.I32.id },
    { targetType: 4 },
    { targetType: 999 },
    { targetType: -1 },
    { sourceType: GGML_TYPES.Q8_0.id },
    { rows: 0 },
    { columns: 0, rows: 1 },
    { columns: 64, rows: 8, headRows: 3 },
    { columns: 64, rows: 8, headRows: 6 },
    { addend: NaN },
    { lowRank: { ...LOW_RANK, source: '', rank: -1 } },
    { lowRank: { ...LOW_RANK, source: '', scale: Infinity } },
    { lowRank: { ...LOW_RANK, source: '', bType: GGML_TYPES.Q8_0.id } },
  ];
  for (const change of wrong) {
    const error = await refusal(encode(values, 'F32', 'F32', change));
    assert.is(error.code, 'INFORM_INVALID_ARGUMENT', JSON.stringify(change));
  }
});

test('a cancelled handle stops it', async () => {
  const { addon } = loadAddon();
  const handle = new addon.TaskHandle();
  handle.cancel();
  const source = fileIn(root, 'source', Buffer.alloc(4));
  const target = fileIn(root, 'target', '');
  truncateSync(target, 4);
  const type = GGML_TYPES.F32.id;
  const job = { name: 'w', source, sourceOffset: 0, sourceType: type, target, targetOffset: 0, targetType: type };
  const encoding = addon.encodeTensors([{ ...job, rows: 1, columns: 1, headRows: 0, addend: 0 }], 1, handle);
  assert.is((await refusal(encoding)).code, 'INFORM_ABORTED');
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

test('with the new row order, rotating neighbours is what rotating halves was', async () => {
  const random = new Random(3);
  for (const size of [2, 4, 32, 128]) {
    const vector = Array.from({ length: size }, () => random.next() - 0.5).map(Math.fround);
    const angles = Array.from({ length: size / 2 }, () => random.next() * 6);
    // Two heads, the second one the first's negative.
    const rows = Float32Array.from([...vector, ...vector.map((value) => -value)]);
    const encoded = new Float32Array(
      Uint8Array.from(await encode(rows, 'F32', 'F32', { columns: 1, rows: 2 * size, headRows: size })).buffer,
    );
    const order = [...encoded.subarray(0, size)].map((value) => vector.indexOf(value));
    assert.equal(
      order.toSorted((a, b) => a - b),
      [...vector.keys()],
    );
    assert.equal(
      [...encoded.subarray(size)],
      [...encoded.subarray(0, size)].map((value) => -value),
    );
    const halves = rotateHalves(vector, angles);
    assert.equal(
      rotateNeighbours([...encoded.subarray(0, size)], angles),
      order.map((row) => halves[row] ?? 0),
    );
  }
});

test.run();
