import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { builtAddonFolder } from './built-addon.js';
import { ADDON_FILE } from './find-addon.js';
import { InformError } from '../errors.js';
import { cacheFolder } from '../util/cache-folder.js';
import { packageRoot } from '../util/package-root.js';
import type { ProgressStatus } from '../util/progress-status.js';
import { makeFolder } from '../util/files/make-folder.js';

/** Lines of the build's output that stand in the message when it fails. */
const LAST_LINES = 15;

const SHOW_MS = 1000;

export interface BuildHooks {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((status: ProgressStatus) => void) | undefined;
}

/**
 * Builds the addon from the package's sources into the cache, where this and every later installation of the same version finds it.
 * Resolves to the folder.
 *
 * @param flags as scripts/build/build-native.mjs takes them, such as `--cuda`
 * @throws InformError INFORM_BUILD_FAILED, INFORM_ABORTED, INFORM_INVALID_CONFIG
 */
export async function buildAddon(flags: readonly string[], hooks: BuildHooks): Promise<string> {
  const cache = cacheFolder();
  const folder = builtAddonFolder() ?? cache;
  await makeFolder(cache);
  // Of this process alone, and under its name in one step: two builds at once do not meet, and no half of one is ever found.
  const work = await mkdtemp(`${folder}-`);
  try {
    const script = path.join(packageRoot(), 'scripts', 'build', 'build-native.mjs');
    const output = path.join(work, 'Release');
    await runBuild([script, '--tree', path.join(work, 'cmake'), '--output', output, ...flags], hooks);
    if (!existsSync(path.join(output, ADDON_FILE))) throw failed('it ended without an addon');
    await rm(folder, { recursive: true, force: true });
    await rename(output, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

async function runBuild(args: readonly string[], { signal, onProgress }: BuildHooks): Promise<void> {
  // A group of its own, so that cmake, make and the compilers can be ended together.
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    detached: process.platform !== 'win32',
  });
  const lines: string[] = [];
  let fraction = 0;
  const show = (): void => {
    onProgress?.({ label: 'Building the native addon', fraction, timeLeft: fraction > 0 });
  };
  const read = (chunk: string): void => {
    for (const line of chunk.split('\n').filter((text) => text.trim() !== '')) {
      lines.push(line);
      if (lines.length > LAST_LINES) lines.shift();
      fraction = fractionIn(line) ?? fraction;
      show();
    }
  };
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  // A compiler that takes minutes over a file says nothing meanwhile.
  const timer = setInterval(show, SHOW_MS);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw failed(`it ended with exit code ${code}`, lines);
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    killGroup(child.pid);
    throw new InformError('INFORM_ABORTED', 'The build was interrupted; nothing of it is kept.', { cause: error });
  } finally {
    clearInterval(timer);
  }
}

/** make says "[ 12%]", Ninja "[12/345]". */
function fractionIn(line: string): number | undefined {
  const match = /^\[ *(\d+)(%|\/(\d+))\]/.exec(line);
  if (match === null) return undefined;
  return Number(match[1]) / (match[3] === undefined ? 100 : Number(match[3]));
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined || process.platform === 'win32') return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // all of them have ended
  }
}

function failed(why: string, lines: readonly string[] = []): InformError {
  const said = lines.length === 0 ? '' : ` It said at last:\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
  return new InformError(
    'INFORM_BUILD_FAILED',
    `The native addon could not be built: ${why}.${said || ' '}docs/install.md says what a build needs and how to use a prebuilt package instead.`,
  );
}
