import { splitLayers, splitLayersByShares } from './layer-split.js';
import type { ModelMemory } from './model-memory.js';

/** A GPU, and how much of its memory may be used. */
export interface Gpu {
  readonly name: string;
  readonly description: string;
  readonly freeBytes: number;
  /** Whether contexts in several threads may hand intermediate results from it to another GPU at the same time. */
  readonly concurrentTransfers: boolean;
}

export interface Machine {
  readonly gpus: readonly Gpu[];
  /** Host memory that is free, in bytes. */
  readonly hostFreeBytes: number;
}

/** How work is cut: what llama.cpp is given at a time, and the room for it. */
export interface BatchSizes {
  /** Tokens that go through the layers at once. */
  readonly microBatch: number;
  /** Tokens computed in one batch. */
  readonly batchTokens: number;
  /** KV cells. */
  readonly contextTokens: number;
}

/** Bytes of the buffers for a graph's intermediate results. */
export interface ComputeBuffers {
  /** In the order of the machine's GPUs. */
  readonly gpus: readonly number[];
  readonly host: number;
}

/** What the user decides of a placement. */
export interface PlacementOptions {
  readonly gpuLayers: number | 'auto';
  /** Whether layers that are not on a GPU are computed there, their weights copied for each micro-batch, or by the CPU. */
  readonly streaming: boolean;
  readonly splitMode: 'layer' | 'row' | 'none';
  /** Each GPU's share of the layers; undefined: as they fit. */
  readonly tensorSplit: readonly number[] | undefined;
  /** Bytes of an element of the KV cache. */
  readonly kvBytes: number;
}

/** What lies on one GPU; all sizes in bytes. */
export interface DevicePlan {
  readonly name: string;
  readonly description: string;
  readonly free: number;
  /** The first of its layers, counted from 0, and how many there are; the streamed ones are among them, first. */
  readonly firstLayer: number;
  readonly layers: number;
  readonly streamedLayers: number;
  /** Whether the output norm and the matrix behind it are here. */
  readonly hasOutput: boolean;
  readonly weights: number;
  readonly kv: number;
  readonly compute: number;
  /** Room for what kernels allocate while they run. */
  readonly workspace: number;
  /** Kept free for everything else. */
  readonly margin: number;
}

export interface HostPlan {
  /** What is never copied to a GPU: embedding, score head, layers of the CPU. */
  readonly weights: number;
  /** Matrices that are copied to a GPU for each micro-batch. */
  readonly streamed: number;
  /** Whether those lie in memory that the GPU's driver allocated, or in the mapped file. */
  readonly pinned: boolean;
  /** Whether memory holds a copy of the weights in the order of the CPU's fastest kernels, or they stay in the mapped file. */
  readonly repacked: boolean;
  readonly kv: number;
  readonly compute: number;
}

/** Where everything lies, and how work is cut. */
export interface Placement extends BatchSizes {
  /** GPUs with layers; none: the CPU does everything. */
  readonly devices: readonly DevicePlan[];
  /** Layers whose weights are on a GPU. */
  readonly gpuLayers: number;
  readonly streamedLayers: number;
  readonly cpuLayers: number;
  /** Contexts that compute side by side, so that several GPUs are busy at once. */
  readonly contexts: number;
  readonly splitMode: PlacementOptions['splitMode'];
  readonly host: HostPlan;
  /** Whether all of it is expected to fit. Only what the user demands may not. */
  readonly fits: boolean;
}

/** llama.cpp rounds the KV cache up to this many cells. */
const KV_CELLS = 256;

const MIB = 2 ** 20;
const MARGIN = 512 * MIB;

/** Left to the system and to other programs by what is allocated for weights. */
const HOST_RESERVE = 2 ** 31;

/** Everything in host memory, computed by the CPU. */
export function cpuPlacement(
  model: ModelMemory,
  sizes: BatchSizes,
  options: PlacementOptions,
  compute: number,
  hostFreeBytes: number,
): Placement {
  const layerCount = model.layers.length;
  const weights = model.embedding + model.output + model.head + sumOf(model.layers.map(bytesOf));
  return {
    ...sizes,
    devices: [],
    gpuLayers: 0,
    streamedLayers: 0,
    cpuLayers: layerCount,
    contexts: 1,
    splitMode: options.splitMode,
    host: {
      weights,
      streamed: 0,
      pinned: false,
      repacked: fitsHost(weights + compute, hostFreeBytes),
      kv: layerCount * kvBytesOfLayer(model, sizes, options),
      compute,
    },
    fits: true,
  };
}

/**
 * The placement with the most layers on the GPUs: the later layers' weights lie on them, the first ones' are streamed to the
 * first GPU or left to the CPU. Nothing takes more of a GPU than is free, less a margin; undefined where not even a
 * placement without any layer's weights fits. A number of layers that the user demands is taken as it is.
 */
export function planPlacement(
  model: ModelMemory,
  machine: Machine,
  options: PlacementOptions,
  sizes: BatchSizes,
  compute: ComputeBuffers,
  contexts: number,
): Placement | undefined {
  const fixed = options.gpuLayers === 'auto' ? undefined : Math.min(options.gpuLayers, model.layers.length);
  const attempt = (count: number, strict: boolean): Placement | undefined =>
    place(model, machine, options, sizes, compute, contexts, count, strict);
  if (fixed !== undefined) return attempt(fixed, true) ?? attempt(fixed, false);
  // Without streaming a placement without layers is the CPU's.
  const least = options.streaming ? 0 : 1;
  for (let count = model.layers.length; count >= least; count--) {
    const placement = attempt(count, true);
    if (placement) return placement;
  }
  return undefined;
}

/** With the weights of the last `gpuLayers` layers on GPUs; undefined where that does not fit and `strict` asks for it. */
function place(
  model: ModelMemory,
  { gpus, hostFreeBytes }: Machine,
  options: PlacementOptions,
  sizes: BatchSizes,
  compute: ComputeBuffers,
  contexts: number,
  gpuLayers: number,
  strict: boolean,
): Placement | undefined {
  const rest = model.layers.length - gpuLayers;
  const streamed = options.streaming ? rest : 0;
  const onCpu = rest - streamed;
  const kv = contexts * kvBytesOfLayer(model, sizes, options);
  const workspace = workspaceBytes(model, sizes);

  // What each layer of the GPUs takes there; the output is the last, as llama.cpp counts.
  const weights = model.layers
    .slice(onCpu)
    .map((layer, i) => (i < streamed ? layer.vectors : bytesOf(layer)))
    .concat(model.output);
  const loads = weights.map((bytes, i) => bytes + (i < weights.length - 1 ? kv : 0));
  const rooms = gpus.map((gpu, i) => {
    const room = gpu.freeBytes - marginOf(gpu) - contexts * (workspace + (compute.gpus[i] ?? 0));
    return strict ? room : Math.max(gpu.freeBytes, 1);
  });
  const counts = options.tensorSplit
    ? splitLayersByShares(loads, rooms, options.tensorSplit, strict)
    : splitLayers(loads, rooms, strict);
  // Streamed layers are the first GPU's: it is the one that llama.cpp computes them on.
  if (!counts || (strict && streamed > (counts.find((count) => count > 0) ?? 0))) return undefined;

  const devices: DevicePlan[] = [];
  let at = 0;
  for (const [i, gpu] of gpus.entries()) {
    const count = counts[i] ?? 0;
    if (count === 0) continue;
    const end = at + count;
    const hasOutput = end === weights.length;
    const layers = hasOutput ? count - 1 : count;
    devices.push({
      name: gpu.name,
      description: gpu.description,
      free: gpu.freeBytes,
      firstLayer: onCpu + at,
      layers,
      streamedLayers: Math.max(0, Math.min(streamed - at, layers)),
      hasOutput,
      weights: sumOf(weights.slice(at, end)),
      kv: layers * kv,
      compute: contexts * (compute.gpus[i] ?? 0),
      workspace: contexts * workspace,
      margin: marginOf(gpu),
    });
    at = end;
  }
  const streamedBytes = sumOf(model.layers.slice(0, streamed).map(({ matrices }) => matrices));
  const hostWeights = model.embedding + model.head + sumOf(model.layers.slice(0, onCpu).map(bytesOf));
  return {
    ...sizes,
    devices,
    gpuLayers,
    streamedLayers: streamed,
    cpuLayers: onCpu,
    contexts,
    splitMode: options.splitMode,
    host: {
      weights: hostWeights,
      streamed: streamedBytes,
      pinned: streamed > 0 && fitsHost(streamedBytes + hostWeights + compute.host, hostFreeBytes),
      repacked: fitsHost(streamedBytes + hostWeights + compute.host, hostFreeBytes),
      kv: onCpu * kv,
      compute: contexts * compute.host,
    },
    fits: devices.every((device) => usedOf(device) <= device.free),
  };
}

/** All that a GPU is expected to hold, the margin included. */
export function usedOf({ weights, kv, compute, workspace, margin }: DevicePlan): number {
  return weights + kv + compute + workspace + margin;
}

/** All that the host is expected to hold. */
export function hostBytesOf({ weights, streamed, kv, compute }: HostPlan): number {
  return weights + streamed + kv + compute;
}

/** Whether the host can allocate this much and still work. What is mapped from a file may be larger. */
export function fitsHost(bytes: number, hostFreeBytes: number): boolean {
  return bytes + HOST_RESERVE <= hostFreeBytes;
}

function kvBytesOfLayer(model: ModelMemory, { contextTokens }: BatchSizes, { kvBytes }: PlacementOptions): number {
  return Math.ceil(contextTokens / KV_CELLS) * KV_CELLS * model.kvElements * kvBytes;
}

/**
 * ggml's GPU backends allocate while they compute: an F16 copy of a quantized matrix where its product runs in cuBLAS, and
 * the activations in F16 before it.
 */
function workspaceBytes({ largestMatrix, feedForwardSize }: ModelMemory, { microBatch }: BatchSizes): number {
  return 2 * largestMatrix.elements + 2 * microBatch * feedForwardSize;
}

/** For the driver, other programs, and what this arithmetic does not know. */
function marginOf({ freeBytes }: Gpu): number {
  return Math.min(MARGIN, freeBytes / 8);
}

function bytesOf({ matrices, vectors }: ModelMemory['layers'][number]): number {
  return matrices + vectors;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
