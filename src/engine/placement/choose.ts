import type { ModelOptions } from '../../options/table.js';
import { ASSUMPTIONS, estimateMicroBatch, type Assumptions, type Estimate } from './estimate.js';
import type { ModelMemory } from './model-memory.js';
import {
  cpuPlacement,
  planPlacement,
  type ComputeBuffers,
  type Machine,
  type Placement,
  type PlacementWishes,
  type Shape,
} from './plan.js';
import { cpuShape, gpuShapes } from './batch-sizes.js';

/** Says how large llama.cpp's compute buffers are for each shape, where layers are streamed or not. */
export type MeasureCompute = (shapes: readonly Shape[], streaming: boolean) => Promise<ComputeBuffers[]>;

export interface Choice {
  readonly placement: Placement;
  readonly estimate: Estimate;
}

/** A larger micro-batch, or a second context, must be expected to gain this much. */
const WORTH = 1.01;

/** Two contexts keep two GPUs busy; more would gain little and take memory from the weights. */
const CONTEXTS = 2;

/** The wishes that options express. */
export function wishesOf(options: ModelOptions): PlacementWishes {
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
  options: ModelOptions,
  measure: MeasureCompute,
  assumptions: Assumptions = ASSUMPTIONS,
): Promise<Choice> {
  const wishes = wishesOf(options);
  const estimated = (placement: Placement): Choice => ({
    placement,
    estimate: estimateMicroBatch(model, placement, assumptions),
  });
  const found = (await candidates(model, machine, options, wishes, measure)).map(estimated);
  const fitting = found.filter(({ placement }) => placement.fits);
  // What the user demands may fit with no micro-batch: then the smallest is tried.
  const [first, ...others] = fitting.length > 0 ? fitting : found.slice(0, 1);
  if (first) {
    return others.reduce(
      (best, next) => (next.estimate.tokensPerSecond > best.estimate.tokensPerSecond * WORTH ? next : best),
      first,
    );
  }
  const shape = cpuShape(options);
  const [compute] = await measure([shape], false);
  return estimated(cpuPlacement(model, shape, wishes, compute?.host ?? 0));
}

/** Every placement worth a comparison, the ones with small micro-batches first. */
async function candidates(
  model: ModelMemory,
  machine: Machine,
  options: ModelOptions,
  wishes: PlacementWishes,
  measure: MeasureCompute,
): Promise<Placement[]> {
  if (machine.gpus.length === 0 || (wishes.gpuLayers === 0 && !wishes.streaming)) return [];
  const shapes = gpuShapes(options);
  const sideBySide =
    machine.gpus.length > 1 &&
    machine.gpus.every(({ handsOnConcurrently }) => handsOnConcurrently) &&
    wishes.splitMode === 'layer';
  const contextCounts = sideBySide ? [1, CONTEXTS] : [1];
  const plansWith = (buffers: readonly ComputeBuffers[]): (Placement | undefined)[] =>
    shapes.flatMap((shape, i) =>
      contextCounts.map((contexts) => {
        const compute = buffers[i];
        const placement = compute && planPlacement(model, machine, wishes, shape, compute, contexts);
        // A second context is of no use on one GPU.
        return placement && contexts > 1 && placement.devices.length === 1 ? undefined : placement;
      }),
    );
  const resident = plansWith(await measure(shapes, false));
  // Streamed matrices need buffers on the GPU, so those placements are planned again with them.
  const needsStreaming = wishes.streaming && resident.some((placement) => placement?.streamedLayers !== 0);
  const streamed = needsStreaming ? plansWith(await measure(shapes, true)) : [];
  return resident.flatMap((placement, i) => (placement?.streamedLayers === 0 ? placement : (streamed[i] ?? [])));
}
