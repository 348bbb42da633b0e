import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { moduleFile, userBackendFolder } from '../addon/backend-folder.js';
import { findLibraries } from '../addon/device-report.js';
import { recordOf } from '../addon/module-record.js';
import { readPin, type BackendPackage } from '../addon/llama-release.js';
import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { checkDiskSpace } from '../util/files/disk-space.js';
import { fileSha256 } from '../util/files/sha256.js';
import { checkBackend, type BackendCheck } from './check.js';
import { choosePackage } from './choose.js';
import { fetchModule } from './fetch-module.js';
import type { ReadyMade } from './packages.js';
import { makeFolder } from '../util/files/make-folder.js';

/** A backend that was added. */
export interface AddedBackend {
  readonly package: BackendPackage;
  /** Path of the module. */
  readonly file: string;
  /** What it brings on this machine. */
  readonly check: Exclude<BackendCheck, { crash: string }>;
}

export interface AddOptions {
  readonly backend: ReadyMade;
  /** Release of CUDA; undefined: the one whose libraries are installed, else the newest. */
  readonly cuda: number | undefined;
  readonly signal: AbortSignal;
  /** Told what is about to be fetched. */
  readonly onFetch: (chosen: BackendPackage) => void;
}

/**
 * Fetches a ready-made backend, tries it in a process of its own, and puts it where the engine finds it.
 *
 * @throws InformError INFORM_BACKEND_UNAVAILABLE, INFORM_DOWNLOAD_FAILED, INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
 */
export async function addBackend({ backend, cuda, signal, onFetch }: AddOptions): Promise<AddedBackend> {
  const chosen = choosePackage({ backend, cuda, platform: `${process.platform}-${process.arch}` }, findLibraries);
  const { bytes, moduleBytes, what } = chosen;
  const { path: folder, isNamed } = userBackendFolder();
  await makeBackendFolder(folder, isNamed);
  // npm's cache, the package, and the module.
  await checkDiskSpace(
    [{ folder, bytes: bytes + moduleBytes, what: `the ${what} backend` }],
    'Free some space, or name another folder with INFORM_BACKEND_DIR.',
  );
  onFetch(chosen);
  // A folder of its own beside the modules: what is half done is never loaded, and one rename publishes it.
  const work = await mkdtemp(path.join(folder, 'adding-'));
  try {
    const trial = path.join(work, 'trial');
    await mkdir(trial);
    const file = path.join(trial, moduleFile(backend));
    await fetchModule(chosen, work, file, signal);
    const check = await checkBackend(backend, trial);
    if ('crash' in check) {
      throw new InformError(
        'INFORM_BACKEND_UNAVAILABLE',
        `The ${what} backend was fetched but crashes on this machine (${check.crash}), so it was not kept. Update the driver of your card, or build the backend here (docs/gpu.md).`,
      );
    }
    const target = path.join(folder, moduleFile(backend));
    await publish(file, target, chosen);
    return { package: chosen, file: target, check };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function makeBackendFolder(folder: string, isNamed: boolean): Promise<void> {
  try {
    await makeFolder(folder, 0o755);
    // Modules are not loaded from a folder that a group may write to, which some systems' default makes it.
    if (!isNamed) await chmod(folder, 0o755);
  } catch (error) {
    throw new InformError(
      'INFORM_OUTPUT_UNWRITABLE',
      `The backend folder ${folder} cannot be created: ${messageOf(error)}. Name another with INFORM_BACKEND_DIR.`,
      { cause: error },
    );
  }
}

/** The record says where the module came from, and by its hash that it is still the same. */
async function publish(file: string, target: string, { spec, integrity, what }: BackendPackage): Promise<void> {
  try {
    await chmod(file, 0o644);
    const record = { what, spec, integrity, llamaCpp: readPin().release, sha256: await fileSha256(file) };
    await writeFile(recordOf(target), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o644 });
    await rename(`${file}.LICENSE`, `${target}.LICENSE`);
    await rename(file, target);
  } catch (error) {
    const why = systemCodeOf(error) === 'EBUSY' || systemCodeOf(error) === 'EPERM' ? 'is it in use?' : messageOf(error);
    throw new InformError('INFORM_OUTPUT_UNWRITABLE', `${target} cannot be written: ${why} Nothing was changed.`, {
      cause: error,
    });
  }
}
