import { checkIsModel, trainedContextOf } from '../../gguf/reward-model-file.js';
import { readGgufModel } from '../../gguf/split-model.js';
import { listDevices } from '../../addon/device-report.js';
import { settleOptions } from '../../options/settle.js';
import type { ModelOptions } from '../../options/model-options.js';
import { choosePlacement } from './choose.js';
import { measureForSimulation, measureOnDevices } from './measure-compute.js';
import type { Assumptions, Estimate } from './estimate.js';
import { checkShares } from './load-plan.js';
import { machineOf, simulatedMachine } from './machine.js';
import { modelMemory } from './model-memory.js';
import type { Machine, Placement } from './plan.js';

/** What `inform-score plan` says of one model and one machine. */
export interface PlanReport {
  readonly model: { readonly path: string; readonly bytes: number; readonly layers: number };
  readonly machine: Machine & { readonly simulated: boolean };
  /** The most samples evaluated together. */
  readonly batchSize: number;
  readonly placement: Placement;
  readonly estimate: Estimate;
  readonly assumptions: Assumptions;
}

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
export async function planModel(path: string, given: ModelOptions, settings: PlanSettings): Promise<PlanReport> {
  const { memory, assumptions } = settings;
  const file = await readGgufModel(path, { wantArray: () => false });
  checkIsModel(file);
  const model = modelMemory(file);
  const { options } = settleOptions(given, trainedContextOf(file.metadata));
  const simulated = memory !== undefined;
  const machine = simulated
    ? simulatedMachine(memory)
    : machineOf(await listDevices(), options.devices, options.splitMode);
  checkShares(options, machine);
  const measure = (simulated ? measureForSimulation : measureOnDevices)(path, model, machine, options);
  const choice = await choosePlacement(model, machine, options, measure, assumptions);
  return {
    model: { path, bytes: file.fileSize, layers: model.layers.length },
    machine: { ...machine, simulated },
    batchSize: options.deterministic ? 1 : options.batchSize,
    ...choice,
    assumptions,
  };
}
