import { basename } from 'node:path';

import { explainBackend } from './backend-failure.js';
import { findUserBackendFolder } from './backend-folder.js';
import { untrustedModules } from './module-record.js';
import { toInformError } from '../errors.js';
import type { Device } from './device.js';
import { loadAddon, type NativeDevice } from './load-addon.js';
import { physicalCores } from '../util/physical-cores.js';

/** A GPU backend that lies beside the addon or in the user's backend folder. */
export interface BackendReport {
  /** "cuda", "vulkan", "metal" */
  name: string;
  file: string;
  loaded: boolean;
  /** How many devices it offers. */
  devices: number;
  /** Why it offers none, and what to do. */
  reason?: string;
}

export interface DeviceReport {
  /** Version of llama.cpp. */
  llamaCpp: string;
  physicalCores: number;
  devices: Device[];
  backends: BackendReport[];
}

/** The processors that llama.cpp's loaded backends offer, and what became of each GPU backend. */
export async function findDevices(): Promise<DeviceReport> {
  const { addon, backendDir } = loadAddon();
  try {
    const devices = (await addon.devices(backendDir)).map(toDevice);
    const backends = (await addon.backends(backendDir)).map((backend): BackendReport => {
      const { name, file, loaded, devices: count } = backend;
      const reason = explainBackend(backend);
      return { name, file, loaded, devices: count, ...(reason === undefined ? {} : { reason }) };
    });
    return {
      llamaCpp: addon.llamaVersion(),
      physicalCores: physicalCores(),
      devices,
      backends: [...backends, ...untrustedBackends()],
    };
  } catch (error) {
    throw toInformError(error);
  }
}

function toDevice(device: NativeDevice): Device {
  const { name, description, backend, id, type, memoryFree, memoryTotal, features } = device;
  return { name, description, backend, id, type, memoryFree, memoryTotal, features };
}

/** @throws InformError what loading llama.cpp's backends throws */
export async function listDevices(): Promise<NativeDevice[]> {
  const { addon, backendDir } = loadAddon();
  try {
    return await addon.devices(backendDir);
  } catch (error) {
    throw toInformError(error);
  }
}

/** The modules of the user's folder that are not loaded because nothing vouches for them. */
function untrustedBackends(): BackendReport[] {
  const folder = findUserBackendFolder();
  if (folder === undefined || folder.isNamed) return [];
  return untrustedModules(folder.path).map(({ file, reason }) => {
    const name = basename(file).replace(/^(lib)?ggml-|\.(so|dll|dylib).*$/g, '');
    return { name, file, loaded: false, devices: 0, reason };
  });
}

/** Whether the system's loader finds all of these shared libraries. */
export function findLibraries(names: readonly string[]): boolean {
  const { addon } = loadAddon();
  return names.every((name) => addon.opensLibrary(name));
}
