import { open, type FileHandle } from 'node:fs/promises';

import { throwIfAborted } from '../util/abort.js';
import { InformError, messageOf } from '../errors.js';
import { writeFully } from '../util/files/atomic-file.js';
import type { ModelTensor } from './split-model.js';
import type { TensorHashes } from './tensors-hash.js';

const CHUNK_BYTES = 8 << 20;

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Gets all that is copied. */
  readonly hashes?: TensorHashes | undefined;
  /** Called with the number of bytes of each piece. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/**
 * Copies tensors' data as it stands.
 *
 * @param offsets where each goes, in bytes from the start of `target`
 * @throws InformError INFORM_INVALID_MODEL_FILE (a file that cannot be read), INFORM_ABORTED; errors of writing as they are
 */
export async function copyTensors(
  tensors: readonly ModelTensor[],
  target: FileHandle,
  offsets: readonly number[],
  { signal, hashes, onBytes }: CopyOptions = {},
): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (const [file, own] of byFile(tensors.map((tensor, index) => ({ tensor, to: offsets[index] ?? 0 })))) {
    const source = await reading(file, open(file, 'r'));
    try {
      for (const { tensor, to } of own) {
        for (let done = 0; done < tensor.byteLength;) {
          throwIfAborted(signal, 'Copying the model file was aborted.');
          const length = Math.min(buffer.length, tensor.byteLength - done);
          const { bytesRead } = await reading(file, source.read(buffer, 0, length, tensor.offset + done));
          if (bytesRead === 0) throw unreadable(file, 'ended while it was read');
          await writeFully(target, buffer.subarray(0, bytesRead), to + done);
          hashes?.add(tensor.name, buffer.subarray(0, bytesRead));
          done += bytesRead;
          onBytes?.(bytesRead);
        }
      }
    } finally {
      await source.close();
    }
  }
}

interface Placed {
  readonly tensor: ModelTensor;
  readonly to: number;
}

function byFile(placed: readonly Placed[]): Map<string, Placed[]> {
  const files = new Map<string, Placed[]>();
  for (const one of placed) files.set(one.tensor.file, [...(files.get(one.tensor.file) ?? []), one]);
  return files;
}

async function reading<T>(file: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw unreadable(file, `cannot be read: ${messageOf(error)}`, error);
  });
}

function unreadable(file: string, what: string, cause?: unknown): InformError {
  return new InformError('INFORM_INVALID_MODEL_FILE', `${file} ${what}.`, { cause });
}
