import { createHash, type Hash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../../util/abort.js';
import { readGgufModel } from '../../gguf/split-model.js';
import { HEAD_TENSORS } from '../../gguf/head-tensors.js';
import type { FileFingerprint, ModelFingerprint } from './fingerprint-types.js';

/** How much of every tensor the digest takes. Another model, or another quantization, differs in each of them. */
const SAMPLE_BYTES = 16 * 1024;
/** Bytes of all tensors together that are compared, which takes a second: of a smaller model every byte. */
const CONTENT_BYTES = 2 ** 30;
const WINDOW_BYTES = 2 ** 20;
const READ_BYTES = 2 ** 20;

/** A stretch of a file. */
export interface Extent {
  file: string;
  offset: number;
  byteLength: number;
}

/** Whether every byte of a model is compared, by the size of its files. */
export function isComparedWhole(bytes: number): boolean {
  return bytes <= CONTENT_BYTES;
}

/**
 * What tells a model from others, found in about a second whatever its size. `digest` is SHA-256 over each file's size and whole
 * header (metadata with vocabulary and template, every tensor's name, shape, type and place), the score head to its last byte,
 * and the middle of every other tensor; it is that of version 0.1. `content` is SHA-256 over all tensors up to 1 GiB, and of a
 * larger model over windows of 1 MiB that lie evenly in every tensor, 1 GiB in all. A change of a few weights between two windows
 * would go unseen: `modified` is there to tell of it. A hash of the tensors that the metadata holds is compared with the header.
 *
 * @throws InformError INFORM_ABORTED, and what `readGgufModel` throws
 */
export async function digestModel(modelPath: string, signal?: AbortSignal): Promise<ModelFingerprint> {
  const model = await readGgufModel(modelPath, { wantArray: () => false });
  const hash = createHash('sha256');
  for (const shard of model.shards) {
    hash.update(`${shard.fileSize}\n`);
    await update(hash, [{ file: shard.path, offset: 0, byteLength: shard.dataOffset }]);
  }
  const whole = new Set<string>(HEAD_TENSORS);
  await update(
    hash,
    model.tensors.map((tensor) => (whole.has(tensor.name) ? tensor : middleOf(tensor))),
  );
  const content = createHash('sha256');
  const share = isComparedWhole(model.fileSize) ? 1 : CONTENT_BYTES / model.fileSize;
  await update(
    content,
    model.tensors.flatMap((tensor) => windowsOf(tensor, share)),
    signal,
  );
  const times = await Promise.all(model.shards.map(async (shard) => (await stat(shard.path)).mtimeMs));
  return {
    file: path.basename(modelPath),
    bytes: model.fileSize,
    modified: new Date(Math.max(...times)).toISOString(),
    digest: hash.digest('hex'),
    content: content.digest('hex'),
  };
}

/** A score head outside of the model, to its last byte. Throws what `openHead` throws. */
export async function digestHead(headPath: string): Promise<FileFingerprint> {
  // Loaded where it is needed, as it needs the converter.
  const { openHead } = await import('../../head/head-source.js');
  const head = await openHead(headPath);
  const hash = createHash('sha256').update(JSON.stringify(head.tensors));
  await update(hash, head.data);
  return { file: path.basename(headPath), digest: hash.digest('hex') };
}

function middleOf({ file, offset, byteLength }: Extent): Extent {
  if (byteLength <= SAMPLE_BYTES) return { file, offset, byteLength };
  return { file, offset: offset + Math.floor((byteLength - SAMPLE_BYTES) / 2), byteLength: SAMPLE_BYTES };
}

/** A share of a tensor, as windows that lie evenly in it, the first at its beginning. */
export function windowsOf({ file, offset, byteLength }: Extent, share: number): Extent[] {
  if (share === 1) return [{ file, offset, byteLength }];
  const count = Math.ceil((byteLength * share) / WINDOW_BYTES);
  const stride = Math.floor(byteLength / count);
  return Array.from({ length: count }, (_, window) => ({
    file,
    offset: offset + window * stride,
    byteLength: Math.min(WINDOW_BYTES, stride),
  }));
}

/** Extents of the same file stand together. */
async function update(hash: Hash, extents: readonly Extent[], signal?: AbortSignal): Promise<void> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let opened: { file: string; handle: FileHandle } | undefined;
  try {
    for (const { file, offset, byteLength } of extents) {
      if (opened?.file !== file) {
        await opened?.handle.close();
        opened = { file, handle: await open(file) };
      }
      for (let done = 0; done < byteLength;) {
        throwIfAborted(signal, 'The run was interrupted.');
        const { bytesRead } = await opened.handle.read(
          buffer,
          0,
          Math.min(byteLength - done, READ_BYTES),
          offset + done,
        );
        if (bytesRead === 0) break; // cut off meanwhile, which loading will say
        hash.update(buffer.subarray(0, bytesRead));
        done += bytesRead;
      }
    }
  } finally {
    await opened?.handle.close();
  }
}
