import type { ModelMemory } from './model-memory.js';
import { hostBytesOf, type Placement } from './plan.js';

/** What a plan reckons with. */
export interface Speeds {
  /** Bytes a second from pinned host memory to a GPU. */
  readonly busBytesPerSecond: number;
  /** Floating-point operations a second that one GPU reaches with large products. */
  readonly gpuFlops: number;
  /** The same of the host's CPU. */
  readonly cpuFlops: number;
  /** Bytes a second from the disk with the model's file, which counts where memory does not hold it; undefined: unknown. */
  readonly diskBytesPerSecond: number | undefined;
}

/** What is assumed of hardware that nobody has measured: PCIe 4.0 with 16 lanes moves 25 of its 31.5 GB/s; the other two are round numbers for recent hardware. */
export const ASSUMPTIONS: Speeds = {
  busBytesPerSecond: 25e9,
  gpuFlops: 100e12,
  cpuFlops: 1e12,
  diskBytesPerSecond: undefined,
};

/** Copies from the mapped file go through a buffer of the driver, at about half the speed. */
const PAGEABLE_PART = 0.5;

/** At this many tokens a GPU reaches half of its speed: the products of smaller micro-batches are too small for it. */
const HALF_SPEED_TOKENS = 64;

const PARTS = ['gpu', 'bus', 'cpu', 'disk'] as const;

/** How long one micro-batch is expected to take. */
export interface Estimate {
  /** Seconds of all GPUs together. */
  readonly gpuSeconds: number;
  readonly cpuSeconds: number;
  /** Copying the streamed weights; llama.cpp does not compute meanwhile. */
  readonly busSeconds: number;
  /** Reading weights that memory does not hold, for each micro-batch anew; undefined where that happens at an unknown speed. */
  readonly diskSeconds: number | undefined;
  /** What the micro-batch takes of the time of the whole, but for a disk of unknown speed. */
  readonly seconds: number;
  readonly tokensPerSecond: number;
  readonly bottleneck: 'gpu' | 'bus' | 'cpu' | 'disk';
  /** Tokens of a micro-batch whose computing takes as long as the copying; 0 where nothing is streamed. */
  readonly balancedMicroBatch: number;
}

/**
 * Time from arithmetic: 2 operations for each weight and token, 4 for each KV cell, token and element of the attention's
 * width; streamed bytes over the bus's speed. A mapped file that memory does not hold is read from its beginning to its end for
 * each micro-batch: what was read first is what the page cache drops first.
 */
export function estimateMicroBatch(
  model: ModelMemory,
  placement: Placement,
  { busBytesPerSecond, gpuFlops, cpuFlops, diskBytesPerSecond }: Speeds,
  hostFreeBytes = Infinity,
): Estimate {
  const { microBatch, contextTokens, contexts, cpuLayers, devices, host } = placement;
  const layerCount = model.layers.length;
  const tokenFlops = 2 * model.matrixElements + 4 * model.attentionWidth * contextTokens * layerCount;
  const gpuPart = (layerCount - cpuLayers) / layerCount;
  const busSeconds = host.streamed / (busBytesPerSecond * (host.pinned ? 1 : PAGEABLE_PART));
  const fullSpeed = (tokenFlops * gpuPart) / gpuFlops;
  const gpuSeconds = fullSpeed * (microBatch + HALF_SPEED_TOKENS);
  const cpuSeconds = (microBatch * tokenFlops * (1 - gpuPart)) / cpuFlops;
  const mapped = host.weights + (host.pinned ? 0 : host.streamed);
  const rereads = hostBytesOf(host) > hostFreeBytes;
  const diskSeconds = rereads ? diskBytesPerSecond && mapped / diskBytesPerSecond : 0;
  const serial = gpuSeconds + busSeconds + cpuSeconds + (diskSeconds ?? 0);
  // Contexts side by side keep every GPU busy; the one with the most work sets the pace.
  const gpuLayers = layerCount - cpuLayers;
  const slowest = Math.max(
    ...devices.map(({ layers, streamedLayers }, i) => {
      const streams = streamedLayers > 0 ? busSeconds : 0;
      return (gpuSeconds * layers) / gpuLayers + streams + (i === 0 ? cpuSeconds : 0);
    }),
  );
  const seconds = contexts > 1 ? Math.max(slowest, serial / contexts) : serial;
  const parts = { gpu: gpuSeconds, bus: busSeconds, cpu: cpuSeconds, disk: diskSeconds ?? 0 };
  return {
    gpuSeconds,
    cpuSeconds,
    busSeconds,
    diskSeconds,
    seconds,
    tokensPerSecond: microBatch / seconds,
    bottleneck: PARTS.reduce((most, part) => (parts[part] > parts[most] ? part : most)),
    balancedMicroBatch: busSeconds === 0 ? 0 : Math.max(0, Math.ceil(busSeconds / fullSpeed - HALF_SPEED_TOKENS)),
  };
}
