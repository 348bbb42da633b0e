import { datasetInfo, listFiles, modelInfo } from '@huggingface/hub';

import { InformError } from '../../errors.js';
import { printable } from '../../util/printable.js';
import type { FileHash } from './file-hash.js';
import { formatHubId, isCommit, type HubId } from './hub-id.js';
import type { HubHttp } from './http.js';

/** A repository of the hub at one commit. */
export interface Repository {
  /** `owner/name` */
  readonly name: string;
  readonly commit: string;
  readonly files: readonly RepositoryFile[];
}

export interface RepositoryFile {
  /** Inside the repository, with slashes. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Hash of its content, which is its name in the cache. */
  readonly hash: FileHash;
  /** Where the hub gives it out. */
  readonly url: string;
}

/** The hub itself advises against more; a listing without end must not fill memory. */
const MAX_FILES = 100_000;
/** The hub lists a thousand files a page. */
const MAX_PAGES = 10_000;
/** The longest path that Linux takes. */
const MAX_PATH_CHARACTERS = 4096;

/**
 * Asks the hub for the commit of a revision and the files there.
 *
 * @throws InformError INFORM_DOWNLOAD_FAILED, INFORM_MODEL_NOT_FOUND, INFORM_ABORTED
 */
export async function openRepository(
  id: HubId,
  endpoint: string,
  http: HubHttp,
  signal: AbortSignal | undefined,
  type: 'model' | 'dataset' = 'model',
): Promise<Repository> {
  const name = id.repository;
  const request = { hubUrl: endpoint, fetch: atMost(MAX_PAGES, http.fetchPages(signal)) };
  try {
    const asked = { ...request, name, revision: id.revision, additionalFields: ['sha' as const] };
    const { sha: commit } = await (type === 'model' ? modelInfo(asked) : datasetInfo(asked));
    if (typeof commit !== 'string' || !isCommit(commit)) throw new Error('no commit');
    const files: RepositoryFile[] = [];
    for await (const entry of listFiles({
      ...request,
      repo: { type, name },
      revision: commit,
      recursive: true,
    })) {
      if (entry.type !== 'file') continue;
      if (files.length === MAX_FILES) throw new ListingFault(`it lists more than ${MAX_FILES} files`);
      const { path, size } = checkPath(entry);
      const url = `${endpoint}/${type === 'model' ? '' : 'datasets/'}${name}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
      files.push({ path, size, hash: hashOf(entry), url });
    }
    return { name, commit, files };
  } catch (error) {
    if (error instanceof InformError) throw error;
    const reason = error instanceof ListingFault ? `: ${error.message}` : '';
    throw http.failure(
      `does not answer as a Hugging Face hub does when asked for ${formatHubId(id)}${reason}. ` +
        'Check HF_ENDPOINT, or download the files that you need by other means',
      error,
    );
  }
}

/** What is wrong with a listing, in words of ours. */
class ListingFault extends Error {}

function atMost(pages: number, fetchPage: typeof fetch): typeof fetch {
  let asked = 0;
  return (...args) => {
    if (++asked > pages) throw new ListingFault(`it lists more than ${pages} pages`);
    return fetchPage(...args);
  };
}

/**
 * The path becomes one below the cache's folder and must not lead out of it. It is printed as it is for other programs, so
 * it must not hold what a terminal obeys.
 */
function checkPath({ path, size }: { path: string; size: number }): { path: string; size: number } {
  const isPlain = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  // A NUL ends a path, as a control character; a backslash separates on Windows.
  if (!isPlain || path.length > MAX_PATH_CHARACTERS || path.includes('\\') || printable(path) !== path) {
    throw new ListingFault(`it lists a file named "${printable(path, 200)}"`);
  }
  if (!Number.isSafeInteger(size) || size < 0) throw new ListingFault(`it lists ${path} without a size`);
  return { path, size };
}

/** Large files lie in LFS or Xet storage and are known by their SHA-256; small ones by git's hash. */
function hashOf({ path, oid, lfs }: { path: string; oid?: string; lfs?: { oid: string } }): FileHash {
  const hash: FileHash =
    lfs === undefined ? { algorithm: 'git-sha1', hex: oid ?? '' } : { algorithm: 'sha256', hex: lfs.oid };
  const digits = hash.algorithm === 'sha256' ? 64 : 40;
  if (hash.hex.length !== digits || !/^[0-9a-f]+$/.test(hash.hex))
    throw new ListingFault(`it lists ${path} without a hash`);
  return hash;
}
