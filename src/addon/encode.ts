import { toInformError } from '../errors.js';
import { loadAddon, type EncodeJob } from './load-addon.js';
import { trackTask, type TaskHooks } from './task.js';

/**
 * Converts tensors from a checkpoint's shard into a GGUF file that exists.
 *
 * @throws InformError INFORM_INVALID_CHECKPOINT, INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
 */
export async function encodeTensors(jobs: EncodeJob[], threads: number, hooks: TaskHooks): Promise<void> {
  const { addon } = loadAddon();
  const ticket = new addon.TaskTicket();
  try {
    await trackTask(ticket, hooks, addon.encodeTensors(jobs, threads, ticket));
  } catch (error) {
    throw toInformError(error);
  }
}
