import { toInformError } from '../errors.js';
import {
  loadAddon,
  type NativeComputeBuffers,
  type NativeModel,
  type NativePlacement,
  type NativeScorer,
  type NativeScorerOptions,
} from './load-addon.js';
import { trackTask, type TaskHooks } from './task.js';

/** What llama.cpp loads a model from. */
export interface NativeModelSource {
  /** The GGUF file. */
  readonly path: string;
  /** The GGUF file with the score head, '' where the model's file has it. */
  readonly headPath: string;
  /** How the tokenizer splits words, in place of what the file says; '' as it says. */
  readonly pre: string;
  readonly placement: NativePlacement;
}

/** @throws InformError with the codes of loading: INFORM_INVALID_MODEL_FILE, INFORM_MODEL_HAS_NO_HEAD, …, INFORM_ABORTED */
export async function loadNativeModel(source: NativeModelSource, hooks: TaskHooks): Promise<NativeModel> {
  const { addon, backendDir } = loadAddon();
  try {
    const handle = new addon.TaskHandle();
    return await trackTask(handle, hooks, addon.loadModel({ ...source, backendDir }, handle));
  } catch (error) {
    throw toInformError(error);
  }
}

/** @throws InformError INFORM_OUT_OF_MEMORY, INFORM_MODEL_LOAD_FAILED */
export async function createScorer(
  model: NativeModel,
  options: NativeScorerOptions,
  maxJobs: number,
): Promise<NativeScorer> {
  try {
    return await loadAddon().addon.createScorer(model, options, maxJobs);
  } catch (error) {
    throw toInformError(error);
  }
}

/** The compute buffers that each of these scorers would get; nothing is allocated. */
export async function measureCompute(
  path: string,
  placement: NativePlacement,
  scorers: NativeScorerOptions[],
): Promise<NativeComputeBuffers[]> {
  const { addon, backendDir } = loadAddon();
  try {
    return await addon.measureCompute({ path, placement, scorers, backendDir });
  } catch (error) {
    throw toInformError(error);
  }
}
