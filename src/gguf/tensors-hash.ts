import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { throwIfAborted } from '../util/abort.js';
import { writeFully } from '../util/files/atomic-file.js';
import { InformError } from '../errors.js';
import { ggufString } from './metadata.js';
import type { GgufValue } from './types.js';

/**
 * The key of a model's hash over the bytes of all its tensors: SHA-256 over a line for each, in the order of their names, of its name
 * and the SHA-256 of its data. In which order they lie, and in how many files, makes no difference.
 */
export const TENSORS_HASH = 'inform.tensors.sha256';

/** Keeps the place of the hash in a header that is written before the tensors are. */
export const TENSORS_HASH_PLACEHOLDER = '0'.repeat(64);
const CHUNK_BYTES = 4 << 20;

export function tensorsHashPlaceholder(): [string, GgufValue] {
  return [TENSORS_HASH, ggufString(TENSORS_HASH_PLACEHOLDER)];
}

/** Where the data of a tensor lies. */
export interface TensorData {
  readonly name: string;
  readonly file: string;
  /** In bytes from the file's start. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface HashOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes of each piece. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** The hashes of a model's tensors, as they become known, and what they come to. */
export class TensorHashes {
  readonly #hashes = new Map<string, Hash>();

  /** The next bytes of a tensor. */
  add(name: string, bytes: Uint8Array): void {
    const hash = this.#hashes.get(name) ?? createHash('sha256');
    this.#hashes.set(name, hash.update(bytes));
  }

  /**
   * Reads tensors that have been written.
   *
   * @throws InformError INFORM_INVALID_MODEL_FILE where a file ends too early, INFORM_ABORTED; the system's errors as they are
   */
  async read(tensors: readonly TensorData[], { signal, onBytes }: HashOptions = {}): Promise<void> {
    const buffers = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)] as const;
    let opened: { file: string; handle: FileHandle } | undefined;
    try {
      for (const { name, file, offset, byteLength } of tensors) {
        if (opened?.file !== file) {
          await opened?.handle.close();
          opened = undefined;
          opened = { file, handle: await open(file, 'r') };
        }
        this.add(name, Buffer.of()); // a tensor may be empty
        let done = 0;
        for await (const piece of piecesOf(opened.handle, offset, byteLength, buffers)) {
          throwIfAborted(signal);
          this.add(name, piece);
          done += piece.length;
          onBytes?.(piece.length);
        }
        if (done < byteLength) throw new InformError('INFORM_INVALID_MODEL_FILE', `${file} ended while it was read.`);
      }
    } finally {
      await opened?.handle.close();
    }
  }

  /** Ends all of them. In hexadecimal digits. */
  sum(): string {
    const lines = [...this.#hashes].map(([name, hash]) => `${name}\0${hash.digest('hex')}\n`);
    return createHash('sha256').update(lines.toSorted().join('')).digest('hex');
  }
}

/** Bytes of a file, as far as there are any, each piece good until the next: that is read while this one is used. */
async function* piecesOf(
  handle: FileHandle,
  offset: number,
  byteLength: number,
  [first, second]: readonly [Buffer, Buffer],
): AsyncGenerator<Buffer, void, undefined> {
  let done = 0;
  const read = (buffer: Buffer): ReturnType<typeof handle.read<Buffer>> => {
    const reading = handle.read(buffer, 0, Math.min(buffer.length, byteLength - done), offset + done);
    reading.catch(() => undefined); // It is met below, if anyone asks for the next piece.
    return reading;
  };
  let [reading, next] = [read(first), second];
  while (done < byteLength) {
    const { bytesRead, buffer } = await reading;
    if (bytesRead === 0) return;
    done += bytesRead;
    if (done < byteLength) [reading, next] = [read(next), buffer];
    yield buffer.subarray(0, bytesRead);
  }
}

/** Puts the hash into its place in a file whose first bytes, up to the tensors, are `header`. */
export async function writeTensorsHash(file: FileHandle, header: Buffer, hash: string): Promise<void> {
  const place = header.indexOf(Buffer.from(TENSORS_HASH_PLACEHOLDER), header.indexOf(TENSORS_HASH));
  if (place < 0) throw new InformError('INFORM_INTERNAL', 'The header has no place for the hash of the tensors.');
  await writeFully(file, Buffer.from(hash), place);
}
