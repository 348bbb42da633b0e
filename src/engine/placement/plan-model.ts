import { checkIsModel, trainedContextOf } from '../../gguf/reward-model-file.js';
import { readGgufModel } from '../../gguf/split-model.js';
import { listDevices } from '../../addon/device-report.js';
import { settleOptions } from '../../options/settle.js';
import type { ModelOptions } from '../../options/model-options.js';
import { choosePlacement } from './choose.js';
import { measureForSimulation, measureOnDevices } from './measure-compute.js';
import { ASSUMPTIONS, type Estimate, type Speeds } from './estimate.js';
import { checkShares } from './load-plan.js';
import { measureSpeeds } from './measure-speeds.js';
import { machineOf, simulatedMachine } from './machine.js';
import { modelMemory } from './model-memory.js';
import type { Machine, Placement } from './plan.js';

/** What `inform-score plan` says of one model and one machine. */
export interface PlanReport {
  readonly model: { readonly path: string; readonly bytes: number; readonly layers: number };
  readonly machine: Machine & { readonly simulated: boolean };
  /** The most samples evaluated together. */
  readonly batchSize: number;
  /** Tokens that are read of a longer sample. */
  readonly maxLength: number;
  readonly placement: Placement;
  readonly estimate: Estimate;
  readonly speeds: Speeds;
  /** Which of them were measured here; the others are given by the user, assumed or unknown. */
  readonly measured: readonly (keyof Speeds)[];
}

export interface PlanSettings {
  /** Free memory of devices that are not here, "cuda0=24G,host=64G"; undefined: those that are. */
  readonly memory: string | undefined;
  /** What the user says of the hardware: not measured. */
  readonly speeds: Partial<Speeds>;
  /** On the disk that the model is on, or will be. */
  readonly folder: string;
  /** Plan with one more GPU like the first one. */
  readonly secondCard?: boolean | undefined;
}

function withSecondCard(machine: Machine): Machine {
  const [first] = machine.gpus;
  if (first === undefined) return machine;
  return { ...machine, gpus: [...machine.gpus, { ...first, name: `${first.name}, a second one` }] };
}

/**
 * How a model would be loaded, without loading it: from its header, the devices' free memory and llama.cpp's own sizes.
 *
 * @throws InformError what `readGgufModel` throws, INFORM_UNSUPPORTED_MODEL, INFORM_INVALID_CONFIG, INFORM_MODEL_LOAD_FAILED
 */
export async function planModel(path: string, given: ModelOptions, settings: PlanSettings): Promise<PlanReport> {
  const { memory, folder, secondCard = false } = settings;
  const file = await readGgufModel(path, { wantArray: () => false });
  checkIsModel(file);
  const model = modelMemory(file);
  const { options } = settleOptions(given, trainedContextOf(file.metadata));
  const simulated = memory !== undefined;
  const here = simulated
    ? simulatedMachine(memory)
    : machineOf(await listDevices(), options.devices, options.splitMode);
  checkShares(options, here);
  const machine = secondCard ? withSecondCard(here) : here;
  const isThere = !simulated && !secondCard;
  const measure = (isThere ? measureOnDevices : measureForSimulation)(path, model, machine, options);
  const measured = simulated ? {} : await measureSpeeds(file, here, options, folder, settings.speeds);
  const speeds = { ...ASSUMPTIONS, ...measured, ...settings.speeds };
  const choice = await choosePlacement(model, machine, options, measure, speeds);
  return {
    model: { path, bytes: file.fileSize, layers: model.layers.length },
    machine: { ...machine, simulated },
    batchSize: options.deterministic ? 1 : options.batchSize,
    maxLength: options.maxLength,
    ...choice,
    speeds,
    measured: Object.keys(measured) as (keyof Speeds)[],
  };
}
