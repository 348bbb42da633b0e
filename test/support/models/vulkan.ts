import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { BACKEND_PACKAGES } from '#src/backends/packages.js';
import { packageRoot } from '#src/util/package-root.js';
import { runCli } from '../children/cli.js';

// A GPU made of software: Mesa's llvmpipe runs Vulkan shaders on the CPU, so the offload path runs for real where there
// is no card. ggml passes by software devices unless one is named.
export const SOFTWARE_GPU = { GGML_VK_VISIBLE_DEVICES: '0' };

const PACKAGES = 'mesa-vulkan-drivers libvulkan1';
const FOLDER = path.join(packageRoot(), 'build', 'test-backends');

/** A backend folder with the ready-made Vulkan module and a software device for it, or why there is none. */
export async function softwareVulkan(): Promise<{ folder: string } | { skipped: string }> {
  const platform = `${process.platform}-${process.arch}`;
  const ready = BACKEND_PACKAGES.some((entry) => entry.backend === 'vulkan' && entry.platform === platform);
  if (!ready) return { skipped: `there is no ready-made Vulkan backend for ${platform}` };
  if (!hasSoftwareDevice() && !installSoftwareDevice()) {
    return { skipped: `Mesa's software Vulkan is not installed (Debian/Ubuntu: apt-get install ${PACKAGES})` };
  }
  const folder = path.join(FOLDER, 'vulkan');
  if (existsSync(folder)) return { folder };
  const work = await mkdtemp(path.join(packageRoot(), 'build', 'adding-'));
  try {
    const { code, stderr } = await runCli(['backend', 'add', 'vulkan'], '', {
      ...SOFTWARE_GPU,
      INFORM_BACKEND_DIR: work,
    });
    if (/INFORM_DOWNLOAD_FAILED/.test(stderr)) return { skipped: `the module could not be fetched: ${stderr.trim()}` };
    if (code !== 0) throw new Error(stderr);
    await mkdir(FOLDER, { recursive: true });
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { folder };
}

function hasSoftwareDevice(): boolean {
  return ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'].some((folder) =>
    existsSync(path.join(folder, 'lvp_icd.x86_64.json')),
  );
}

/** Installs Mesa in CI, as root. On a user's machine tests install nothing. */
function installSoftwareDevice(): boolean {
  if (!process.env['CI'] || process.getuid?.() !== 0) return false;
  const quiet = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const;
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...PACKAGES.split(' ')]]) {
    if (spawnSync('apt-get', args, quiet).status !== 0) return false;
  }
  return hasSoftwareDevice();
}
