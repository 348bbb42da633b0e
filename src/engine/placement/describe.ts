import type { DevicePlan, Placement } from './plan.js';

/** A placement in one sentence, for the log: "CUDA0: layers 43-79 and the output, 43 streamed. Micro-batch 4096, …". */
export function describePlacement({ devices, cpuLayers, ...placement }: Placement): string {
  const parts = devices.map((device) => `${device.name}: ${layersOf(device)}`);
  if (cpuLayers > 0) parts.push(`CPU: ${layerRange(0, cpuLayers)}`);
  const { microBatch, contextTokens, contexts, fits } = placement;
  const warning = fits ? '' : ' It is expected to take more memory than is free.';
  const beside = contexts > 1 ? `, ${contexts} contexts` : '';
  return `${parts.join('; ')}. Micro-batch ${microBatch}, context ${contextTokens}${beside}.${warning}`;
}

/** "layers 43-79, the output" */
export function layersOf({ firstLayer, layers, streamedLayers, hasOutput }: DevicePlan): string {
  const resident = layers - streamedLayers;
  const parts = [
    resident > 0 ? [layerRange(firstLayer + streamedLayers, resident)] : [],
    hasOutput ? ['the output'] : [],
    streamedLayers > 0 ? [`computes the streamed ${layerRange(firstLayer, streamedLayers)}`] : [],
  ].flat();
  return parts.join(', ');
}

/** "layers 0-44" */
export function layerRange(first: number, count: number): string {
  return count === 1 ? `layer ${first}` : `layers ${first}-${first + count - 1}`;
}
