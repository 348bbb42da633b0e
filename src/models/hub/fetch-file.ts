import { join } from 'node:path';
import { InformError } from '../../errors.js';
import { askHub, type AskOptions } from './ask-hub.js';
import { downloadFiles } from './download-files.js';
import { readHubEnvironment } from './environment.js';
import { formatHubId, type HubId } from './hub-id.js';
import { RepositoryCache } from './repository-cache.js';
import { fileSize } from '../../util/files/file-size.js';

/**
 * A small file of a repository, from the cache that all Hugging Face tools share or downloaded into it.
 *
 * @returns its path
 * @throws InformError INFORM_MODEL_NOT_FOUND where the repository has none, INFORM_DOWNLOAD_FAILED, INFORM_ABORTED
 */
export async function fetchFile(id: HubId, name: string, options: AskOptions): Promise<string> {
  const environment = await readHubEnvironment();
  const cache = new RepositoryCache(environment.cacheFolder, id.repository);
  const commit = await cache.commitOf(id.revision);
  const cached = commit === undefined ? undefined : join(cache.snapshot(commit), name);
  if (cached !== undefined && (await fileSize(cached)) !== undefined) return cached;
  const { http, repository } = await askHub(id, options, environment);
  const file = repository.files.find(({ path }) => path === name);
  if (file === undefined) {
    throw new InformError(
      'INFORM_MODEL_NOT_FOUND',
      `${formatHubId(id)} has no ${name} on the hub. Ask its owner for one.`,
    );
  }
  await downloadFiles(repository, [file], cache, http, options);
  return join(cache.snapshot(repository.commit), name);
}
