import { InformError } from '../../errors.js';
import { checkIsModel } from '../../gguf/reward-model-file.js';
import { readGgufModel, splitPaths } from '../../gguf/split-model.js';
import { listDevices } from '../../addon/device-report.js';
import type { Activations, NativePlacement } from '../../addon/load-addon.js';
import type { SettledOptions } from '../../options/settle.js';
import { availableMemory } from '../../util/available-memory.js';
import { fileSize } from '../../util/files/file-size.js';
import { activationsOf } from './activations.js';
import { choosePlacement, placementOptionsOf, type MeasureCompute } from './choose.js';
import { CPU_ONLY, measureOnDevices, nativePlacement } from './measure-compute.js';
import { machineOf, shrunkMachine } from './machine.js';
import { modelMemory } from './model-memory.js';
import { fitsHost, type Machine, type Placement, type BatchSizes } from './plan.js';
import { cpuBatchSizes } from './batch-sizes.js';

/** How a model is loaded: where its weights lie, and how work is cut. */
export interface LoadPlan extends BatchSizes {
  readonly activations: Activations;
  readonly native: NativePlacement;
  readonly contexts: number;
  readonly opOffload: boolean;
  /** Undefined where the CPU does everything. */
  readonly placement: Placement | undefined;
  /** What a user should know of it before it is tried. */
  readonly note: string | undefined;
}

/**
 * What plans the loading of a model with these options, on the devices that are here, for a part (0..1) of their free memory.
 * It answers undefined where there is no plan but those for more. Without a GPU to use nothing is read or measured.
 *
 * @throws InformError INFORM_INVALID_CONFIG (devices that are not here, a context that is too small), and of files what
 *   `readGgufModel` throws and INFORM_UNSUPPORTED_MODEL
 */
export async function loadPlanner(
  path: string,
  options: SettledOptions,
): Promise<(part: number) => Promise<LoadPlan | undefined>> {
  const activations = activationsOf(options, await listDevices());
  // Only llama.cpp's kernels want the weights in an order of their own.
  const repacked = activations === 'ggml';
  const cpu: LoadPlan = {
    ...cpuBatchSizes(options),
    activations,
    native: { ...CPU_ONLY, repacked: repacked && fitsHost(await bytesOf(path), availableMemory()) },
    contexts: 1,
    opOffload: true,
    placement: undefined,
    note: undefined,
  };
  if (options.gpuLayers === 0 && !placementOptionsOf(options).streaming) return onlyAtFirst(cpu);
  const first = await findMachine(options);
  if (first.gpus.length === 0) return onlyAtFirst({ ...cpu, note: nothingToUse(options) });

  const file = await readGgufModel(path, { wantArray: () => false });
  checkIsModel(file);
  const model = modelMemory(file);
  const measure = onceEach(measureOnDevices(path, model, first, options));
  return async (part) => {
    if (part === 0) return options.gpuLayers === 'auto' ? cpu : undefined;
    // What is free may have changed since an attempt failed.
    const machine = part === 1 ? first : shrunkMachine(await findMachine(options), part);
    const { placement } = await choosePlacement(model, machine, options, measure);
    if (placement.devices.length === 0) return { ...cpu, note: nothingFits(machine, options) };
    const { microBatch, batchTokens, contextTokens, contexts } = placement;
    const native = nativePlacement(placement, model.layers.length);
    return {
      microBatch,
      batchTokens,
      contextTokens,
      contexts,
      activations,
      native: { ...native, repacked: repacked && native.repacked },
      opOffload: placementOptionsOf(options).streaming,
      placement,
      note: placement.fits
        ? undefined
        : 'The layers that gpu_layers puts on the GPUs are expected to need more memory than is free.',
    };
  };
}

/** A file that is missing is named when it is loaded. */
async function bytesOf(path: string): Promise<number> {
  const sizes = await Promise.all(splitPaths(path).map(fileSize));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

/** Buffers do not depend on what is free: one measurement serves all plans. */
function onceEach(measure: MeasureCompute): MeasureCompute {
  const measured = new Map<string, ReturnType<MeasureCompute>>();
  return (sizes, streaming) => {
    const key = JSON.stringify([sizes, streaming]);
    const result = measured.get(key) ?? measure(sizes, streaming);
    measured.set(key, result);
    return result;
  };
}

/** Options that ask for a GPU are not passed over in silence where there is none. */
function nothingToUse({ gpuLayers, tensorSplit, splitMode, streamWeights }: SettledOptions): string | undefined {
  const asked = [
    ...(gpuLayers === 'auto' || gpuLayers === 0 ? [] : [`gpu_layers ${gpuLayers}`]),
    ...(tensorSplit === undefined ? [] : ['tensor_split']),
    ...(splitMode === 'layer' ? [] : [`split_mode ${splitMode}`]),
    ...(streamWeights === 'always' ? ['stream_weights always'] : []),
  ];
  if (asked.length === 0) return undefined;
  return `No GPU can be used here, so ${asked.join(', ')} had no effect and the CPU does everything. inform-score devices says why, and inform-score backend add fetches a backend.`;
}

function nothingFits({ gpus }: Machine, { tensorSplit }: SettledOptions): string {
  const how = tensorSplit === undefined ? '' : ' split like that';
  return (
    `The model does not fit on ${gpus.map(({ name }) => name).join(', ')}${how}, not even with all its weights in host memory, ` +
    'so the CPU does everything. inform-score plan shows what is free.'
  );
}

function onlyAtFirst(plan: LoadPlan): (part: number) => Promise<LoadPlan | undefined> {
  return (part) => Promise.resolve(part === 1 ? plan : undefined);
}

async function findMachine(options: SettledOptions): Promise<Machine> {
  const machine = machineOf(await listDevices(), options.devices, options.splitMode);
  checkShares(options, machine);
  return machine;
}

/** @throws InformError INFORM_INVALID_CONFIG */
export function checkShares({ tensorSplit }: SettledOptions, { gpus }: Machine): void {
  if (tensorSplit === undefined || gpus.length === 0 || tensorSplit.length === gpus.length) return;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `tensor_split has ${tensorSplit.length} numbers, but must have one for each GPU: ${gpus.map(({ name }) => name).join(', ')}.`,
  );
}
