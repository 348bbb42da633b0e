import type { FileHandle } from 'node:fs/promises';
import { InformError } from '#src/errors.js';
import { alignUp, DEFAULT_ALIGNMENT, tensorByteLength, type GgufMetadata } from '#src/gguf/types.js';
import { layoutGguf, type GgufTensorInfo } from '#src/gguf/writer.js';
import { throwIfAborted } from '#src/util/abort.js';
import { writeFilesAtomically, writeFully } from '#src/util/files/atomic-file.js';

/** A tensor to write. Its data is asked for once, chunk by chunk, when all tensors before it are written. */
export interface GgufTensorSource extends GgufTensorInfo {
  /** The data in pieces of any size. A chunk is written before the next is asked for, so its memory may be reused. */
  chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface WriteProgress {
  readonly tensor: string;
  readonly bytesWritten: number;
  readonly totalBytes: number;
}

export interface WriteGgufOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after every chunk. */
  readonly onProgress?: ((progress: WriteProgress) => void) | undefined;
}

/**
 * Writes a GGUF file (version 3, little-endian, alignment 32), holding one chunk of tensor data at a time. The file
 * appears under its name when it is complete and synced; until then, and after a failure, nothing is there.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED, INFORM_INTERNAL (a tensor's chunks do not add up),
 *   and whatever the chunks throw
 */
export async function writeGguf(
  path: string,
  metadata: GgufMetadata,
  tensors: readonly GgufTensorSource[],
  options: WriteGgufOptions = {},
): Promise<void> {
  const { header, totalBytes } = layoutGguf(metadata, tensors);
  throwIfAborted(options.signal, 'Writing the model file was aborted.');
  await writeFilesAtomically([{ path, bytes: totalBytes }], async ([temporary]) => {
    const file = temporary?.handle;
    if (file === undefined) return;
    await writeFully(file, header);
    let bytesWritten = header.length;
    for (const tensor of tensors) {
      bytesWritten = await writeTensor(file, tensor, bytesWritten, (written) => {
        throwIfAborted(options.signal, 'Writing the model file was aborted.');
        options.onProgress?.({ tensor: tensor.name, bytesWritten: written, totalBytes });
      });
    }
  });
}

async function writeTensor(
  file: FileHandle,
  tensor: GgufTensorSource,
  start: number,
  afterChunk: (bytesWritten: number) => void,
): Promise<number> {
  const end = start + tensorByteLength(tensor.type, tensor.shape);
  let position = start;
  for await (const chunk of tensor.chunks()) {
    position += chunk.length;
    if (position > end) break;
    await writeFully(file, chunk);
    afterChunk(position);
  }
  if (position !== end) {
    throw new InformError('INFORM_INTERNAL', `Tensor ${tensor.name} did not produce its ${end - start} bytes.`);
  }
  const padding = alignUp(end, DEFAULT_ALIGNMENT) - end;
  await writeFully(file, Buffer.alloc(padding));
  return end + padding;
}
