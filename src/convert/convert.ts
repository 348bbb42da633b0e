import { resolve } from 'node:path';

import { writeFilesAtomically, writeFully, type TemporaryFile } from '../util/files/atomic-file.js';
import type { GgufMetadata, GgufValue } from '../gguf/types.js';
import { checkNewFile } from '../util/files/new-file.js';
import { TensorHashes, tensorsHashPlaceholder, writeTensorsHash } from '../gguf/tensors-hash.js';
import { layoutGguf, type GgufLayout } from '../gguf/writer.js';
import type { ConversionType, WantedType } from '../gguf/model-types.js';
import { CHECKPOINT_FILES, CheckpointFiles } from './checkpoint-files.js';
import { checkpointNotes, openCheckpoint, type Checkpoint } from './checkpoint.js';
import { chooseType, weightsOf, type ChosenType } from './choose-type.js';
import { encodeWeights, type PlacedTensor } from './encode-weights.js';
import { modelMetadata, type CheckpointSource } from './metadata.js';
import type { ConvertProgress } from './progress.js';
import { planFiles, type PlannedFile } from './split.js';
import { assignTypes } from './tensor-types.js';
import { planTensors } from './tensors.js';
import { folderShards, type ShardFiles } from './weights.js';

export interface ConvertOptions {
  readonly type: WantedType;
  /** Where the shards with the weights are, if not in the folder. */
  readonly shards?: ShardFiles | undefined;
  /** Write several files where one would be larger than this many bytes. */
  readonly splitMaxBytes?: number | undefined;
  /** Text of a chat template in place of the checkpoint's, where `from` is a folder. */
  readonly chatTemplate?: string | undefined;
  /** The token whose logit is the reward, where `from` is the folder of a language model. */
  readonly rewardToken?: number | undefined;
  /** Replace what exists. Default true. */
  readonly overwrite?: boolean | undefined;
  /** Where the checkpoint came from, for the file's metadata. */
  readonly source?: CheckpointSource | undefined;
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Conversion {
  /** The file, or the shards in order. */
  readonly paths: readonly string[];
  /** Size of all of them together in bytes. */
  readonly bytes: number;
  /** What `auto` became, or what was asked for. */
  readonly type: ConversionType;
  /** What a user should know before relying on the scores, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Converts the Hugging Face checkpoint of a reward model to a GGUF file, straight to its final types. Everything but the
 * weights' values is checked before the first byte is written; the weights then stream through a few megabytes of memory for
 * each core, whatever their size. The files appear under their names when all are complete and synced.
 *
 * @param from the checkpoint, or its folder
 * @throws InformError INFORM_MODEL_NOT_FOUND, INFORM_INVALID_CHECKPOINT, INFORM_UNSUPPORTED_MODEL, INFORM_INVALID_CONFIG,
 *   INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED, INFORM_BINARY_NOT_FOUND, and what `shards` throws
 */
export async function convertCheckpoint(
  from: Checkpoint | string,
  outPath: string,
  options: ConvertOptions,
): Promise<Conversion> {
  const checkpoint =
    typeof from === 'string'
      ? await openCheckpoint(new CheckpointFiles(from), {
          chatTemplate: options.chatTemplate,
          rewardToken: options.rewardToken,
        })
      : from;
  const { folder, tensors } = checkpoint;
  const { files, type, note } = planConversion(checkpoint, outPath, options);
  const paths = files.map(({ path }) => path);
  const shardNames = [...tensors.values()].map(({ file }) => file);
  const sources = [...new Set([...CHECKPOINT_FILES, ...shardNames])].map((name) => resolve(folder, name));
  for (const path of paths) await checkNewFile(path, sources, options.overwrite ?? true);
  await writeFilesAtomically(
    files.map(({ path, layout }) => ({ path, bytes: layout.totalBytes })),
    async (temporaries) => {
      const hashes = new TensorHashes();
      const placed: PlacedTensor[] = [];
      for (const [index, file] of files.entries()) {
        const temporary = temporaries[index];
        if (temporary !== undefined) placed.push(...(await writeStart(temporary, file, hashes)));
      }
      await encodeWeights(placed, options.shards ?? folderShards(folder), { ...options, hashes });
      const [first] = temporaries;
      if (first) await writeTensorsHash(first.handle, Buffer.from(files[0]?.layout.header ?? []), hashes.sum());
    },
  );
  const notes = [...checkpointNotes(checkpoint), ...(note === undefined ? [] : [note])];
  return { paths, bytes: totalBytesOf(files), type, notes };
}

/** The type that a checkpoint is converted to. Throws what `planTensors` throws. */
export function conversionTypeOf(
  { config, tensors }: Pick<Checkpoint, 'config' | 'tensors'>,
  wanted: WantedType,
): ConversionType {
  return wanted === 'auto' ? chooseType(wanted, weightsOf(planTensors(config, tensors))).type : wanted;
}

/**
 * The type and the size in bytes of what `convertCheckpoint` would write. Throws whatever that would throw before it writes, so that a
 * checkpoint can be checked before its weights are here.
 */
export function plannedConversion(
  checkpoint: Checkpoint,
  options: ConvertOptions,
): { type: ConversionType; bytes: number } {
  const { files, type } = planConversion(checkpoint, '', options);
  return { type, bytes: totalBytesOf(files) };
}

/** What the sizes of a conversion follow from: a few kilobytes of a checkpoint. */
export type CheckpointOutline = Pick<Checkpoint, 'folder' | 'config' | 'tensors'>;

type LaidOutFile = PlannedFile & { readonly layout: GgufLayout };

type PlannedConversion = ChosenType & { readonly files: readonly LaidOutFile[]; readonly weights: number };

function planConversion(checkpoint: Checkpoint, outPath: string, options: ConvertOptions): PlannedConversion {
  const { card, tokenizer } = checkpoint;
  return layOut(checkpoint, [...card, ...tokenizer.metadata, tensorsHashPlaceholder()], outPath, options);
}

/** The files of a conversion, with `details` beside what the configuration says of the model. */
export function layOut(
  { config, folder, tensors: stored }: CheckpointOutline,
  details: Iterable<readonly [string, GgufValue]>,
  outPath: string,
  { type: wanted, source, splitMaxBytes }: Pick<ConvertOptions, 'type' | 'source' | 'splitMaxBytes'>,
): PlannedConversion {
  const planned = planTensors(config, stored);
  const weights = weightsOf(planned);
  const chosen = chooseType(wanted, weights);
  const { type } = chosen;
  const tensors = assignTypes(planned, config, type);
  const metadata: GgufMetadata = new Map([...modelMetadata(config, folder, type, source), ...details]);
  const files = planFiles(outPath, metadata, tensors, splitMaxBytes).map((file) => ({
    ...file,
    layout: layoutGguf(file.metadata, file.tensors),
  }));
  return { ...chosen, weights, files };
}

function totalBytesOf(files: readonly LaidOutFile[]): number {
  return files.reduce((sum, { layout }) => sum + layout.totalBytes, 0);
}

/** Writes all of a file that is not weights, at its full size, and says where the weights go. */
async function writeStart(
  { path, handle }: TemporaryFile,
  { tensors, layout: { header, offsets, totalBytes } }: LaidOutFile,
  hashes: TensorHashes,
): Promise<PlacedTensor[]> {
  await handle.truncate(totalBytes);
  await writeFully(handle, header, 0);
  const placed: PlacedTensor[] = [];
  for (const [index, tensor] of tensors.entries()) {
    const offset = offsets[index] ?? 0;
    const { source } = tensor;
    if (source.kind === 'computed') {
      const bytes = new Uint8Array(source.values.buffer);
      hashes.add(tensor.name, bytes);
      await writeFully(handle, bytes, offset);
    } else {
      placed.push({ name: tensor.name, shape: tensor.shape, type: tensor.type, source, path, offset });
    }
  }
  return placed;
}
