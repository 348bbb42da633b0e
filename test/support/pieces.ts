import type { Splitter } from '#src/input/bytes.js';
import type { Random } from './random.js';

/** A piece as tests compare it: its bytes as text. */
export interface TextPiece {
  line: number;
  end: number;
  text: string | undefined;
  problem: string | undefined;
}

/** Feeds `bytes` to a splitter in chunks of the given sizes (the last size goes on) and collects what it cuts. */
export function cut(splitter: Splitter, bytes: Uint8Array, sizes: readonly number[]): TextPiece[] {
  const pieces: TextPiece[] = [];
  const collect = (from: ReturnType<Splitter['push']>): void => {
    for (const { line, end, bytes, problem } of from) pieces.push({ line, end, text: bytes?.toString(), problem });
  };
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[Math.min(turn, sizes.length - 1)] ?? bytes.length;
    collect(splitter.push(Buffer.from(bytes.subarray(at, at + size))));
    at += size;
  }
  collect(splitter.end());
  return pieces;
}

/** Whole, in chunks of 1, 2, 3 and 7 bytes, and in random chunks. */
export function chunkings(length: number, random: Random): number[][] {
  const randomSizes = Array.from({ length: length + 1 }, () => 1 + random.below(20));
  return [[Math.max(length, 1)], [1], [2], [3], [7], randomSizes];
}
