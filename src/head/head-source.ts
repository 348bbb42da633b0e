import { isFolder } from '../util/files/is-folder.js';
import { openCheckpointHead } from './checkpoint-head.js';
import { openGgufHead } from './gguf-head.js';
import type { HeadSource } from './head.js';

/**
 * Opens the head in a GGUF file (with or without a backbone) or in a Hugging Face checkpoint folder, of which only the shard
 * with the head need be there.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_MODEL_FILE, INFORM_INVALID_CHECKPOINT,
 *   INFORM_MODEL_HAS_NO_HEAD, INFORM_UNSUPPORTED_MODEL
 */
export async function openHead(path: string): Promise<HeadSource> {
  return (await isFolder(path)) ? openCheckpointHead(path) : openGgufHead(path);
}
