import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { cacheFolder } from '../util/cache-folder.js';
import { writeFilesAtomically, writeFully } from '../util/files/atomic-file.js';
import { ggufNumber, ggufString } from '../gguf/metadata.js';
import type { GgufValue } from '../gguf/types.js';
import { layoutGguf } from '../gguf/writer.js';
import { withOutputErrors } from '../util/files/file-errors.js';
import { openCheckpointHead } from './checkpoint-head.js';
import type { HeadSource } from './head.js';
import { isFolder } from '../util/files/is-folder.js';
import { makeFolder } from '../util/files/make-folder.js';

/** Raised with every change of what `writeHead` writes, so that no old file is used. */
const VERSION = 1;

/**
 * A GGUF file that holds the head at `path`: the file itself, or for a Hugging Face checkpoint folder one in the cache
 * folder, which is made when it is first needed. Its name is a hash of the head's weights, so that a folder whose weights
 * change gets another.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL, INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
 */
export async function headFile(path: string, signal?: AbortSignal): Promise<string> {
  if (!(await isFolder(path))) return path;
  const head = await openCheckpointHead(path);
  const file = join(cacheFolder(), 'heads', `${await fingerprint(head)}.gguf`);
  if (!(await exists(file))) {
    await withOutputErrors(file, makeFolder(dirname(file)));
    await writeHead(head, file, signal);
  }
  return file;
}

/** A GGUF file with a head and no backbone. */
async function writeHead(head: HeadSource, path: string, signal: AbortSignal | undefined): Promise<void> {
  const { header, offsets, totalBytes } = layoutGguf(new Map(metadataOf(head)), head.tensors);
  await writeFilesAtomically([{ path, bytes: totalBytes }], async ([file]) => {
    if (file === undefined) return;
    await file.handle.truncate(totalBytes);
    await writeFully(file.handle, header, 0);
    await head.write(file, offsets, signal);
  });
}

function metadataOf({ model, metadata }: HeadSource): [string, GgufValue][] {
  const { architecture } = model;
  const sizes: [string, number | undefined][] = [
    [`${architecture}.embedding_length`, model.hiddenSize],
    [`${architecture}.block_count`, model.layerCount],
    [`${architecture}.vocab_size`, model.vocabularySize],
  ];
  return [
    ['general.architecture', ggufString(architecture)],
    ...sizes.flatMap(([key, size]): [string, GgufValue][] =>
      size === undefined ? [] : [[key, ggufNumber('uint32', size)]],
    ),
    ...metadata,
  ];
}

async function fingerprint(head: HeadSource): Promise<string> {
  const hash = createHash('sha256');
  const tensors = head.tensors.map(({ name, shape, type }) => [name, shape, type.name]);
  hash.update(JSON.stringify([VERSION, metadataOf(head), tensors]));
  for (const { file, offset, byteLength } of head.data) {
    for await (const chunk of createReadStream(file, { start: offset, end: offset + byteLength - 1 })) {
      hash.update(chunk as Buffer);
    }
  }
  return hash.digest('hex').slice(0, 32);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
