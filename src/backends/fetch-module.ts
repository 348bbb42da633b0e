import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { InformError, messageOf, systemCodeOf } from '../errors.js';
import { abortError } from '../util/abort.js';
import type { BackendPackage } from '../addon/llama-release.js';

/**
 * Fetches a backend's package as npm does, so with the user's registry, proxy and credentials, checks it against the
 * pinned hash, and takes its module and licence out of it.
 *
 * @param work an empty folder to work in
 * @param target where the module goes, on the same file system
 * @throws InformError INFORM_DOWNLOAD_FAILED, INFORM_OUTPUT_UNWRITABLE, INFORM_ABORTED
 */
export async function fetchModule(
  { spec, integrity, member }: BackendPackage,
  work: string,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  await npmPack(spec, work, signal);
  const tarball = (await readdir(work)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) {
    throw new InformError('INFORM_DOWNLOAD_FAILED', `npm pack ${spec} wrote no package. Update npm and try again.`);
  }
  const found = await integrityOf(path.join(work, tarball));
  if (found !== integrity) {
    throw new InformError(
      'INFORM_DOWNLOAD_FAILED',
      `${spec} has the hash ${found}, but ${integrity} is pinned, so it was not used. Check which registry npm asks (npm config get registry), or build the backend (docs/gpu.md).`,
    );
  }
  await extract(tarball, [member, LICENSE], work, signal);
  await rename(path.join(work, member), target);
  await rename(path.join(work, LICENSE), `${target}.LICENSE`);
}

const LICENSE = 'package/LICENSE';

const INTERRUPTED = 'Fetching the backend was interrupted. Nothing was changed: run the command again.';

async function npmPack(spec: string, cwd: string, signal: AbortSignal): Promise<void> {
  // npm is a .cmd file on Windows, which only a shell can start; the arguments are constants of packages.ts.
  const args = ['pack', spec, '--ignore-scripts', '--loglevel=error', '--pack-destination=.'];
  const npm = spawn('npm', args, {
    cwd,
    signal,
    // What it has written by then is thrown away, so it need not end in order.
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'ignore', 'pipe'],
    shell: process.platform === 'win32',
  });
  let complaints = '';
  npm.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    npm.once('error', (error) => {
      // Processes that npm has started may hold its pipe open; nothing waits for them.
      npm.stderr.destroy();
      npm.unref();
      reject(signal.aborted ? abortError(signal, INTERRUPTED) : npmMissing(error));
    });
    npm.once('close', resolve);
  });
  if (code === 0) return;
  const reason = /npm (?:error|ERR!) (?:code )?(.+)/.exec(complaints)?.[1] ?? `npm ended with ${String(code)}`;
  if (/ENOSPC/.test(complaints)) {
    throw new InformError(
      'INFORM_OUTPUT_UNWRITABLE',
      `The disk is full: ${spec} could not be stored. Free some space.`,
    );
  }
  throw new InformError(
    'INFORM_DOWNLOAD_FAILED',
    `${spec} could not be fetched with npm pack (${reason}). Check the connection to your npm registry and run it again, or build the backend (docs/gpu.md).`,
  );
}

function npmMissing(error: Error): InformError {
  const what = systemCodeOf(error) === 'ENOENT' ? 'it is not installed' : error.message;
  return new InformError(
    'INFORM_DOWNLOAD_FAILED',
    `Backends are fetched with npm, but ${what}. Install npm and run it again.`,
    {
      cause: error,
    },
  );
}

async function integrityOf(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return `sha512-${hash.digest('base64')}`;
}

/** With the system's tar: Linux, macOS and Windows 10 all have one. Paths are relative: GNU tar takes C: for a host. */
async function extract(tarball: string, members: string[], cwd: string, signal: AbortSignal): Promise<void> {
  try {
    await promisify(execFile)('tar', ['-xzf', tarball, ...members], { cwd, signal });
  } catch (error) {
    if (signal.aborted) throw abortError(signal, INTERRUPTED);
    const reason = systemCodeOf(error) === 'ENOENT' ? 'tar is not installed' : (messageOf(error).split('\n')[1] ?? '');
    throw new InformError(
      'INFORM_OUTPUT_UNWRITABLE',
      `The backend could not be unpacked: ${reason}. Check the disk and tar.`,
      {
        cause: error,
      },
    );
  }
}
