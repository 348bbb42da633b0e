import type { Random } from './random.js';

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
