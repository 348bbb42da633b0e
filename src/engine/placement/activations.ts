import { listDevices } from '../../addon/device-report.js';
import type { Activations } from '../../addon/load-addon.js';
import { InformError } from '../../errors.js';
import type { SettledOptions } from '../../options/settle.js';

/**
 * What products on this machine's CPU round activations to. 16 bits are as good as none for weights of 8 bits and fewer, and faster than
 * llama.cpp's 8 (docs/kernels.md); where `exact` is asked for, nothing is rounded. Ours for 8 bits need VNNI, without which it is
 * llama.cpp's.
 *
 * @throws InformError INFORM_INVALID_CONFIG where an option asks for kernels that this CPU has no instructions for
 */
export async function activationsOf({
  activations,
  exact,
}: Pick<SettledOptions, 'activations' | 'exact'>): Promise<Activations> {
  if (activations === 'ggml') return activations;
  const features = await cpuFeatures();
  if (activations === 'int8') return features.includes('INFORM_INT8_KERNELS') ? activations : 'ggml';
  const hasKernels = features.includes('INFORM_KERNELS');
  if (activations === 'auto') return !hasKernels ? 'ggml' : exact ? 'f32' : 'int16';
  if (hasKernels) return activations;
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `activations is ${activations}, which needs a CPU with AVX2, and this one has none. Leave it out: auto takes what the CPU has.`,
  );
}

async function cpuFeatures(): Promise<readonly string[]> {
  return (await listDevices()).find(({ type }) => type === 'cpu')?.features ?? [];
}
