/** The bits of a finite F32 as BF16: its upper half, rounded to nearest, ties to even. */
export function f32BitsToBf16(bits: number): number {
  const odd = (bits >>> 16) & 1;
  return ((bits + 0x7fff + odd) >>> 16) & 0xffff;
}
