/** A machine that a prebuilt package is made for, in the words of npm's manifest. */
export interface Platform {
  readonly os: NodeJS.Platform;
  readonly cpu: NodeJS.Architecture;
  readonly libc?: 'glibc' | 'musl';
}

/** All of them; scripts/package/ makes what one machine can make, and the publishing workflow the rest. */
export const PLATFORMS: readonly Platform[] = [
  { os: 'linux', cpu: 'x64', libc: 'glibc' },
  { os: 'linux', cpu: 'x64', libc: 'musl' },
  { os: 'linux', cpu: 'arm64', libc: 'glibc' },
  { os: 'darwin', cpu: 'arm64' },
  { os: 'darwin', cpu: 'x64' },
  { os: 'win32', cpu: 'x64' },
];

/** The name of a platform's package: `@inform-score/linux-x64-musl`. */
export function packageOf({ os, cpu, libc }: Platform): string {
  return `@inform-score/${os}-${cpu}${libc === 'musl' ? '-musl' : ''}`;
}

/** Those for an operating system and a processor; on Linux perhaps two, of which one fits the C library. */
export function platformsFor(os: NodeJS.Platform, cpu: string): Platform[] {
  return PLATFORMS.filter((platform) => platform.os === os && platform.cpu === cpu);
}

/** The C library of this process, "glibc 2.36" or "musl"; undefined where there is no choice of one. */
export function libcName(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  // The report also lists the network, which asks name servers.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`;
}
