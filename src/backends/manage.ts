import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findLibraries } from '../addon/device-report.js';
import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { checkDiskSpace } from '../util/files/disk-space.js';
import { onInterrupt } from '../cli/interrupt.js';
import { formatBytes, Progress } from '../cli/terminal-progress.js';
import { checkBackend, type BackendCheck } from './check.js';
import { choosePackage } from './choose.js';
import { fetchModule } from './fetch-module.js';
import { moduleFile, userBackendFolder } from '../addon/backend-folder.js';
import { recordOf } from '../addon/module-record.js';
import { fileSha256 } from '../util/files/sha256.js';
import { LLAMA_RELEASE, type BackendPackage, type ReadyMade } from './packages.js';

const REDRAW_MS = 500;

/** `inform-score backend add`: fetches a ready-made module, tries it, and puts it where the engine finds it. */
export async function addBackend(backend: ReadyMade, cuda: number | undefined): Promise<void> {
  const chosen = choosePackage({ backend, cuda, platform: `${process.platform}-${process.arch}` }, findLibraries);
  const { spec, bytes, moduleBytes, what } = chosen;
  const { path: folder } = userBackendFolder();
  await makeFolder(folder);
  // npm's cache, the package, and the module.
  await checkDiskSpace(
    [{ folder, bytes: bytes + moduleBytes, what: `the ${what} backend` }],
    'Free some space, or name another folder with INFORM_BACKEND_DIR.',
  );
  say(
    `fetching ${what} for llama.cpp ${LLAMA_RELEASE}: ${spec} (${formatBytes(bytes)}), built by the node-llama-cpp project`,
  );
  // A folder of its own beside the modules: what is half done is never loaded, and one rename publishes it.
  const work = await mkdtemp(path.join(folder, 'adding-'));
  try {
    const trial = path.join(work, 'trial');
    await mkdir(trial);
    const file = path.join(trial, moduleFile(backend));
    await fetchWithProgress(chosen, work, file);
    const check = await checkBackend(backend, trial);
    if ('crash' in check) {
      throw new InformError(
        'INFORM_BACKEND_UNAVAILABLE',
        `The ${what} backend was fetched but crashes on this machine (${check.crash}), so it was not kept. Update the driver of your card, or build the backend here (docs/gpu.md).`,
      );
    }
    await publish(file, path.join(folder, moduleFile(backend)), chosen);
    say(`${path.join(folder, moduleFile(backend))} (${formatBytes(moduleBytes)})`);
    say(describe(backend, check));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** `inform-score backend list` */
export async function listBackends(): Promise<void> {
  const { path: folder } = userBackendFolder();
  const { findDevices } = await import('../addon/device-report.js');
  const { backends } = await findDevices();
  if (backends.length === 0) {
    process.stdout.write(
      `No GPU backend is installed. \`inform-score backend add cuda\` or \`vulkan\` fetches one into ${folder}.\n`,
    );
  }
  for (const { name, file, devices, reason } of backends) {
    const state = reason ?? `${devices} device${devices === 1 ? '' : 's'}`;
    process.stdout.write(`${name}: ${state}\n  ${file}\n`);
  }
}

/** `inform-score backend remove` */
export async function removeBackend(backend: string): Promise<void> {
  const { path: folder } = userBackendFolder();
  const file = path.join(folder, moduleFile(backend));
  if ((await stat(file).catch(() => undefined)) === undefined) {
    const others = (await readdir(folder).catch(() => [])).filter((name) => /\.(so|dll)$/.test(name));
    throw new InformError(
      'INFORM_BACKEND_UNAVAILABLE',
      `No ${backend} backend lies in ${folder}${others.length > 0 ? `, only ${others.join(', ')}` : ''}. Nothing was removed.`,
    );
  }
  for (const name of [file, `${file}.LICENSE`, recordOf(file)]) await rm(name, { force: true });
  say(`${file} is removed`);
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    // Modules are not loaded from a folder that a group may write to, which some systems' default makes it.
    if (!userBackendFolder().isNamed) await chmod(folder, 0o755);
  } catch (error) {
    throw new InformError(
      'INFORM_OUTPUT_UNWRITABLE',
      `The backend folder ${folder} cannot be created: ${messageOf(error)}. Name another with INFORM_BACKEND_DIR.`,
      { cause: error },
    );
  }
}

async function fetchWithProgress(chosen: BackendPackage, work: string, file: string): Promise<void> {
  const progress = new Progress();
  const interrupt = onInterrupt();
  const timer = setInterval(() => {
    progress.update({ label: `Fetching ${chosen.what}`, details: [formatBytes(chosen.bytes)] });
  }, REDRAW_MS);
  try {
    await fetchModule(chosen, work, file, interrupt.signal);
  } finally {
    clearInterval(timer);
    progress.clear();
    interrupt.release();
  }
}

/** The record says where the module came from, and by its hash that it is still the same. */
async function publish(file: string, target: string, { spec, integrity, what }: BackendPackage): Promise<void> {
  try {
    await chmod(file, 0o644);
    const record = { what, spec, integrity, llamaCpp: LLAMA_RELEASE, sha256: await fileSha256(file) };
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

function describe(backend: ReadyMade, check: Exclude<BackendCheck, { crash: string }>): string {
  if ('reason' in check) return `${backend} is installed, but cannot be used yet: ${check.reason}`;
  return `${backend} is ready: ${check.devices.join(', ')}`;
}

function say(line: string): void {
  process.stderr.write(`inform-score: ${line}\n`);
}
