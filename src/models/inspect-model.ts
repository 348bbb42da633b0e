import type { WantedType } from '../gguf/model-types.js';
import { resolveModelOptions } from '../options/check.js';
import { refuseUnknownOptions } from '../options/unknown-key.js';
import { requireFunction, requireOptions, requireSignal, requireText } from '../util/call-checks.js';
import { CallerErrors } from '../util/caller-errors.js';
import type { ProgressStatus } from '../util/progress-status.js';
import { inspectGguf, type ModelReport } from './inspect.js';
import { withPlannedModel } from './planned-model.js';

export interface InspectOptions {
  /** What a checkpoint folder or a Hugging Face model is, or would be, converted to. Default: "auto". */
  type?: WantedType | undefined;
  /** Ends it with INFORM_ABORTED. */
  signal?: AbortSignal | undefined;
  /** Called now and then while the hub is asked. */
  onProgress?: ((status: ProgressStatus) => void) | undefined;
}

/**
 * What a model's file holds, without loading it: a GGUF file, all shards of a split one, the embedded model for `'demo'`. Of a checkpoint
 * folder and of a Hugging Face model that is not here it is what their conversion would hold; of the latter only the
 * headers of the weights are fetched, and so nothing of its tokenizer.
 *
 * Throws InformError: INFORM_MODEL_NOT_FOUND, INFORM_INVALID_MODEL_FILE; for folders and ids also INFORM_INVALID_CHECKPOINT,
 * INFORM_UNSUPPORTED_MODEL, INFORM_DOWNLOAD_FAILED, INFORM_ABORTED.
 */
export async function inspectModel(model: string, options: InspectOptions = {}): Promise<ModelReport> {
  requireText(model, 'model');
  requireOptions(options, 'options');
  refuseUnknownOptions(options, ['type', 'signal', 'onProgress']);
  const { type = 'auto', signal, onProgress } = options;
  requireSignal(signal);
  requireFunction(onProgress, 'onProgress');
  const callers = new CallerErrors();
  try {
    const asked = { type: resolveModelOptions({ type }).type, signal, onProgress: callers.watch(onProgress) };
    return await withPlannedModel(model, { ...asked, inFull: true }, async ({ path, notHere }) => {
      const report = await inspectGguf(path);
      return notHere === undefined ? report : { ...report, path: model, planned: true };
    });
  } catch (error) {
    throw callers.outward(error);
  }
}
