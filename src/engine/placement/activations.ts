import type { Activations, NativeDevice } from '../../addon/load-addon.js';
import { InformError } from '../../errors.js';
import type { SettledOptions } from '../../options/settle.js';

/**
 * What products on this machine's CPU round activations to. 16 bits are as good as none for weights of 8 bits and fewer, and on x86 faster than
 * llama.cpp's 8, and where there is AMX two pieces of BF16 are fastest (docs/kernels.md); where `exact` is asked for, nothing is rounded. Ours for 8 bits need VNNI or Arm's SDOT, without which it is
 * llama.cpp's.
 *
 * @param devices of this machine
 * @throws InformError INFORM_INVALID_CONFIG where an option asks for kernels that this CPU has no instructions for
 */
export function activationsOf(
  { activations, exact }: Pick<SettledOptions, 'activations' | 'exact'>,
  devices: readonly Pick<NativeDevice, 'type' | 'features'>[],
): Activations {
  const features = devices.find(({ type }) => type === 'cpu')?.features ?? [];
  const hasKernels = features.includes('INFORM_KERNELS');
  const hasAmx = features.includes('INFORM_AMX_KERNELS');
  switch (activations) {
    case 'auto':
      return !hasKernels ? 'ggml' : exact ? 'f32' : hasAmx ? 'bf16x2' : 'int16';
    case 'ggml':
      return activations;
    case 'int8':
      return features.includes('INFORM_INT8_KERNELS') ? activations : 'ggml';
    case 'bf16x2':
      if (hasAmx) return activations;
      throw new InformError(
        'INFORM_INVALID_CONFIG',
        `activations is ${activations}, which needs a CPU with AMX and a system that lets programs use it. Leave it out: auto takes what the CPU has.`,
      );
    case 'int16':
    case 'f32':
      if (hasKernels) return activations;
      throw new InformError(
        'INFORM_INVALID_CONFIG',
        `activations is ${activations}, which needs a CPU with AVX2 or a 64-bit Arm one, and this is neither. Leave it out: auto takes what the CPU has.`,
      );
  }
}
