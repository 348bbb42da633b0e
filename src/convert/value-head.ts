import { VALUE_HEAD_FILE } from './checkpoint-config.js';
import { invalidCheckpoint } from './checkpoint-file.js';
import { readShardTensors, type SafetensorsTensor, type ShardStore } from './safetensors.js';

/** TRL's names for a value head's tensors, and those of a one-layer score head, which it is. */
const NAMES = new Map([
  ['v_head.summary.weight', 'score.weight'],
  ['v_head.summary.bias', 'score.bias'],
]);

/**
 * The tensors of a value head that lies beside its backbone, under the names of a score head. The reward is what TRL's
 * ValueHead gives for the last token's hidden state.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, and what the store throws
 */
export async function readValueHead(folder: string, store: ShardStore): Promise<SafetensorsTensor[]> {
  const tensors = await readShardTensors(VALUE_HEAD_FILE, folder, store);
  return tensors.map((tensor) => {
    const name = NAMES.get(tensor.name);
    if (name !== undefined) return { ...tensor, name };
    throw invalidCheckpoint(
      `${VALUE_HEAD_FILE} in ${folder} has the tensor ${JSON.stringify(tensor.name.slice(0, 120))}; v_head.summary.weight and v_head.summary.bias are known.`,
    );
  });
}
