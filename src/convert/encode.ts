import type { FloatType } from './safetensors.js';

// Source and target share one layout: little-endian arrays, as in both file formats and on every platform llama.cpp
// supports.

export const FLOAT_BYTES: Readonly<Record<FloatType, number>> = { F32: 4, F16: 2, BF16: 2 };

/**
 * Converts `source` to another float type, rounding to nearest, ties to even. NaN stays NaN.
 * Both arrays must start at a multiple of 4 bytes in their buffers and hold the same number of elements.
 *
 * @returns how many finite values became infinite because the target type does not reach that far
 */
export function encodeFloats(from: FloatType, source: Uint8Array, to: FloatType, target: Uint8Array): number {
  if (from === to) {
    target.set(source);
    return 0;
  }
  if (from === 'F32')
    return to === 'F16'
      ? encodeWide(source, target, f32BitsToF16, 0x7c00)
      : encodeWide(source, target, f32BitsToBf16, 0x7f80);
  if (to === 'F32') {
    widen(source, target, from === 'F16' ? f16ToF32Table() : undefined);
    return 0;
  }
  return translate(source, target, from === 'F16' ? f16ToBf16Table() : bf16ToF16Table());
}

/** The bits of an F32 as F16: 1 sign, 5 exponent, 10 fraction bits; the smallest normal is 2^-14. */
export function f32BitsToF16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  // Half way between the largest F16, 65504, and 65536 rounds to even, which is infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | roundShift(magnitude - 0x38000000, 13); // rebias: 127 - 15 = 112
  // Subnormal: a multiple of 2^-24. Below half of that it is zero.
  const exponent = magnitude >>> 23;
  if (exponent < 102) return sign;
  return sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** The bits of an F32 as BF16: its upper half, rounded. */
export function f32BitsToBf16(bits: number): number {
  // Rounding could carry a NaN's fraction into the exponent, so it is truncated and made quiet, as ggml does.
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (((bits & 0x80000000) >>> 16) | roundShift(bits & 0x7fffffff, 16)) & 0xffff;
}

/** The bits of an F16 as F32. Exact. */
export function f16BitsToF32(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // Subnormal: fraction * 2^-24 is normal in F32; its leading bit becomes the hidden one.
  const leading = 31 - Math.clz32(fraction);
  return (sign | ((leading + 103) << 23) | ((fraction << (23 - leading)) & 0x7fffff)) >>> 0;
}

/** `value / 2^shift`, rounded to nearest, ties to even. */
function roundShift(value: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const quotient = Math.floor(value / 2 ** shift);
  const rest = value - quotient * 2 ** shift;
  return rest > half || (rest === half && (quotient & 1) === 1) ? quotient + 1 : quotient;
}

function encodeWide(
  source: Uint8Array,
  target: Uint8Array,
  convert: (bits: number) => number,
  infinity: number,
): number {
  const from = uint32(source);
  const to = uint16(target);
  let overflows = 0;
  for (let i = 0; i < from.length; i++) {
    const bits = from[i] ?? 0;
    const converted = convert(bits);
    if ((converted & 0x7fff) === infinity && (bits & 0x7fffffff) !== 0x7f800000) overflows++;
    to[i] = converted;
  }
  return overflows;
}

function widen(source: Uint8Array, target: Uint8Array, table: Uint32Array | undefined): void {
  const from = uint16(source);
  const to = uint32(target);
  if (table === undefined) {
    for (let i = 0; i < from.length; i++) to[i] = (from[i] ?? 0) << 16;
  } else {
    for (let i = 0; i < from.length; i++) to[i] = table[from[i] ?? 0] ?? 0;
  }
}

/** 16 bits to 16 bits: one look-up per element, several times faster than the arithmetic. */
function translate(source: Uint8Array, target: Uint8Array, { values, overflow }: HalfTable): number {
  const from = uint16(source);
  const to = uint16(target);
  let overflows = 0;
  for (let i = 0; i < from.length; i++) {
    const bits = from[i] ?? 0;
    to[i] = values[bits] ?? 0;
    overflows += overflow[bits] ?? 0;
  }
  return overflows;
}

interface HalfTable {
  readonly values: Uint16Array;
  /** 1 where a finite value becomes infinite. */
  readonly overflow: Uint8Array;
}

const bf16ToF16Table = once(() => halfTable((bits) => (bits << 16) >>> 0, f32BitsToF16, 0x7c00));
const f16ToBf16Table = once(() => halfTable(f16BitsToF32, f32BitsToBf16, 0x7f80));
const f16ToF32Table = once(() => Uint32Array.from({ length: 65536 }, (_, bits) => f16BitsToF32(bits)));

function halfTable(toF32: (bits: number) => number, fromF32: (bits: number) => number, infinity: number): HalfTable {
  const values = new Uint16Array(65536);
  const overflow = new Uint8Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const wide = toF32(bits);
    const value = fromF32(wide);
    values[bits] = value;
    overflow[bits] = (value & 0x7fff) === infinity && (wide & 0x7fffffff) !== 0x7f800000 ? 1 : 0;
  }
  return { values, overflow };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function uint16(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}

function uint32(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
