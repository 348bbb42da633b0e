/** The bits of a finite F32 as BF16: its upper half, rounded to nearest, ties to even. */
export function f32BitsToBf16(bits: number): number {
  const odd = (bits >>> 16) & 1;
  return ((bits + 0x7fff + odd) >>> 16) & 0xffff;
}

/** The bits of an F32 below 65504 as F16, rounded to nearest, ties to even. */
export function f32BitsToF16(bits: number): number {
  const exponent = Math.max(((bits >>> 23) & 0xff) - 127, -14); // subnormal numbers have the exponent of the smallest normal
  const magnitude = ((bits & 0x7fffff) | 0x800000) * 2 ** (((bits >>> 23) & 0xff) - 150);
  const steps = magnitude / 2 ** (exponent - 10); // exact
  const down = Math.floor(steps);
  const up = steps - down > 0.5 || (steps - down === 0.5 && down % 2 === 1) ? 1 : 0;
  return ((bits >>> 16) & 0x8000) | (((exponent + 14) << 10) + down + up);
}
