import { readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

import { systemCodeOf } from '../../errors.js';
import { outputError } from '../../util/files/file-errors.js';
import { fileSize } from '../../util/files/file-size.js';
import { writeSmallFile } from '../../util/files/small-file.js';
import type { FileHash } from './file-hash.js';
import { isCommit } from './hub-id.js';
import { makeFolder } from '../../util/files/make-folder.js';

/**
 * A repository in the cache that all Hugging Face tools share, in the layout of Python's huggingface_hub:
 *
 *     models--owner--name/refs/main                       the commit
 *     models--owner--name/snapshots/<commit>/config.json  a link to ../../blobs/<hash>
 *     models--owner--name/blobs/<hash>                    SHA-256 of large files, git's hash of small ones
 */
export class RepositoryCache {
  readonly #folder: string;
  readonly #locks: string;

  constructor(cacheFolder: string, repository: string, type: 'model' | 'dataset' = 'model') {
    const name = `${type}s--${repository.replace('/', '--')}`;
    this.#folder = join(cacheFolder, name);
    this.#locks = join(cacheFolder, '.locks', name);
  }

  /** The folder of a commit's files. */
  snapshot(commit: string): string {
    return join(this.#folder, 'snapshots', commit);
  }

  blob(hash: FileHash): string {
    return join(this.#folder, 'blobs', hash.hex);
  }

  /** The lock of a blob, which is that of Python's tools: the operating system's, on a file that stays. */
  lock(hash: FileHash): string {
    return join(this.#locks, `${hash.hex}.lock`);
  }

  /** The commit that a branch or tag had when it was last asked for. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    const text = await readFile(join(this.#folder, 'refs', revision), 'utf8').catch(() => '');
    return isCommit(text.trim()) ? text.trim() : undefined;
  }

  async remember(revision: string, commit: string): Promise<void> {
    if (isCommit(revision) || (await this.commitOf(revision)) === commit) return;
    await writeSmallFile(join(this.#folder, 'refs', revision), commit);
  }

  /** Whether a file of a commit is here, complete. */
  async has(commit: string, path: string, size: number): Promise<boolean> {
    return (await fileSize(join(this.snapshot(commit), path))) === size;
  }

  /** Makes a blob that is here appear under its name. */
  async link(commit: string, path: string, hash: FileHash): Promise<void> {
    const pointer = join(this.snapshot(commit), path);
    const blob = this.blob(hash);
    const target = relative(dirname(pointer), blob);
    try {
      await makeFolder(dirname(pointer));
      if ((await readlink(pointer).catch(() => undefined)) === target) return;
      await rm(pointer, { force: true });
      await symlink(target, pointer);
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === 'EEXIST') return; // another process has made the same one
      // Windows gives links to few users; Python's tools move the blob then, too.
      if (code !== 'EPERM') throw outputError(pointer, error);
      await rename(blob, pointer);
    }
  }
}
