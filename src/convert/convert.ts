import { writeGguf, type WriteProgress } from '../gguf/writer.js';
import type { GgufMetadata } from '../gguf/types.js';
import { readCheckpointConfig } from './checkpoint.js';
import { modelMetadata } from './metadata.js';
import { SafetensorsCheckpoint, type FloatType } from './safetensors.js';
import { tensorChunks } from './tensor-data.js';
import { planTensors } from './tensors.js';
import { tokenizerMetadata } from './tokenizer.js';

/** The type of a converted file's matrices. */
export type ConversionType = 'f32' | 'f16' | 'bf16';

export interface ConvertOptions {
  readonly type: ConversionType;
  readonly onProgress?: ((progress: WriteProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const FLOAT_TYPES: Readonly<Record<ConversionType, FloatType>> = { f32: 'F32', f16: 'F16', bf16: 'BF16' };

/**
 * Converts the Hugging Face checkpoint folder of a reward model to one GGUF file. Everything about the checkpoint is
 * checked before the first byte is written; the weights then stream through a few megabytes of memory.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL,
 *   INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
 */
export async function convertCheckpoint(folder: string, outPath: string, options: ConvertOptions): Promise<void> {
  const type = FLOAT_TYPES[options.type];
  const checkpoint = await SafetensorsCheckpoint.open(folder);
  try {
    const config = await readCheckpointConfig(folder);
    const planned = planTensors(config, checkpoint.tensors, type);
    const metadata: GgufMetadata = new Map([
      ...modelMetadata(config, folder, type),
      ...(await tokenizerMetadata(folder, config)),
    ]);
    const tensors = planned.map((tensor) => ({ ...tensor, chunks: () => tensorChunks(tensor, checkpoint) }));
    await writeGguf(outPath, metadata, tensors, { signal: options.signal, onProgress: options.onProgress });
  } finally {
    await checkpoint.close();
  }
}
