import { listDevices } from '../../addon/device-report.js';
import type { Activations } from '../../addon/load-addon.js';
import { InformError } from '../../errors.js';
import type { SettledOptions } from '../../options/settle.js';

/**
 * What products on this machine's CPU round activations to. 16 bits are as good as none for weights of 8 bits and fewer, at twice the speed
 * (docs/accuracy.md); where `exact` is asked for, nothing is rounded.
 *
 * @throws InformError INFORM_INVALID_CONFIG where an option asks for kernels that this CPU has no instructions for
 */
export async function activationsOf({
  activations,
  exact,
}: Pick<SettledOptions, 'activations' | 'exact'>): Promise<Activations> {
  if (activations === 'int8') return activations;
  if (await cpuHasKernels()) return activations !== 'auto' ? activations : exact ? 'f32' : 'int16';
  if (activations === 'auto') return 'int8';
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `activations is ${activations}, which needs a CPU with AVX2, and this one has none. Leave it out: auto takes what the CPU has.`,
  );
}

async function cpuHasKernels(): Promise<boolean> {
  return (await listDevices()).some(({ type, features }) => type === 'cpu' && features.includes('INFORM_KERNELS'));
}
