import { createHash, type Hash } from 'node:crypto';
import { unlink, type FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../errors.js';
import { writeFilesAtomically, writeFully, type TemporaryFile } from '../../util/files/atomic-file.js';
import { entryOf, outputError, isSameFile, unwritable, type FileIdentity } from '../../util/files/file-errors.js';
import { fileSha256 } from '../../util/files/sha256.js';
import type { OutputPiece } from '../output/formats/pieces.js';

export interface OutputPaths {
  output: string;
  rejects: string;
}

/** SHA-256 of the files that were written. */
interface OutputHashes {
  output: string;
  /** undefined where no row was rejected, and so there is no such file. */
  rejects?: string | undefined;
}

export interface WriteOptions {
  hasRejects: boolean;
  /** Called when the files are on disk and were read back, and before they get their names. */
  beforeNames: (hashes: OutputHashes) => Promise<void>;
}

/**
 * Makes the output, and where rows were rejected the rejects, out of their pieces. Each appears under its name
 * whole, on disk and read back, or not at all; rejects that are there already go where there are none now.
 *
 * @throws InformError INFORM_OUTPUT_UNWRITABLE, and what `pieces` and `beforeNames` throw
 */
export async function writeOutputs(
  { output, rejects }: OutputPaths,
  pieces: AsyncIterable<OutputPiece>,
  { hasRejects, beforeNames }: WriteOptions,
): Promise<void> {
  // A journal has more bytes than what is made of it, so its disk's room is known to be about enough; writing will tell.
  const files = [{ path: output, bytes: 0 }, ...(hasRejects ? [{ path: rejects, bytes: 0 }] : [])];
  let written: readonly FileIdentity[] = [];
  await writeFilesAtomically(files, async (temporaries) => {
    const [scores, rejected] = temporaries.map(({ handle }) => new HashedWriter(handle));
    for await (const { to, data } of pieces) await (to === 'output' ? scores : rejected)?.write(data);
    const hashes = { output: (await scores?.end()) ?? '', rejects: await rejected?.end() };
    await checkWritten(output, temporaries[0], hashes.output);
    await checkWritten(rejects, temporaries[1], hashes.rejects);
    written = await Promise.all(temporaries.map(({ handle }) => handle.stat()));
    await beforeNames(hashes);
  });
  for (const [index, { path }] of files.entries()) {
    const file = written[index];
    if (file !== undefined && isSameFile(await entryOf(path), file)) continue;
    throw unwritable(path, 'was replaced by another program just after it was made. Run the same command again.');
  }
  if (hasRejects) return;
  await unlink(rejects).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'ENOENT') throw outputError(rejects, error);
  });
}

/** What `writeOutputs` would write. Throws what `pieces` throws. */
export async function hashPieces(pieces: AsyncIterable<OutputPiece>): Promise<OutputHashes> {
  const output = createHash('sha256');
  let rejects: Hash | undefined;
  for await (const { to, data } of pieces) (to === 'output' ? output : (rejects ??= createHash('sha256'))).update(data);
  return { output: output.digest('hex'), rejects: rejects?.digest('hex') };
}

/** What the disk took is what it gives. */
async function checkWritten(path: string, file: TemporaryFile | undefined, hash: string | undefined): Promise<void> {
  if (file === undefined) return;
  await file.handle.sync();
  if ((await fileSha256(file.path)) === hash) return;
  throw unwritable(
    path,
    'does not read back as it was written: its disk, or the memory, is at fault. Check them first.',
  );
}

const WRITE_BYTES = 2 ** 18;

/** Writes small pieces as large ones. */
class HashedWriter {
  readonly #hash: Hash = createHash('sha256');
  #held: (string | Uint8Array)[] = [];
  #length = 0;

  constructor(private readonly file: FileHandle) {}

  async write(data: string | Uint8Array): Promise<void> {
    this.#held.push(data);
    this.#length += data.length;
    if (this.#length >= WRITE_BYTES) await this.#flush();
  }

  /** The hash of all that was written. */
  async end(): Promise<string> {
    await this.#flush();
    return this.#hash.digest('hex');
  }

  async #flush(): Promise<void> {
    const texts = this.#held.every((data) => typeof data === 'string');
    const bytes = texts
      ? Buffer.from(this.#held.join(''))
      : Buffer.concat(this.#held.map((data) => Buffer.from(data as string)));
    this.#held = [];
    this.#length = 0;
    this.#hash.update(bytes);
    await writeFully(this.file, bytes);
  }
}
