import { createHash, type Hash } from 'node:crypto';

/** What the hub knows a file's content by. */
export interface FileHash {
  readonly algorithm: 'sha256' | 'git-sha1';
  /** In lower case. */
  readonly hex: string;
}

/** The hash of a file of `size` bytes, before its first byte. */
export function startHash(algorithm: FileHash['algorithm'], size: number): Hash {
  // git hashes a blob with its kind and size before it.
  return algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);
}
