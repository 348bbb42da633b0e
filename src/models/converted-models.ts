import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheFolder } from '../util/cache-folder.js';
import type { ConvertProgress } from '../convert/progress.js';
import { chooseType, weightsOf } from '../convert/choose-type.js';
import { CONVERSION_TYPES, type ConversionType, type WantedType } from '../gguf/model-types.js';
import { readGguf } from '../gguf/reader.js';
import { isCommit } from './hub/hub-id.js';
import { withLock } from './lock.js';
import { fileSize } from '../util/files/file-size.js';
import { writeSmallFile } from '../util/files/small-file.js';
import { bytesStatus, type ProgressStatus } from '../util/progress-status.js';

// Conversions that are made once and used from then on, in the folder `models` of our cache:
//
//     owner--name/<commit>-v5/name-q4_k_m.gguf              of a repository of the hub
//     owner--name/refs/main                                 the commit that was converted last
//     local/<folder>-<fingerprint>-v5/<folder>-q4_k_m.gguf  of a checkpoint folder

/** Raised when a change of the converter makes its earlier files wrong, so that none of those is used. */
export const CONVERTER_VERSION = 5;

const WAIT_INTERRUPTED =
  'Waiting for another process that converts the model was interrupted. Run the command again to go on.';

/** A checkpoint whose conversions the cache may hold. */
export interface ConvertedSource {
  /** Below the folder of the models. */
  readonly folder: string;
  /** What its files' names begin with. */
  readonly name: string;
}

export function convertedModelsFolder(): string {
  return join(cacheFolder(), 'models');
}

/** A commit of a repository of the hub, `owner/name`. */
export function hubSource(repository: string, commit: string): ConvertedSource {
  const [, name = ''] = repository.split('/');
  return { folder: join(repositoryFolder(repository), `${commit}-v${CONVERTER_VERSION}`), name };
}

/** A checkpoint folder, told from others and from its former self by its fingerprint. */
export function localSource(name: string, fingerprint: string): ConvertedSource {
  return { folder: join(convertedModelsFolder(), 'local', `${name}-${fingerprint}-v${CONVERTER_VERSION}`), name };
}

export function convertedPath({ folder, name }: ConvertedSource, type: ConversionType): string {
  return join(folder, `${name}-${type}.gguf`);
}

/** The types of a checkpoint's conversions that are there. */
export async function convertedTypes({ folder, name }: ConvertedSource): Promise<ConversionType[]> {
  const files = await readdir(folder).catch((): string[] => []);
  return CONVERSION_TYPES.filter((type) => files.includes(`${name}-${type}.gguf`));
}

/** The conversion to the wanted type where it is there. For `auto`, any of the conversions tells the model's size. */
export async function findConverted(source: ConvertedSource, wanted: WantedType): Promise<string | undefined> {
  let type = wanted;
  if (type === 'auto') {
    const [some] = await convertedTypes(source);
    if (some === undefined) return undefined;
    const { tensors } = await readGguf(convertedPath(source, some), { wantArray: () => false });
    type = chooseType('auto', weightsOf(tensors)).type;
  }
  const path = convertedPath(source, type);
  return (await isConverted(path)) ? path : undefined;
}

async function isConverted(path: string): Promise<boolean> {
  return (await fileSize(path)) !== undefined;
}

/** The commit that a branch or tag had when it was converted; a commit is its own. */
export async function convertedCommit(repository: string, revision: string): Promise<string | undefined> {
  if (isCommit(revision)) return revision;
  const text = await readFile(refFile(repository, revision), 'utf8').catch(() => '');
  return isCommit(text) ? text : undefined;
}

export async function rememberConverted(repository: string, revision: string, commit: string): Promise<void> {
  if ((await convertedCommit(repository, revision)) !== commit)
    await writeSmallFile(refFile(repository, revision), commit);
}

/**
 * Makes a conversion, unless it is there or another process makes it meanwhile.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED, and what `convert` throws
 */
export async function convertOnce(
  path: string,
  options: {
    signal?: AbortSignal | undefined;
    onProgress?: ((status: ProgressStatus) => void) | undefined;
    onNote?: ((text: string) => void) | undefined;
  },
  convert: () => Promise<{ readonly notes: readonly string[] }>,
): Promise<void> {
  const onWait = (): void => options.onProgress?.({ label: 'Waiting for another process that converts the model' });
  await withLock(`${path}.lock`, { signal: options.signal, onWait, interrupted: WAIT_INTERRUPTED }, async () => {
    if (await isConverted(path)) return;
    const { notes } = await convert();
    for (const text of notes) options.onNote?.(text);
  });
}

/** How a conversion's progress is shown. */
export function conversionStatus({ bytesDone, totalBytes }: ConvertProgress): ProgressStatus {
  return bytesStatus('Converting', bytesDone, totalBytes);
}

function repositoryFolder(repository: string): string {
  return join(convertedModelsFolder(), repository.replace('/', '--'));
}

function refFile(repository: string, revision: string): string {
  return join(repositoryFolder(repository), 'refs', revision);
}
