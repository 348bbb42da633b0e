import { invalidCheckpoint } from './checkpoint-file.js';
import { headTensorNames, type Recipe } from './recipes.js';
import { readShardTensors, type SafetensorsTensor, type ShardStore } from './safetensors.js';

/**
 * The tensors of a head that lies in a file of its own.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, and what the store throws
 */
export async function readHeadFile(
  { head, headFile = '' }: Recipe,
  folder: string,
  store: ShardStore,
): Promise<SafetensorsTensor[]> {
  const tensors = await readShardTensors(headFile, folder, store);
  const known = headTensorNames(head);
  const other = tensors.find(({ name }) => !known.includes(name));
  if (other === undefined) return tensors;
  throw invalidCheckpoint(
    `${headFile} in ${folder} has the tensor ${JSON.stringify(other.name.slice(0, 120))}; ${known.join(' and ')} are known.`,
  );
}
