import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { DeviceReport } from '../addon/device-report.js';
import { messageOf } from '../errors.js';
import { firstLine } from '../util/format.js';
import { packageRoot } from '../util/package-root.js';
import { moduleFile } from '../addon/backend-folder.js';

const DEADLINE_MS = 120_000;

/** What a backend of a folder brings: its devices' names, or why it brings none. */
export type BackendCheck =
  | { readonly devices: readonly string[] }
  /** It may work later, on another machine, or with other drivers. */
  | { readonly reason: string }
  /** The process that loaded it ended badly. */
  | { readonly crash: string };

/** Loads the modules of a folder in a process of its own: a driver that crashes must not take this one along. */
export async function checkBackend(backend: string, folder: string): Promise<BackendCheck> {
  const cli = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
  const env = { ...process.env, INFORM_BACKEND_DIR: folder };
  let report: DeviceReport;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [cli, 'devices', '--json'], {
      env,
      timeout: DEADLINE_MS,
    });
    report = JSON.parse(stdout) as DeviceReport;
  } catch (error) {
    const signal = error instanceof Error && 'signal' in error ? error.signal : undefined;
    return { crash: typeof signal === 'string' ? `ended by ${signal}` : firstLine(messageOf(error)) };
  }
  const file = path.join(folder, moduleFile(backend));
  const entry = report.backends.find((candidate) => candidate.file === file);
  if (entry?.loaded === true && entry.devices > 0) {
    return {
      devices: report.devices
        .filter((device) => device.backend.toLowerCase() === backend)
        .map(({ name, description }) => `${name}: ${description}`),
    };
  }
  // One of that name beside the addon goes first.
  return { reason: entry?.reason ?? 'not loaded, because the one that was built with the addon is used.' };
}
