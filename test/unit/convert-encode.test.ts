import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFloats, f16BitsToF32, f32BitsToBf16, f32BitsToF16 } from '../../src/convert/encode.js';
import { Random } from '../support/random.js';

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

test('F16 to F32: all 65536', () => {
  for (let half = 0; half < 65536; half++) {
    const value = floatOf(f16BitsToF32(half));
    assert.ok(Object.is(value, valueOfF16(half)), `0x${half.toString(16)}: ${value}`);
  }
});

test('F32 to F16 rounds to the nearest, ties to even, from subnormals to infinity', () => {
  for (const pattern of interesting(valueOfF16)) {
    const value = floatOf(pattern);
    if (!Number.isFinite(value)) continue;
    const expected = nearest(value, valueOfF16, 0x7c00, 65536);
    assert.is(f32BitsToF16(pattern), expected, `${value}`);
  }
  for (const [value, expected] of [
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [-1e30, 0xfc00],
    [2 ** -25, 0],
    [3 * 2 ** -25, 2],
    [-0, 0x8000],
    [Infinity, 0x7c00],
    [-Infinity, 0xfc00],
  ] as const) {
    assert.is(f32BitsToF16(bitsOf(value)), expected, `${value}`);
  }
});

test('F32 to BF16 rounds to the nearest, ties to even', () => {
  for (const pattern of interesting(valueOfBf16)) {
    const value = floatOf(pattern);
    if (!Number.isFinite(value)) continue;
    assert.is(f32BitsToBf16(pattern), nearest(value, valueOfBf16, 0x7f80, 2 ** 128), `${value}`);
  }
  assert.is(f32BitsToBf16(0x7f800000), 0x7f80);
  assert.is(f32BitsToBf16(0xff800000), 0xff80);
});

test('NaN stays NaN, whatever its payload', () => {
  for (const pattern of [0x7f800001, 0x7fc00000, 0x7fffffff, 0xff800001, 0xffffffff]) {
    assert.ok(Number.isNaN(valueOfF16(f32BitsToF16(pattern))));
    assert.ok(Number.isNaN(valueOfBf16(f32BitsToBf16(pattern))));
  }
});

test('arrays, between all types', () => {
  const values = Float32Array.of(1, -2.5, 0, 0.15625, 65504);
  const source = {
    F32: new Uint8Array(values.buffer),
    F16: halves(values, (value) => f32BitsToF16(bitsOf(value))),
    BF16: halves(values, (value) => f32BitsToBf16(bitsOf(value))),
  };
  const decode = { F16: valueOfF16, BF16: valueOfBf16 };
  for (const from of ['F32', 'F16', 'BF16'] as const) {
    for (const to of ['F32', 'F16', 'BF16'] as const) {
      const target = new Uint8Array(to === 'F32' ? 20 : 10);
      assert.is(encodeFloats(from, source[from], to, target), from === 'BF16' && to === 'F16' ? 1 : 0);
      const got =
        to === 'F32' ? [...new Float32Array(target.buffer)] : [...new Uint16Array(target.buffer)].map(decode[to]);
      assert.equal(got.slice(0, 4), [1, -2.5, 0, 0.15625], `${from} to ${to}`);
    }
  }
});

test('finite values that become infinite are counted, infinite ones are not', () => {
  const source = new Uint8Array(Float32Array.of(70000, -70000, Infinity, NaN, 1).buffer);
  assert.is(encodeFloats('F32', source, 'F16', new Uint8Array(10)), 2);
  assert.is(encodeFloats('F32', source, 'BF16', new Uint8Array(10)), 0);
  const bf16 = new Uint8Array(Uint16Array.of(0x7f80, 0x7f7f, 0xff7f, 0x7fc0).buffer);
  assert.is(encodeFloats('BF16', bf16, 'F16', new Uint8Array(8)), 2);
});

function halves(values: Float32Array, encode: (value: number) => number): Uint8Array {
  return new Uint8Array(Uint16Array.from(values, encode).buffer);
}

test.run();
