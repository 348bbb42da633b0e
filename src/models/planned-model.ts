import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CheckpointFiles } from '../convert/checkpoint-files.js';
import { readCheckpointConfig } from '../convert/checkpoint-config.js';
import { openCheckpoint, readFolderTensors } from '../convert/checkpoint.js';
import type { CheckpointOutline } from '../convert/convert.js';
import { writeHollowModel } from '../convert/hollow-model.js';
import type { ConversionType, WantedType } from '../gguf/model-types.js';
import type { GgufValue } from '../gguf/types.js';
import { InformError } from '../errors.js';
import { isFolder } from '../util/files/is-folder.js';
import { convertedModelsFolder } from './converted-models.js';
import type { AskOptions } from './hub/ask-hub.js';
import { parseHubId } from './hub/hub-id.js';
import { resolveLocalModel } from './resolve.js';

export interface PlanningOptions extends AskOptions {
  /** Whether one type is enough, with all that a file would hold beside its weights: of a folder the tokenizer, too. */
  readonly inFull?: boolean | undefined;
}

type Outline = CheckpointOutline & {
  /** What the file would hold beside what its configuration says. */
  readonly details?: readonly (readonly [string, GgufValue])[];
};

/** A GGUF file that may be hollow, in one type. */
interface ModelInType {
  readonly path: string;
  readonly bytes: number;
  readonly type: ConversionType;
}

/** What a model that is not here needs of a disk, in bytes. */
interface DiskNeed {
  readonly command: string;
  readonly bytes: number;
  /** Where it goes; several folders may be on different disks. */
  readonly folders: readonly string[];
}

/** A model to plan with, whether it is here or not. */
export interface PlannedModel {
  /** A GGUF file: the model, or a hollow one in its place. */
  readonly path: string;
  /** Undefined where the GGUF is here. */
  readonly notHere:
    | {
        /** Undefined for a GGUF file of the hub. */
        readonly weights: number | undefined;
        /** To be downloaded; 0 for a checkpoint folder. */
        readonly downloadBytes: number;
        readonly disk: readonly DiskNeed[];
      }
    | undefined;
  /** What it can be converted to: the wanted type first. Empty where it is a GGUF already. */
  readonly types: readonly ModelInType[];
}

/** Beside the wanted one: half the bytes, and twice. */
const OTHER_TYPES: readonly ConversionType[] = ['q4_k_m', 'q8_0', 'bf16'];

/**
 * Hands on what a model can be planned with: its GGUF where that is here, else what its checkpoint's headers say, of a folder or of
 * the hub, of which a few hundred kilobytes are fetched and no weight. Files made on the way are gone when `use` has ended.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, and what asking the hub and reading a checkpoint throw
 */
export async function withPlannedModel<T>(
  model: string,
  options: PlanningOptions,
  use: (planned: PlannedModel) => Promise<T>,
): Promise<T> {
  let made: string | undefined;
  const folder = async (): Promise<string> => (made ??= await mkdtemp(path.join(os.tmpdir(), 'inform-score-plan-')));
  try {
    return await use(await plannedModel(model, options, folder));
  } finally {
    if (made !== undefined) await rm(made, { recursive: true, force: true });
  }
}

type MakeFolder = () => Promise<string>;

async function plannedModel(model: string, options: PlanningOptions, folder: MakeFolder): Promise<PlannedModel> {
  if (await isFolder(model)) return ofFolder(model, options, await folder());
  const local = await resolveLocalModel(model, options.type).catch((error: unknown) => {
    const missing = error instanceof InformError && error.code === 'INFORM_MODEL_NOT_FOUND';
    if (missing && parseHubId(model) !== undefined) return undefined;
    throw error;
  });
  return local === undefined ? ofHub(model, options, await folder()) : { path: local, notHere: undefined, types: [] };
}

async function ofFolder(model: string, options: PlanningOptions, folder: string): Promise<PlannedModel> {
  const files = new CheckpointFiles(model);
  const { types, weights, wanted } = await hollowModels(await outlineOf(files, options), options, folder);
  const need = {
    command: `inform-score convert ${model}`,
    bytes: wanted.bytes,
    folders: [convertedModelsFolder()],
  };
  return { path: wanted.path, types, notHere: { weights, downloadBytes: 0, disk: [need] } };
}

/** The tokenizer is read where it is asked for: a plan needs none, and so no folder that has one. */
async function outlineOf(files: CheckpointFiles, { inFull = false }: PlanningOptions): Promise<Outline> {
  if (inFull) {
    const checkpoint = await openCheckpoint(files, { templateOptional: true });
    return { ...checkpoint, details: [...checkpoint.card, ...checkpoint.tokenizer.metadata] };
  }
  const config = await readCheckpointConfig(files);
  return { folder: files.folder, config, tensors: await readFolderTensors(config, files) };
}

async function ofHub(model: string, options: PlanningOptions, folder: string): Promise<PlannedModel> {
  const id = parseHubId(model);
  if (id === undefined) throw new Error(`${model} is no id`); // the caller has looked
  const { hubOutline } = await import('./hub/outline.js');
  const found = await hubOutline(id, folder, options);
  const { downloadBytes, cacheFolder } = found;
  const command = `inform-score pull ${model}${options.type === 'auto' ? '' : ` --type ${options.type}`}`;
  if (found.kind === 'gguf') {
    const disk = [{ command, bytes: downloadBytes, folders: [cacheFolder] }];
    return { path: found.path, types: [], notHere: { weights: undefined, downloadBytes, disk } };
  }
  const { types, weights, wanted } = await hollowModels(found.outline, options, folder);
  const converted = convertedModelsFolder();
  const disk = [
    { command, bytes: downloadBytes + wanted.bytes, folders: [cacheFolder, converted] },
    { command: `${command} --delete-shards`, bytes: found.twoShards + wanted.bytes, folders: [converted] },
  ];
  return { path: wanted.path, types, notHere: { weights, downloadBytes, disk } };
}

async function hollowModels(
  outline: Outline,
  { type, inFull = false }: PlanningOptions,
  folder: string,
): Promise<{ types: ModelInType[]; wanted: ModelInType; weights: number }> {
  const write = async (what: WantedType): Promise<ModelInType & { weights: number }> => {
    const file = path.join(folder, `${what}.gguf`);
    return { path: file, ...(await writeHollowModel(file, outline, what, outline.details)) };
  };
  const wanted = await write(type);
  if (inFull) return { types: [wanted], wanted, weights: wanted.weights };
  const others = await Promise.all(OTHER_TYPES.filter((other) => other !== wanted.type).map(write));
  return { types: [wanted, ...others], wanted, weights: wanted.weights };
}
