import { fromNative } from './errors.js';
import { loadAddon, type NativeDevice } from './native.js';
import { physicalCores } from './threads.js';

export interface DeviceReport {
  /** llama.cpp's version. */
  llamaCpp: string;
  physicalCores: number;
  devices: NativeDevice[];
}

/** The processors that llama.cpp's loaded backends offer. */
export async function findDevices(): Promise<DeviceReport> {
  const { addon, backendDir } = loadAddon();
  try {
    const devices = await addon.devices(backendDir);
    return { llamaCpp: addon.llamaVersion(), physicalCores: physicalCores(), devices };
  } catch (error) {
    throw fromNative(error);
  }
}
