import { join } from 'node:path';

import { writeFilesAtomically, writeFully, type TemporaryFile } from '../util/files/atomic-file.js';
import type { GgufMetadata } from '../gguf/types.js';
import { checkNewFile } from '../util/files/new-file.js';
import { layoutGguf, type GgufLayout } from '../gguf/writer.js';
import { CHECKPOINT_FILES } from './checkpoint-files.js';
import { readCheckpointConfig } from './checkpoint.js';
import { encodeWeights, type PlacedTensor } from './encode-weights.js';
import { modelMetadata, type CheckpointSource } from './metadata.js';
import { modelCardMetadata } from './model-card.js';
import { planFiles, type PlannedFile } from './split.js';
import { assignTypes } from './tensor-types.js';
import type { ConversionType } from '../gguf/model-types.js';
import { planTensors } from './tensors.js';
import { tokenizerMetadata } from './tokenizer.js';
import { openCheckpointFolder, type CheckpointWeights } from './weights.js';

export interface ConvertOptions {
  readonly type: ConversionType;
  /** Where the weights are, if not in the folder. */
  readonly weights?: CheckpointWeights | undefined;
  /** Write several files where one would be larger than this many bytes. */
  readonly splitMaxBytes?: number | undefined;
  /** Replace what exists. Default true. */
  readonly overwrite?: boolean | undefined;
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

export interface Conversion {
  /** The file, or the shards in order. */
  readonly paths: readonly string[];
  /** Of all of them together. */
  readonly bytes: number;
}

/**
 * Converts the Hugging Face checkpoint folder of a reward model to a GGUF file, straight to its final types. Everything
 * but the weights' values is checked before the first byte is written; the weights then stream through a few megabytes of
 * memory for each core, whatever their size. The files appear under their names when all are complete and synced.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL, INFORM_INVALID_CONFIG,
 *   INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED, INFORM_BINARY_NOT_FOUND, and what `weights` throws
 */
export async function convertCheckpoint(folder: string, outPath: string, options: ConvertOptions): Promise<Conversion> {
  const weights = options.weights ?? (await openCheckpointFolder(folder));
  const files = await planConversion(folder, outPath, weights, options);
  const paths = files.map(({ path }) => path);
  const shards = [...weights.tensors.values()].map(({ file }) => file);
  const sources = [...new Set([...CHECKPOINT_FILES, ...shards])].map((name) => join(folder, name));
  for (const path of paths) await checkNewFile(path, sources, options.overwrite ?? true);
  await writeFilesAtomically(
    files.map(({ path, layout }) => ({ path, bytes: layout.totalBytes })),
    async (temporaries) => {
      const placed: PlacedTensor[] = [];
      for (const [index, file] of files.entries()) {
        const temporary = temporaries[index];
        if (temporary !== undefined) placed.push(...(await writeStart(temporary, file)));
      }
      await encodeWeights(placed, weights, options);
    },
  );
  return { paths, bytes: totalBytesOf(files) };
}

/**
 * The size in bytes of what `convertCheckpoint` would write. Throws whatever that would throw before it writes, so that a
 * checkpoint can be checked before its weights are here.
 */
export async function convertedSize(
  folder: string,
  weights: Pick<CheckpointWeights, 'tensors'>,
  options: ConvertOptions,
): Promise<number> {
  return totalBytesOf(await planConversion(folder, '', weights, options));
}

type LaidOutFile = PlannedFile & { readonly layout: GgufLayout };

async function planConversion(
  folder: string,
  outPath: string,
  weights: Pick<CheckpointWeights, 'tensors'>,
  { type, source, splitMaxBytes }: ConvertOptions,
): Promise<LaidOutFile[]> {
  const config = await readCheckpointConfig(folder);
  const tensors = assignTypes(planTensors(config, weights.tensors), config, type);
  const metadata: GgufMetadata = new Map([
    ...modelMetadata(config, folder, type, source),
    ...(await modelCardMetadata(folder)),
    ...(await tokenizerMetadata(folder, config)),
  ]);
  return planFiles(outPath, metadata, tensors, splitMaxBytes).map((file) => ({
    ...file,
    layout: layoutGguf(file.metadata, file.tensors),
  }));
}

function totalBytesOf(files: readonly LaidOutFile[]): number {
  return files.reduce((sum, { layout }) => sum + layout.totalBytes, 0);
}

/** Writes all of a file that is not weights, at its full size, and says where the weights go. */
async function writeStart(
  { path, handle }: TemporaryFile,
  { tensors, layout: { header, offsets, totalBytes } }: LaidOutFile,
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
