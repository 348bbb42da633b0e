import { invalidCheckpoint } from './checkpoint-file.js';
import type { FloatType, SafetensorsTensor } from './safetensors.js';

/** @throws InformError INFORM_INVALID_CHECKPOINT for other types */
export function floatTypeOf({ name, dtype }: SafetensorsTensor): FloatType {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return dtype;
  throw invalidCheckpoint(`Tensor ${name} is of type ${dtype}; F32, F16 and BF16 can be converted.`);
}
