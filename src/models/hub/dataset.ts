import { join } from 'node:path';
import { InformError } from '../../errors.js';
import { checkDiskSpace } from '../../util/files/disk-space.js';
import { printable } from '../../util/printable.js';
import { confirmLarge, type ConfirmDownload } from '../confirm-download.js';
import { datasetRecord, rememberDataset, type DatasetRecord } from './dataset-record.js';
import { downloadFiles, missingBytes, type TransferOptions } from './download-files.js';
import { readHubEnvironment } from './environment.js';
import { HubHttp } from './http.js';
import { parseHubId, type HubId } from './hub-id.js';
import { RepositoryCache } from './repository-cache.js';
import { openRepository, type RepositoryFile } from './repository.js';

/** The branch where the hub keeps every data set as Parquet files: CONFIG/SPLIT/0000.parquet. */
const CONVERSION = 'refs/convert/parquet';

const SCHEME = 'hf://datasets/';

/** A data set of the hub, and which of its splits. */
interface DatasetId extends HubId {
  /** The folders of the split, as they are named after the data set. */
  readonly parts: readonly string[];
}

export interface DatasetOptions extends TransferOptions {
  /** Asked before more than 5 GB are fetched. */
  readonly confirm?: ConfirmDownload | undefined;
}

/**
 * The Parquet files of a data set of the hub, in the cache that all Hugging Face tools share.
 *
 * @param url `hf://datasets/owner/name[@revision][/config][/split]`
 * @throws InformError INFORM_INVALID_CONFIG, INFORM_INPUT_UNREADABLE where there is no such split, and what downloads throw
 */
export async function datasetFiles(url: string, options: DatasetOptions): Promise<string[]> {
  const id = parseDataset(url);
  const environment = await readHubEnvironment();
  const cache = new RepositoryCache(environment.cacheFolder, id.repository, 'dataset');
  if (environment.offline) return cachedFiles(url, cache, options);
  const http = new HubHttp(environment, `datasets/${id.repository}`, undefined, (failure) => {
    options.onProgress?.({ label: 'Asking the hub', details: [`trying again: ${failure.message}`] });
  });
  const repository = await openRepository(id, environment.endpoint, http, options.signal, 'dataset');
  const files = chooseFiles(url, id.parts, repository.files);
  const bytes = await missingBytes(files, cache, repository.commit);
  const need = { folder: environment.cacheFolder, bytes, what: 'the download' };
  await checkDiskSpace([need], 'Free some space, or choose another folder with HF_HUB_CACHE.');
  await confirmLarge({ model: url, bytes, otherTypes: [] }, options.confirm);
  await downloadFiles(repository, files, cache, http, options);
  await cache.remember(id.revision, repository.commit);
  await rememberDataset(url, { commit: repository.commit, files });
  return inSnapshot(url, files, cache.snapshot(repository.commit), options);
}

/** Without the hub: the files of the last time, if they are all here. */
async function cachedFiles(url: string, cache: RepositoryCache, options: DatasetOptions): Promise<string[]> {
  const refuse = (why: string): InformError =>
    new InformError(
      'INFORM_DOWNLOAD_FAILED',
      `${url} ${why}, and HF_HUB_OFFLINE forbids to ask the hub. Unset that once to fetch it, or name files that are here.`,
    );
  const record = await datasetRecord(url);
  if (record === undefined) throw refuse('was not fetched here before');
  for (const { path, size } of record.files) {
    if (!(await cache.has(record.commit, path, size))) throw refuse(`lacks its file ${path} in the cache`);
  }
  return inSnapshot(url, record.files, cache.snapshot(record.commit), options);
}

function inSnapshot(
  url: string,
  files: DatasetRecord['files'],
  snapshot: string,
  { onNote }: DatasetOptions,
): string[] {
  if (files.some(({ path }) => /(?:^|\/)partial-/.test(path))) {
    onNote?.(`The hub has converted only the first part of ${url} to Parquet; the rest of it is not scored.`);
  }
  return files.map(({ path }) => join(snapshot, path));
}

function parseDataset(url: string): DatasetId {
  const [owner = '', rest = '', ...parts] = url.startsWith(SCHEME) ? url.slice(SCHEME.length).split('/') : [];
  const [name = '', revision = CONVERSION, ...others] = rest.split('@');
  const id = others.length > 0 ? undefined : parseHubId(`${owner}/${name}@${revision}`);
  if (id !== undefined && parts.length <= 2 && parts.every((part) => /^\w[\w.-]*$/.test(part))) return { ...id, parts };
  throw new InformError(
    'INFORM_INVALID_CONFIG',
    `"${printable(url, 200)}" is no data set of the hub. Write hf://datasets/OWNER/NAME, with @REVISION and /SPLIT or /CONFIG/SPLIT behind it where needed.`,
  );
}

/** The files of the one split that the parts name. */
function chooseFiles(url: string, parts: readonly string[], files: readonly RepositoryFile[]): RepositoryFile[] {
  const tables = files.filter(({ path }) => path.endsWith('.parquet'));
  const named = tables.filter(({ path }) =>
    parts.every((part) =>
      folderOf(path)
        .split('/')
        .some((name) => isSplit(name, part)),
    ),
  );
  const folders = [...new Set(named.map(({ path }) => folderOf(path)))];
  if (folders.length === 1) return named.sort((a, b) => (a.path < b.path ? -1 : 1));
  const all = [...new Set(tables.map(({ path }) => folderOf(path)))];
  const shown = `${all.slice(0, 20).join(', ')}${all.length > 20 ? ` and ${all.length - 20} more` : ''}`;
  const why =
    tables.length === 0 ? 'has no Parquet files' : folders.length === 0 ? 'has no such split' : 'has several splits';
  const remedy =
    tables.length === 0
      ? 'Name its files at a revision of its own, or download them.'
      : `It has ${shown}: put one behind it.`;
  throw new InformError('INFORM_INPUT_UNREADABLE', `${url} ${why}. ${remedy}`);
}

function folderOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}

function isSplit(folder: string, part: string): boolean {
  return folder === part || folder === `partial-${part}`;
}
