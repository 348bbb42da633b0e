import { InformError } from '../errors.js';
import { BACKEND_PACKAGES, READY_MADE, type ReadyMade } from './packages.js';
import { type BackendPackage } from '../addon/llama-release.js';

export interface PackageChoice {
  readonly backend: ReadyMade;
  /** CUDA's release; undefined: the one whose runtime libraries are found, else the newest. */
  readonly cuda: number | undefined;
  readonly platform: string;
  readonly packages?: readonly BackendPackage[];
}

/**
 * The package that holds a backend for a platform.
 *
 * @param findLibraries whether the system's loader finds all of these shared libraries
 * @throws InformError INFORM_BACKEND_UNAVAILABLE, INFORM_INVALID_CONFIG
 */
export function choosePackage(
  choice: PackageChoice,
  findLibraries: (names: readonly string[]) => boolean,
): BackendPackage {
  const { backend, cuda, platform, packages = BACKEND_PACKAGES } = choice;
  if (cuda !== undefined && backend !== 'cuda') {
    throw new InformError('INFORM_INVALID_CONFIG', `--cuda chooses CUDA's release, but the backend is ${backend}.`);
  }
  const fitting = packages.filter((entry) => entry.backend === backend && entry.platform === platform);
  const wanted = cuda === undefined ? fitting : fitting.filter((entry) => entry.cuda === cuda);
  const chosen = wanted.find((entry) => entry.cuda !== undefined && findLibraries(runtimeOf(entry.cuda))) ?? wanted[0];
  if (chosen) return chosen;
  throw new InformError(
    'INFORM_BACKEND_UNAVAILABLE',
    `No ready-made ${backend} backend is known for ${platform}, only for ${platformsOf(packages)}. ${buildIt(platform, backend)}`,
  );
}

function runtimeOf(cuda: number): string[] {
  return [`libcudart.so.${cuda}`, `libcublas.so.${cuda}`];
}

function platformsOf(packages: readonly BackendPackage[]): string {
  return READY_MADE.map((backend) => {
    const platforms = packages.filter((entry) => entry.backend === backend).map(({ platform }) => platform);
    return `${[...new Set(platforms)].join(', ')} (${backend})`;
  }).join(' and ');
}

function buildIt(platform: string, backend: ReadyMade): string {
  if (platform.startsWith('darwin'))
    return 'On a Mac the Metal backend is built with the addon, which `inform-score build` does.';
  return `Build it where its toolkit is installed: inform-score build --backend ${backend} (docs/gpu.md).`;
}
