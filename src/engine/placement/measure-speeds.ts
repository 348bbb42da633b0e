import { randomFillSync } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { listDevices } from '../../addon/device-report.js';
import { measureDisk, measureProduct, measureUpload } from '../../addon/speed.js';
import type { GgufModel } from '../../gguf/split-model.js';
import { elementCount, type GgmlType } from '../../gguf/types.js';
import type { SettledOptions } from '../../options/settle.js';
import { temporaryPath, writeFully } from '../../util/files/atomic-file.js';
import { physicalCores } from '../../util/physical-cores.js';
import { activationsOf } from './activations.js';
import type { Speeds } from './estimate.js';
import { isLayerMatrix } from './model-memory.js';
import { fitsHost, type Machine } from './plan.js';
import { makeFolder } from '../../util/files/make-folder.js';

/** A type that holds less of a model is not measured. */
const LEAST_SHARE = 0.02;

/** The file that a disk's speed is measured with; some disks are slow to begin. */
const DISK_BYTES = 64 << 20;

/**
 * Measures what this machine does in a second: products with weights of the model's types on the CPU and on the first GPU, copies to
 * that, and reads from a disk where memory does not hold the model. What could not be measured is left out.
 *
 * @param folder on the disk that the model is on, or will be
 * @param known is not measured
 * @throws InformError INFORM_OUT_OF_MEMORY, INFORM_DECODE_FAILED
 */
export async function measureSpeeds(
  model: GgufModel,
  { gpus, hostFreeBytes }: Machine,
  options: SettledOptions,
  folder: string,
  known: Partial<Speeds>,
): Promise<Partial<Speeds>> {
  const shares = typeShares(model);
  const { threads } = options;
  const devices = await listDevices();
  const activations = activationsOf(options, devices);
  const repacked = activations === 'ggml' && fitsHost(model.fileSize, hostFreeBytes);
  const count = threads === 'auto' ? physicalCores() : threads;
  const flops = async (device: string): Promise<number> => {
    // The time of a token is the sum of what each type's weights take.
    let secondsPerFlop = 0;
    for (const [type, share] of shares) {
      secondsPerFlop += share / (await measureProduct(device, type.id, count, repacked, activations));
    }
    return 1 / secondsPerFlop;
  };
  const cpu = devices.find(({ type }) => type === 'cpu');
  const [gpu] = gpus;
  const needsDisk = model.fileSize > hostFreeBytes;
  const measured = {
    cpuFlops: cpu && known.cpuFlops === undefined ? await flops(cpu.name) : undefined,
    gpuFlops: gpu && known.gpuFlops === undefined ? await flops(gpu.name) : undefined,
    busBytesPerSecond: gpu && known.busBytesPerSecond === undefined ? await measureUpload(gpu.name) : undefined,
    diskBytesPerSecond: needsDisk && known.diskBytesPerSecond === undefined ? await diskSpeed(folder) : undefined,
  };
  return Object.fromEntries(Object.entries(measured).filter(([, speed]) => speed !== undefined));
}

/** The types of the layers' matrices, each with its share of their elements; they add up to 1. */
function typeShares({ tensors }: GgufModel): Map<GgmlType, number> {
  const elements = new Map<GgmlType, number>();
  const matrices = tensors.filter(({ name }) => isLayerMatrix(name));
  for (const { type, shape } of matrices) elements.set(type, (elements.get(type) ?? 0) + elementCount(shape));
  const total = sumOf(elements.values());
  const main = [...elements].filter(([, count]) => count >= LEAST_SHARE * total);
  const counted = sumOf(main.map(([, count]) => count));
  return new Map(main.map(([type, count]) => [type, count / counted]));
}

function sumOf(numbers: Iterable<number>): number {
  return [...numbers].reduce((sum, number) => sum + number, 0);
}

/** undefined where a file cannot be written there, or not be read past the page cache. */
async function diskSpeed(folder: string): Promise<number | undefined> {
  const file = temporaryPath(path.join(folder, 'disk-speed'));
  try {
    await makeFolder(folder);
    const handle = await open(file, 'wx');
    try {
      await writeFully(handle, randomFillSync(Buffer.alloc(DISK_BYTES)));
      await handle.sync();
    } finally {
      await handle.close();
    }
    return await measureDisk(file);
  } catch {
    return undefined;
  } finally {
    await rm(file, { force: true });
  }
}
