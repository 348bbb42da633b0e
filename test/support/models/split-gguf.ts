import { open } from 'node:fs/promises';
import { ggufNumber } from '#src/gguf/metadata.js';
import { readGguf, type GgufTensor } from '#src/gguf/reader.js';
import { shardPath } from '#src/gguf/split-model.js';
import type { GgufMetadata, GgufValue } from '#src/gguf/types.js';
import { writeGguf } from './write-gguf.js';

/**
 * Splits a GGUF file as llama.cpp's llama-gguf-split does: all metadata in the first shard, and in each its number.
 * Gives the paths.
 *
 * @param place the shard of a tensor, from 0; by default the tensors are dealt out in runs of equal length
 */
export async function splitGguf(
  source: string,
  prefix: string,
  count: number,
  place?: (tensor: GgufTensor, index: number) => number,
): Promise<string[]> {
  const { metadata, tensors } = await readGguf(source);
  const shardOf = place ?? ((_, index) => Math.floor((index * count) / tensors.length));
  const paths: string[] = [];
  const file = await open(source);
  for (let no = 0; no < count; no++) {
    const own = tensors.filter((tensor, index) => shardOf(tensor, index) === no);
    const path = shardPath(prefix, no, count);
    await writeGguf(
      path,
      shardMetadata(metadata, no, count, tensors.length),
      own.map(({ name, shape, type, offset, byteLength }) => ({
        name,
        shape,
        type,
        async *chunks() {
          const data = Buffer.alloc(byteLength);
          await file.read(data, 0, byteLength, offset);
          yield data;
        },
      })),
    );
    paths.push(path);
  }
  await file.close();
  return paths;
}

function shardMetadata(metadata: GgufMetadata, no: number, count: number, tensors: number): GgufMetadata {
  return new Map<string, GgufValue>([
    ...(no === 0 ? metadata : []),
    ['split.no', ggufNumber('uint16', no)],
    ['split.count', ggufNumber('uint16', count)],
    ['split.tensors.count', ggufNumber('int32', tensors)],
  ]);
}
