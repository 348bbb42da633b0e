import { fromNative } from './errors.js';
import { checkIsLlama } from './gguf/llama-model.js';
import { readGgufModel } from './gguf/shards.js';
import { loadAddon } from './native.js';
import type { ModelOptions } from './options.js';
import { choosePlacement } from './placement/choose.js';
import { measureForSimulation, measureOnDevices } from './placement/dry-load.js';
import type { Assumptions } from './placement/estimate.js';
import { checkShares } from './placement/load-plan.js';
import { machineOf, simulatedMachine } from './placement/machine.js';
import { modelMemory } from './placement/model-memory.js';
import type { PlanReport } from './placement/report.js';

export interface PlanSettings {
  /** Free memory of devices that are not here, "cuda0=24G,host=64G"; undefined: those that are. */
  readonly memory: string | undefined;
  readonly assumptions: Assumptions;
}

/**
 * How a model would be loaded, without loading it: from its header, the devices' free memory and llama.cpp's own sizes.
 *
 * @throws InformError what `readGgufModel` throws, INFORM_UNSUPPORTED_MODEL, INFORM_INVALID_CONFIG, INFORM_MODEL_LOAD_FAILED
 */
export async function planModel(path: string, options: ModelOptions, settings: PlanSettings): Promise<PlanReport> {
  const { memory, assumptions } = settings;
  const file = await readGgufModel(path, { wantArray: () => false });
  checkIsLlama(file);
  const model = modelMemory(file);
  const loaded = loadAddon();
  try {
    const simulated = memory !== undefined;
    const machine = simulated
      ? simulatedMachine(memory)
      : machineOf(await loaded.addon.devices(loaded.backendDir), options.devices, options.splitMode);
    checkShares(options, machine);
    const measure = (simulated ? measureForSimulation : measureOnDevices)(loaded, path, model, machine, options);
    const choice = await choosePlacement(model, machine, options, measure, assumptions);
    return {
      model: { path, bytes: file.fileSize, layers: model.layers.length },
      machine: { ...machine, simulated },
      batchSize: options.deterministic ? 1 : options.batchSize,
      ...choice,
      assumptions,
    };
  } catch (error) {
    throw fromNative(error);
  }
}
