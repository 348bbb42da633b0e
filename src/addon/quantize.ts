import { toInformError } from '../errors.js';
import { loadAddon, type NativeQuantizeOptions } from './load-addon.js';

/**
 * Runs llama.cpp's quantizer and resolves to what it logged. It cannot be stopped and may abort the process.
 *
 * @throws InformError INFORM_QUANTIZE_FAILED
 */
export async function runQuantizer(job: Omit<NativeQuantizeOptions, 'backendDir'>): Promise<string[]> {
  try {
    const { addon, backendDir } = loadAddon();
    await addon.quantize({ ...job, backendDir });
    return addon.takeLog().map(({ text }) => text);
  } catch (error) {
    throw toInformError(error);
  }
}
