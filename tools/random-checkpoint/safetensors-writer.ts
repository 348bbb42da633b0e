import { open } from 'node:fs/promises';

import type { FloatType } from '#src/convert/safetensors.js';
import { writeFully } from '#src/util/files/atomic-file.js';

/** A tensor of a safetensors file to write. */
export interface SafetensorsSource {
  readonly name: string;
  readonly dtype: FloatType;
  /** In PyTorch's order. */
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** The data in pieces of any size; a chunk is written before the next is asked for. */
  chunks(): Iterable<Uint8Array>;
}

/** Writes a safetensors file: the header's length, the header as JSON, the tensors one after another. */
export async function writeSafetensors(path: string, tensors: readonly SafetensorsSource[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    await writeFully(file, encodeHeader(tensors));
    for (const tensor of tensors) {
      for (const chunk of tensor.chunks()) await writeFully(file, chunk);
    }
  } finally {
    await file.close();
  }
}

function encodeHeader(tensors: readonly SafetensorsSource[]): Buffer {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape, byteLength }) => {
    const begin = end;
    end += byteLength;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  // transformers refuses a file that does not say which framework wrote it.
  const json = Buffer.from(JSON.stringify({ __metadata__: { format: 'pt' }, ...Object.fromEntries(entries) }));
  const paddedLength = Math.ceil(json.length / 8) * 8; // so that the data starts at a multiple of 8 bytes
  const header = Buffer.alloc(8 + paddedLength, ' ');
  header.writeBigUInt64LE(BigInt(paddedLength));
  json.copy(header, 8);
  return header;
}
