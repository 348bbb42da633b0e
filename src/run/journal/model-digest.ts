import { createHash, type Hash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { readGgufModel } from '../../gguf/split-model.js';
import { openHead } from '../../head/head-source.js';
import { HEAD_TENSORS } from '../../gguf/head-tensors.js';
import type { FileFingerprint, ModelFingerprint } from './fingerprint-types.js';

/**
 * How much of a tensor is read. Another model, another quantization or a model that was trained on differs in every tensor
 * and almost every byte of it; 723 tensors of a 70B model make 12 MB.
 */
const SAMPLE_BYTES = 16 * 1024;
const READ_BYTES = 2 ** 20;

/** A stretch of a file. */
interface Extent {
  file: string;
  offset: number;
  byteLength: number;
}

/**
 * The digest of a model of any size in a moment: SHA-256 over each file's size and whole header (metadata with vocabulary and
 * template, every tensor's name, shape, type and place), the score head to its last byte, and the middle of every other
 * tensor. A change of a few weights of the backbone that keeps the size would go unseen: `modified` is there to tell of it.
 *
 * @throws InformError what `readGgufModel` throws
 */
export async function digestModel(modelPath: string): Promise<ModelFingerprint> {
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
  const times = await Promise.all(model.shards.map(async (shard) => (await stat(shard.path)).mtimeMs));
  return {
    file: path.basename(modelPath),
    bytes: model.fileSize,
    modified: new Date(Math.max(...times)).toISOString(),
    digest: hash.digest('hex'),
  };
}

/** A score head outside of the model, to its last byte. Throws what `openHead` throws. */
export async function digestHead(headPath: string): Promise<FileFingerprint> {
  const head = await openHead(headPath);
  const hash = createHash('sha256').update(JSON.stringify(head.tensors));
  await update(hash, head.data);
  return { file: path.basename(headPath), digest: hash.digest('hex') };
}

function middleOf({ file, offset, byteLength }: Extent): Extent {
  if (byteLength <= SAMPLE_BYTES) return { file, offset, byteLength };
  return { file, offset: offset + Math.floor((byteLength - SAMPLE_BYTES) / 2), byteLength: SAMPLE_BYTES };
}

/** Extents of the same file stand together. */
async function update(hash: Hash, extents: readonly Extent[]): Promise<void> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  let opened: { file: string; handle: FileHandle } | undefined;
  try {
    for (const { file, offset, byteLength } of extents) {
      if (opened?.file !== file) {
        await opened?.handle.close();
        opened = { file, handle: await open(file) };
      }
      for (let done = 0; done < byteLength;) {
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
