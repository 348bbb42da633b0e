import type { Random } from '../random.js';

/** Those that are likely to hurt as a size, a count or an offset. */
export const NUMBERS = [
  0,
  1,
  2,
  7,
  32,
  255,
  65535,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  2 ** 64,
] as const;

/** Bytes cut, flipped, overwritten by such numbers, moved, doubled or filled up. */
export function damagedBytes(whole: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(whole);
  for (let times = 1 + random.below(3); times > 0 && bytes.length > 16; times--) {
    const at = random.below(bytes.length - 8);
    const length = 1 + random.below(Math.min(64, bytes.length - at));
    switch (random.below(7)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        bytes.writeUInt32LE(Math.min(random.pick(NUMBERS), 2 ** 32 - 1), at);
        break;
      case 3:
        bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(random.pick(NUMBERS))), at);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      default:
        bytes.fill(random.pick([0, 0x20, 0x22, 0x7b, 0xff]), at, at + length);
    }
  }
  return bytes;
}

const VALUES = [
  ...NUMBERS, -1, 0.5, 1e308, null, true, '', 'F32', 'U8', '4', [], [0], [0, 0], [-1, 4], [8, 0], [0, 2 ** 53], {},
  { dtype: 'F32', shape: [1], data_offsets: [0, 4] }, '\u0000', '\ud800', 'x'.repeat(100_000), Array<number>(1000).fill(1),
] as const; // prettier-ignore

/** A copy of parsed JSON in which one value is another, is gone, or has another key. */
export function damagedJson(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.below(8) === 0) return random.pick(VALUES);
  const entries: [string, unknown][] = Object.entries(value);
  const chosen = random.below(entries.length);
  const [key, inner] = entries[chosen] ?? ['', undefined];
  const replacement: [string, unknown] =
    random.below(10) === 0
      ? [random.pick(['', '__proto__', '__metadata__', 'w', '0']), inner]
      : [key, damagedJson(inner, random)];
  if (random.below(10) === 0) entries.splice(chosen, 1);
  else entries[chosen] = replacement;
  return Array.isArray(value) ? entries.map(([, element]) => element) : Object.fromEntries(entries);
}
