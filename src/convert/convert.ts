import { writeFilesAtomically, writeFully, type TemporaryFile } from '../gguf/atomic-file.js';
import type { GgufMetadata } from '../gguf/types.js';
import { layoutGguf, type GgufLayout } from '../gguf/writer.js';
import { readCheckpointConfig } from './checkpoint.js';
import { encodeWeights, type PlacedTensor } from './encode-weights.js';
import { modelMetadata, type CheckpointSource } from './metadata.js';
import { assignTypes, type ConversionType, type TypedTensor } from './tensor-types.js';
import { planTensors } from './tensors.js';
import { tokenizerMetadata } from './tokenizer.js';
import { openCheckpointFolder, type CheckpointWeights } from './weights.js';

export interface ConvertOptions {
  readonly type: ConversionType;
  /** Where the weights are, if not in the folder. */
  readonly weights?: CheckpointWeights | undefined;
  /** Where the checkpoint came from, for the file's metadata. */
  readonly source?: CheckpointSource | undefined;
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConvertProgress {
  /** Of the checkpoint's weights. */
  readonly bytesDone: number;
  readonly totalBytes: number;
}

/**
 * Converts the Hugging Face checkpoint folder of a reward model to a GGUF file, straight to its final types. Everything
 * but the weights' values is checked before the first byte is written; the weights then stream through a few megabytes of
 * memory for each core, whatever their size. The file appears under its name when it is complete and synced.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL,
 *   INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED, INFORM_BINARY_NOT_FOUND, and what `weights` throws
 */
export async function convertCheckpoint(folder: string, outPath: string, options: ConvertOptions): Promise<void> {
  const weights = options.weights ?? (await openCheckpointFolder(folder));
  const { layout, tensors } = await planFile(folder, weights, options);
  await writeFilesAtomically([{ path: outPath, bytes: layout.totalBytes }], async ([file]) => {
    if (file === undefined) return;
    const placed = await writeStart(file, layout, tensors);
    await encodeWeights(placed, weights, options);
  });
}

/**
 * The size in bytes of the file that `convertCheckpoint` would write. Throws whatever that would throw before it writes,
 * so that a checkpoint can be checked before its weights are here.
 */
export async function convertedSize(
  folder: string,
  weights: Pick<CheckpointWeights, 'tensors'>,
  options: ConvertOptions,
): Promise<number> {
  return (await planFile(folder, weights, options)).layout.totalBytes;
}

async function planFile(
  folder: string,
  weights: Pick<CheckpointWeights, 'tensors'>,
  { type, source }: ConvertOptions,
): Promise<{ layout: GgufLayout; tensors: TypedTensor[] }> {
  const config = await readCheckpointConfig(folder);
  const tensors = assignTypes(planTensors(config, weights.tensors), config, type);
  const metadata: GgufMetadata = new Map([
    ...modelMetadata(config, folder, type, source),
    ...(await tokenizerMetadata(folder, config)),
  ]);
  return { layout: layoutGguf(metadata, tensors), tensors };
}

/** Writes all of a file that is not weights, at its full size, and says where the weights go. */
async function writeStart(
  { path, handle }: TemporaryFile,
  { header, offsets, totalBytes }: GgufLayout,
  tensors: readonly TypedTensor[],
): Promise<PlacedTensor[]> {
  await handle.truncate(totalBytes);
  await writeFully(handle, header, 0);
  const placed: PlacedTensor[] = [];
  for (const [index, tensor] of tensors.entries()) {
    const offset = offsets[index] ?? 0;
    const { source } = tensor;
    if (source.kind === 'computed') {
      await writeFully(handle, new Uint8Array(source.values.buffer), offset);
    } else {
      placed.push({ shape: tensor.shape, type: tensor.type, source, path, offset });
    }
  }
  return placed;
}
