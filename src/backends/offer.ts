import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findUserBackendFolder, moduleFile } from '../addon/backend-folder.js';
import { findCacheFolder } from '../util/cache-folder.js';
import { formatBytes } from '../util/format.js';
import { writeSmallFile } from '../util/files/small-file.js';
import { BACKEND_PACKAGES, type ReadyMade } from './packages.js';

/** What the system says of its hardware. */
export interface Hardware {
  /** Such as "linux-x64". */
  readonly platform: string;
  readonly exists: (file: string) => boolean;
  /** The names in a folder; none where there is no such folder. */
  readonly list: (folder: string) => readonly string[];
  /** A small file's text without the spaces around it; '' where there is none. */
  readonly read: (file: string) => string;
}

/** A card without a backend, and the backend for it. */
export interface IdleCard {
  readonly what: string;
  readonly backend: ReadyMade;
}

/** What NVIDIA's driver makes, and what it is under Windows' Linux. */
const NVIDIA_DRIVER = ['/proc/driver/nvidia/version', '/dev/nvidia0', '/usr/lib/wsl/lib/libcuda.so.1'];

const DRM = '/sys/class/drm';

/**
 * Makers of cards, by PCI's numbers. A graphics unit of Intel's is in almost every processor, and computes no faster than its cores:
 * it is not offered anything.
 */
const MAKERS: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD' };

/** The card that a ready-made backend could use; undefined where there is none, or no such backend for this platform. */
export function findCard(hardware: Hardware): IdleCard | undefined {
  const found = cardOf(hardware);
  const hasPackage = BACKEND_PACKAGES.some(
    ({ backend, platform }) => backend === found?.backend && platform === hardware.platform,
  );
  return hasPackage ? found : undefined;
}

function cardOf({ exists, list, read }: Hardware): IdleCard | undefined {
  if (NVIDIA_DRIVER.some(exists)) return { what: 'an NVIDIA card', backend: 'cuda' };
  const cards = list(DRM).filter((name) => /^card\d+$/.test(name));
  const makers = cards.map((name) => MAKERS[read(`${DRM}/${name}/device/vendor`)]);
  const maker = makers.find((name) => name !== undefined);
  // CUDA needs NVIDIA's own driver, which is not there.
  return maker === undefined ? undefined : { what: `an ${maker} card`, backend: 'vulkan' };
}

/**
 * A sentence that offers a backend where a card is seen and none is installed; the first time only, which a file in the cache
 * remembers.
 */
export async function offerBackend(
  hardware: Hardware = thisMachine(),
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const card = findCard(hardware);
  const cache = findCacheFolder(env);
  if (card === undefined || cache === undefined) return undefined;
  const { what, backend } = card;
  const said = path.join(cache, `offered-${backend}`);
  const installed = findUserBackendFolder(env);
  // One that is there and does not work is no reason to fetch it again: "devices" says why.
  if (existsSync(said) || (installed !== undefined && existsSync(path.join(installed.path, moduleFile(backend))))) {
    return undefined;
  }
  // Where the cache cannot be written it is said each time.
  await writeSmallFile(said, '').catch(() => undefined);
  const size = BACKEND_PACKAGES.find(
    (entry) => entry.backend === backend && entry.platform === hardware.platform,
  )?.bytes;
  const fetched = size === undefined ? '' : ` (${formatBytes(size)})`;
  return `There is ${what} here that nothing uses: "inform-score backend add ${backend}" fetches what does${fetched}; docs/gpu.md has more. This is said once.`;
}

function thisMachine(): Hardware {
  const orElse = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch {
      return otherwise;
    }
  };
  return {
    platform: `${process.platform}-${process.arch}`,
    exists: existsSync,
    list: (folder) => orElse(() => readdirSync(folder), []),
    read: (file) => orElse(() => readFileSync(file, 'utf8').trim(), ''),
  };
}
