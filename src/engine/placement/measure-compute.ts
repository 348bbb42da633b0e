import { measureCompute } from '../../addon/model.js';
import type { Activations, NativePlacement, NativeScorerOptions } from '../../addon/load-addon.js';
import type { SettledOptions } from '../../options/settle.js';
import { physicalCores } from '../../util/physical-cores.js';
import type { MeasureCompute } from './choose.js';
import { streamedTensors, type ModelMemory } from './model-memory.js';
import type { Machine, Placement, BatchSizes } from './plan.js';

/** Measures compute buffers on the machine's own devices: llama.cpp goes through a load without allocating anything. */
export function measureOnDevices(
  path: string,
  model: ModelMemory,
  machine: Machine,
  options: SettledOptions,
): MeasureCompute {
  const devices = machine.gpus.map(({ name }) => name);
  return async (sizes, streaming) =>
    measure(path, sizes, options, {
      devices,
      shares: [],
      splitMode: options.splitMode,
      gpuLayers: ALL_LAYERS,
      // The last layer stays: streaming it changes nothing, and its outputs are too few for a GPU to be asked.
      streamedTensors: streaming ? streamedTensors(model.layers.length - 1) : '',
      pinned: true,
      repacked: true,
    });
}

/**
 * Stands in for devices that are not here. The intermediate results are the same everywhere, so the CPU's buffers are measured;
 * a GPU also gets room for the largest matrix that is streamed to it.
 */
export function measureForSimulation(
  path: string,
  model: ModelMemory,
  machine: Machine,
  options: SettledOptions,
): MeasureCompute {
  return async (sizes, streaming) => {
    const onCpu = await measure(path, sizes, options, CPU_ONLY);
    return onCpu.map(({ host }) => ({
      gpus: machine.gpus.map(() => host + (streaming ? model.largestMatrix.bytes : 0)),
      host,
    }));
  };
}

/** llama.cpp takes a negative number as all layers and the output. */
const ALL_LAYERS = -1;

export const CPU_ONLY: NativePlacement = {
  devices: [],
  shares: [],
  splitMode: 'layer',
  gpuLayers: 0,
  streamedTensors: '',
  pinned: false,
  repacked: true,
};

async function measure(
  path: string,
  sizes: readonly BatchSizes[],
  options: SettledOptions,
  placement: NativePlacement,
): Promise<{ gpus: readonly number[]; host: number }[]> {
  const scorers = sizes.map((sizes) => scorerOptions(options, sizes));
  const measured = await measureCompute(path, placement, scorers);
  return measured.map(({ devices, host }) => ({ gpus: devices, host }));
}

/** A placement in the addon's words. */
export function nativePlacement({ devices, cpuLayers, ...placement }: Placement, layerCount: number): NativePlacement {
  return {
    devices: devices.map(({ name }) => name),
    shares: devices.map(({ layers, hasOutput }) => layers + (hasOutput ? 1 : 0)),
    splitMode: placement.splitMode,
    // llama.cpp counts the output as a layer.
    gpuLayers: cpuLayers === 0 ? ALL_LAYERS : layerCount + 1 - cpuLayers,
    streamedTensors: streamedTensors(placement.streamedLayers),
    pinned: placement.host.pinned,
    repacked: placement.host.repacked,
  };
}

/** A scorer for work cut like this. */
export function scorerOptions(
  options: SettledOptions,
  sizes: BatchSizes,
  {
    opOffload = true,
    f32Kv = options.kvType === 'f32',
    // Changes no buffer that is measured.
    activations = 'int8',
  }: { opOffload?: boolean; f32Kv?: boolean; activations?: Activations } = {},
): NativeScorerOptions {
  return {
    contextTokens: sizes.contextTokens,
    maxSequences: options.deterministic ? 1 : options.batchSize,
    microBatch: sizes.microBatch,
    threads: options.threads === 'auto' ? physicalCores() : options.threads,
    flashAttention: options.flashAttention,
    f32Kv,
    deterministic: options.deterministic,
    opOffload,
    activations,
  };
}
