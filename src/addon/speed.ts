import { toInformError } from '../errors.js';
import { loadAddon, type Activations, type AttentionShape, type NativeAddon } from './load-addon.js';

// How fast this machine is at what scoring spends its time on. Each takes about a quarter of a second.

/**
 * Floating-point operations a second, two for a weight and a token, in the products of a layer's weights with a micro-batch.
 *
 * @param type the id of one of ggml's tensor types
 * @param threads of a CPU
 * @param repacked whether a CPU's weights are in the order of its fastest kernels, or as in the file
 * @param activations what a CPU rounds them to
 * @throws InformError INFORM_OUT_OF_MEMORY, INFORM_DECODE_FAILED for a type that the device cannot multiply
 */
export async function measureProduct(
  device: string,
  type: number,
  threads: number,
  repacked: boolean,
  activations: Activations,
): Promise<number> {
  return measured((addon, backendDir) =>
    addon.measureProduct({ device, type, threads, repacked, activations, backendDir }),
  );
}

/**
 * Floating-point operations a second of attention on the CPU with an F16 cache, four for a number of a visible cell's key and a head.
 *
 * @throws InformError INFORM_OUT_OF_MEMORY
 */
export async function measureAttention(
  shape: AttentionShape,
  threads: number,
  activations: Activations,
): Promise<number> {
  return measured((addon, backendDir) => addon.measureAttention({ ...shape, threads, activations, backendDir }));
}

/**
 * Bytes a second from pinned host memory to a device; undefined where it has none, as a CPU.
 *
 * @throws InformError INFORM_OUT_OF_MEMORY
 */
export async function measureUpload(device: string): Promise<number | undefined> {
  return known(await measured((addon, backendDir) => addon.measureUpload({ device, backendDir })));
}

/** Bytes a second from the disk of a file, past the page cache; undefined where there is no way past it. */
export async function measureDisk(file: string): Promise<number | undefined> {
  return known(await loadAddon().addon.measureDisk(file));
}

async function measured(ask: (addon: NativeAddon, backendDir: string) => Promise<number>): Promise<number> {
  const { addon, backendDir } = loadAddon();
  try {
    return await ask(addon, backendDir);
  } catch (error) {
    throw toInformError(error);
  }
}

function known(rate: number): number | undefined {
  return rate === 0 ? undefined : rate;
}
