import { InformError } from '../../errors.js';
import type { NativeDevice } from '../../addon/load-addon.js';
import { availableMemory } from '../../util/available-memory.js';
import { parseSize } from '../../util/parse-size.js';
import type { Gpu, Machine } from './plan.js';

/**
 * The GPUs that are used where none are named: every card once (two backends may know the same one), integrated ones only
 * where there is no other.
 */
export function usableGpus(devices: readonly NativeDevice[]): NativeDevice[] {
  const ofType = (type: NativeDevice['type']): NativeDevice[] => devices.filter((device) => device.type === type);
  const cards = ofType('gpu').filter(({ id }, i, all) => id === '' || all.findIndex((other) => other.id === id) === i);
  if (cards.length > 0) return cards;
  const integrated = ofType('igpu');
  return integrated.filter(({ backend }) => backend === integrated[0]?.backend);
}

/**
 * The machine with the GPUs that scoring may use.
 *
 * @param names the `devices` option; undefined: all
 * @throws InformError INFORM_INVALID_CONFIG (a name of no GPU)
 */
export function machineOf(
  devices: readonly NativeDevice[],
  names: readonly string[] | undefined,
  splitMode: 'layer' | 'row' | 'none',
): Machine {
  const all = devices.filter(({ type }) => type === 'gpu' || type === 'igpu');
  const chosen = names?.map((name) => all.find((device) => device.name === name) ?? unknownDevice(name, all));
  const gpus = chosen ?? usableGpus(devices);
  return {
    gpus: gpus.slice(0, splitMode === 'none' ? 1 : undefined).map(toGpu),
    hostFreeBytes: hostFreeBytes(devices),
  };
}

/**
 * A machine from sizes such as "cuda0=24G,cuda1=24G,host=128G", to plan for hardware that is not here.
 *
 * @throws InformError INFORM_INVALID_CONFIG
 */
export function simulatedMachine(text: string): Machine {
  const entries = text.split(',').map((entry) => {
    const [, name, size] = /^([^=\s]+)=(.+)$/.exec(entry.trim()) ?? [];
    if (name === undefined || size === undefined) {
      throw new InformError(
        'INFORM_INVALID_CONFIG',
        `--memory must be free memory by device, such as cuda0=24G,host=64G, but holds ${JSON.stringify(entry)}.`,
      );
    }
    return { name, freeBytes: parseSize(size, `--memory ${name}`) };
  });
  const host = entries.find(({ name }) => name === 'host');
  const gpus = entries.filter(({ name }) => name !== 'host');
  return {
    gpus: gpus.map((gpu) => ({
      ...gpu,
      description: 'simulated',
      // As native/engine/runtime/device_use.h says of the real ones.
      concurrentTransfers: !/^vulkan/i.test(gpu.name),
    })),
    hostFreeBytes: host?.freeBytes ?? Infinity,
  };
}

/** The same machine with less memory on its GPUs. */
export function shrunkMachine(machine: Machine, part: number): Machine {
  return { ...machine, gpus: machine.gpus.map((gpu) => ({ ...gpu, freeBytes: gpu.freeBytes * part })) };
}

function toGpu({ name, description, memoryFree, concurrentTransfers }: NativeDevice): Gpu {
  return { name, description, freeBytes: memoryFree, concurrentTransfers };
}

function hostFreeBytes(devices: readonly NativeDevice[]): number {
  // ggml says of a CPU what the machine has, also where others use it.
  const cpu = devices.find(({ type }) => type === 'cpu');
  return Math.min(cpu?.memoryFree ?? Infinity, availableMemory());
}

function unknownDevice(name: string, gpus: readonly NativeDevice[]): never {
  const there = gpus.length === 0 ? 'there is no GPU here' : `there are ${gpus.map((gpu) => gpu.name).join(', ')}`;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `devices names ${JSON.stringify(name)}, but ${there}. inform-score devices lists them.`,
  );
}
