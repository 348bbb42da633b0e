import { InformError } from '../errors.js';
import { stringAt } from '../gguf/metadata.js';
import { readGgufModel } from '../gguf/split-model.js';
import { TENSORS_HASH, TensorHashes, type HashOptions } from '../gguf/tensors-hash.js';

/**
 * Reads all tensors of a model file, or of all shards of a split one, and compares them with the hash that was written with them.
 *
 * @returns the hash
 * @throws InformError INFORM_INVALID_MODEL_FILE where they are others, INFORM_UNSUPPORTED_MODEL where the file has no hash, and
 *   INFORM_ABORTED
 */
export async function verifyModel(
  path: string,
  { signal, onProgress }: Pick<HashOptions, 'signal'> & { onProgress?: (fraction: number) => void } = {},
): Promise<string> {
  const { metadata, tensors } = await readGgufModel(path, { wantArray: () => false });
  const written = stringAt(metadata, TENSORS_HASH);
  if (written === undefined) {
    throw new InformError(
      'INFORM_UNSUPPORTED_MODEL',
      `${path} has no hash of its tensors (${TENSORS_HASH}), so they cannot be verified: another program wrote it, or an inform-score before this one. Convert or quantize the model again to have one.`,
    );
  }
  const total = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let done = 0;
  const hashes = new TensorHashes();
  await hashes.read(tensors, {
    signal,
    onBytes: (bytes) => {
      done += bytes;
      onProgress?.(done / total);
    },
  });
  const found = hashes.sum();
  if (found === written) return found;
  throw new InformError(
    'INFORM_INVALID_MODEL_FILE',
    `The tensors of ${path} are not those that were written: their hash is ${found}, and should be ${written}. The file was damaged, or changed by a program that left the hash as it was. Download or convert it again.`,
  );
}
