import { pipeline, Readable, type Duplex } from 'node:stream';
import * as zlib from 'node:zlib';
import { InformError, messageOf } from '../../errors.js';

/** A compression that is unpacked while it is read, and the first bytes that tell it. */
interface Compression {
  readonly name: string;
  readonly start: readonly number[];
  readonly unpack: (chunks: AsyncIterable<Buffer>) => AsyncIterable<Uint8Array>;
}

const COMPRESSIONS: readonly Compression[] = [
  { name: 'gzip', start: [0x1f, 0x8b], unpack: (chunks) => through(chunks, zlib.createGunzip()) },
  { name: 'Zstandard', start: [0x28, 0xb5, 0x2f, 0xfd], unpack: unpackZstd },
  { name: 'xz', start: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], unpack: unpackXz },
];

/** Long enough for every signature. */
export const SIGNATURE_BYTES = 6;

/**
 * Text is packed to a twentieth, or where its rows are much alike to a hundredth. What is packed to a five-hundredth is no data
 * set, and would keep a run busy for ever.
 */
const MOST_RATIO = 500;
/** So much may always be unpacked. */
const FREE_BYTES = 64 * 2 ** 20;

/** How an input that begins with these bytes is compressed; undefined where it is not. */
export function compressionOf(head: Buffer): Compression | undefined {
  return COMPRESSIONS.find(({ start }) => start.every((byte, at) => head[at] === byte));
}

/**
 * What is in a compressed input.
 *
 * @throws InformError INFORM_INPUT_UNREADABLE for damage, and for what is a bomb by its ratio
 */
export async function* unpacked(
  name: string,
  compression: Compression,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  let [packed, whole] = [0, 0];
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      packed += chunk.length;
      yield chunk;
    }
  }
  try {
    for await (const chunk of compression.unpack(counted())) {
      whole += chunk.length;
      if (whole > FREE_BYTES && whole > MOST_RATIO * packed) throw bomb(name, compression.name);
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    }
  } catch (error) {
    if (error instanceof InformError) throw error;
    const what = `${name} is ${compression.name}-compressed and cannot be unpacked: ${messageOf(error)}.`;
    throw new InformError('INFORM_INPUT_UNREADABLE', `${what} Is it damaged or cut off?`, { cause: error });
  }
}

function bomb(name: string, compression: string): InformError {
  return new InformError(
    'INFORM_INPUT_UNREADABLE',
    `${name} is ${compression}-compressed and unpacks to more than ${MOST_RATIO} times its size, as no data set does. ` +
      'If it is one nevertheless, unpack it first.',
  );
}

/** The output of a stream of Node's that is fed with chunks. */
function through(chunks: AsyncIterable<Buffer>, stream: Duplex): AsyncIterable<Uint8Array> {
  // An error of either end comes out of the iteration.
  return pipeline(Readable.from(chunks, { objectMode: false }), stream, () => undefined);
}

type ZstdOfNode = typeof zlib & { createZstdDecompress?: () => Duplex };

function unpackZstd(chunks: AsyncIterable<Buffer>): AsyncIterable<Uint8Array> {
  const create = (zlib as ZstdOfNode).createZstdDecompress;
  return create === undefined ? unpackZstdHere(chunks) : through(chunks, create());
}

/** A block of 4 bytes may stand for 128 KiB, so that pieces are small: 512 bytes make no more than 16 MiB. */
const ZSTD_PIECE_BYTES = 512;

/** Before Node 22.15. */
async function* unpackZstdHere(chunks: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import('fzstd');
  let blocks: Uint8Array[] = [];
  const stream = new Decompress((block) => blocks.push(block));
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += ZSTD_PIECE_BYTES) {
      stream.push(chunk.subarray(from, from + ZSTD_PIECE_BYTES));
      yield* blocks;
      blocks = [];
    }
  }
  stream.push(new Uint8Array(0), true);
  yield* blocks;
}

async function* unpackXz(chunks: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const { XzReadableStream } = (await import('xz-decompress')).default;
  const stream = new XzReadableStream(ReadableStream.from(chunks));
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) yield chunk;
}
