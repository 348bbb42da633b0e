import { stat } from 'node:fs/promises';
import type { WantedType } from '../gguf/model-types.js';
import { DEMO, embeddedModel } from './embedded-model.js';
import { InformError, messageOf, systemCodeOf } from '../errors.js';
import type { ConfirmDownload } from './confirm-download.js';
import { parseHubId, type HubId } from './hub/hub-id.js';
import { askForMissing, missingPath } from './missing-path.js';
import type { ProgressStatus } from '../util/progress-status.js';

export interface ModelSourceOptions {
  /** What a checkpoint is converted to, and which GGUF of a repository is taken. */
  readonly type: WantedType;
  /** Whether a checkpoint without a chat template is converted as it is, because the caller has one. */
  readonly templateOptional?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((status: ProgressStatus) => void) | undefined;
  /** Told what a user should know of a conversion that was just made, a sentence each. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Asked before more than 5 GB are downloaded; without it such a download is refused. */
  readonly confirm?: ConfirmDownload | undefined;
}

/**
 * The GGUF file behind `model:`, converted or fetched where it is not here yet: a GGUF file, a checkpoint folder, a Hugging Face
 * id, or the embedded model.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND, and what converting and downloading throw
 */
export async function resolveModel(model: string, options: ModelSourceOptions): Promise<string> {
  if (model === DEMO) return embeddedModel();
  const found = await find(model);
  if (found === 'file') return model;
  // Loaded where they are needed: a GGUF file needs neither the converter nor the hub.
  if (found === 'folder') {
    const { convertFolder } = await import('./checkpoint-folder.js');
    return convertFolder(model, options);
  }
  const { hubModel } = await import('./hub/pull.js');
  return askForMissing(model, () => hubModel(found, options));
}

/**
 * As `resolveModel`, for looking at a model only: nothing is downloaded or converted.
 *
 * @throws InformError INFORM_MODEL_NOT_FOUND
 */
export async function resolveLocalModel(model: string, type: WantedType): Promise<string> {
  if (model === DEMO) return embeddedModel();
  const found = await find(model);
  if (found === 'file') return model;
  if (found === 'folder') {
    const remedy = `make one with: inform-score convert ${model} -o model.gguf`;
    throw new InformError('INFORM_MODEL_NOT_FOUND', `${model} is a folder. Name a GGUF file; ${remedy}`);
  }
  const { cachedGguf } = await import('./hub/pull.js');
  const cached = await cachedGguf(found, type);
  if (cached !== undefined) return cached;
  throw new InformError(
    'INFORM_MODEL_NOT_FOUND',
    type === 'auto'
      ? `${model} is not in the cache in the type that suits its size. Fetch it with: inform-score pull ${model}; or name another with --type`
      : `${model} is not in the cache as ${type}. Fetch it with: inform-score pull ${model} --type ${type}`,
  );
}

/** What `model` names. What is here comes before what a hub may have. */
async function find(model: string): Promise<'file' | 'folder' | HubId> {
  try {
    const found = await stat(model);
    if (found.isFile()) return 'file';
    if (found.isDirectory()) return 'folder';
  } catch (error) {
    const missing = systemCodeOf(error) === 'ENOENT';
    const id = missing ? parseHubId(model) : undefined;
    if (id !== undefined) return id;
    if (missing) throw missingPath(model, error);
    throw new InformError('INFORM_MODEL_NOT_FOUND', `${model} cannot be read: ${messageOf(error)}.`, { cause: error });
  }
  throw new InformError('INFORM_MODEL_NOT_FOUND', `${model} is no regular file.`);
}
