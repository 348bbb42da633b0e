import type { SettledOptions } from '../../options/settle.js';
import { ASSUMPTIONS, estimateMicroBatch, type Speeds, type Estimate } from './estimate.js';
import type { ModelMemory } from './model-memory.js';
import {
  cpuPlacement,
  planPlacement,
  type ComputeBuffers,
  type Machine,
  type Placement,
  type PlacementOptions,
  type BatchSizes,
} from './plan.js';
import { cpuBatchSizes, gpuBatchSizes } from './batch-sizes.js';

/** Says how large llama.cpp's compute buffers are for each size, where layers are streamed or not. */
export type MeasureCompute = (sizes: readonly BatchSizes[], streaming: boolean) => Promise<ComputeBuffers[]>;

export interface PlacementChoice {
  readonly placement: Placement;
  readonly estimate: Estimate;
}

/** A larger micro-batch, or a second context, must be expected to gain this much. */
const WORTH = 1.01;

/** Two contexts keep two GPUs busy; more would gain little and take memory from the weights. */
const CONTEXTS = 2;

/** What the options ask of a placement. */
export function placementOptionsOf(options: SettledOptions): PlacementOptions {
  const { gpuLayers, streamWeights, splitMode, tensorSplit, kvType } = options;
  // Without a layer on a GPU, streaming would use one that the user has turned off.
  const streaming = streamWeights === 'always' || (streamWeights === 'auto' && gpuLayers !== 0);
  return { gpuLayers, streaming, splitMode, tensorSplit, kvBytes: kvType === 'f32' ? 4 : 2 };
}

/**
 * The placement that is expected to score the most tokens a second: for every micro-batch the one with the most layers on the
 * GPUs, with one context or, on several GPUs that allow it, two. The CPU's where nothing fits on a GPU, or none is wished for.
 */
export async function choosePlacement(
  model: ModelMemory,
  machine: Machine,
  options: SettledOptions,
  measure: MeasureCompute,
  speeds: Speeds = ASSUMPTIONS,
): Promise<PlacementChoice> {
  const wanted = placementOptionsOf(options);
  const estimated = (placement: Placement): PlacementChoice => ({
    placement,
    estimate: estimateMicroBatch(model, placement, speeds, machine.hostFreeBytes),
  });
  const found = (await candidates(model, machine, options, wanted, measure)).map(estimated);
  const fitting = found.filter(({ placement }) => placement.fits);
  // What the user demands may fit with no micro-batch: then the smallest is tried.
  const [first, ...others] = fitting.length > 0 ? fitting : found.slice(0, 1);
  if (first) {
    return others.reduce(
      (best, next) => (next.estimate.tokensPerSecond > best.estimate.tokensPerSecond * WORTH ? next : best),
      first,
    );
  }
  const size = cpuBatchSizes(options);
  const [compute] = await measure([size], false);
  return estimated(cpuPlacement(model, size, wanted, compute?.host ?? 0));
}

/** Every placement worth a comparison, the ones with small micro-batches first. */
async function candidates(
  model: ModelMemory,
  machine: Machine,
  options: SettledOptions,
  wanted: PlacementOptions,
  measure: MeasureCompute,
): Promise<Placement[]> {
  if (machine.gpus.length === 0 || (wanted.gpuLayers === 0 && !wanted.streaming)) return [];
  const sizes = gpuBatchSizes(options);
  const sideBySide =
    machine.gpus.length > 1 &&
    machine.gpus.every(({ concurrentTransfers }) => concurrentTransfers) &&
    wanted.splitMode === 'layer';
  const contextCounts = sideBySide ? [1, CONTEXTS] : [1];
  const plansWith = (buffers: readonly ComputeBuffers[]): (Placement | undefined)[] =>
    sizes.flatMap((size, i) =>
      contextCounts.map((contexts) => {
        const compute = buffers[i];
        const placement = compute && planPlacement(model, machine, wanted, size, compute, contexts);
        // A second context is of no use on one GPU.
        return placement && contexts > 1 && placement.devices.length === 1 ? undefined : placement;
      }),
    );
  const resident = plansWith(await measure(sizes, false));
  // Streamed matrices need buffers on the GPU, so those placements are planned again with them.
  const needsStreaming = wanted.streaming && resident.some((placement) => placement?.streamedLayers !== 0);
  const streamed = needsStreaming ? plansWith(await measure(sizes, true)) : [];
  return resident.flatMap((placement, i) => (placement?.streamedLayers === 0 ? placement : (streamed[i] ?? [])));
}
