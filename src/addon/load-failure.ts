import { existsSync } from 'node:fs';
import path from 'node:path';
import { NOT_INSTALLED } from './find-addon.js';
import { libcName, packageOf, platformsFor } from './platforms.js';
import { packageRoot } from '../util/package-root.js';

export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

/** What a place that was tried said. */
export interface LoadAttempt {
  readonly what: string;
  readonly reason: string;
}

/** Where this package runs. */
export interface Surroundings {
  readonly os: NodeJS.Platform;
  readonly cpu: string;
  /** As `libcName` says it. */
  readonly libc: string | undefined;
  readonly manager: PackageManager;
  /** Whether this is a clone of the repository and no installed package. */
  readonly isClone: boolean;
  /** The page about installing. */
  readonly page: string;
}

/** Several lines: what was tried, then what can be done, numbered, the likeliest first. */
export function explainLoadFailure(attempts: readonly LoadAttempt[], where: Surroundings): string {
  const { os, cpu, libc } = where;
  const machine = `${os}-${cpu}${libc === undefined ? '' : `, ${libc}`}`;
  return [
    `The native addon could not be loaded on this machine (${machine}). Tried:`,
    ...attempts.map(({ what, reason }) => `  - ${what}: ${reason}`),
    'What to do:',
    ...remedies(attempts, where).map((remedy, i) => `  ${i + 1}. ${remedy}`),
    `More: ${where.page}`,
  ].join('\n');
}

/** One sentence: why a source build is needed. */
export function whyNotPrebuilt({ os, cpu, libc }: Surroundings, attempts: readonly LoadAttempt[]): string {
  const machine = `${os}-${cpu}${libc === undefined ? '' : ` with ${libc}`}`;
  const names = platformsFor(os, cpu).map(packageOf);
  const said = attempts.filter(({ what }) => names.includes(what)).map(({ what, reason }) => `${what}: ${reason}`);
  return said.length === 0
    ? `There is no prebuilt addon for ${machine}.`
    : `No prebuilt addon fits ${machine} (${said.join('; ')}).`;
}

/** What this process runs in. */
export function surroundings(env: NodeJS.ProcessEnv = process.env): Surroundings {
  const root = packageRoot();
  return {
    os: process.platform,
    cpu: process.arch,
    libc: libcName(),
    manager: packageManager(env, root),
    isClone: existsSync(path.join(root, 'scripts', 'dev')),
    page: path.join(root, 'docs', 'install.md'),
  };
}

/** The package manager that runs this process, else the one whose traces lie around the package. */
export function packageManager(env: NodeJS.ProcessEnv, root: string): PackageManager {
  const [running] = (env['npm_config_user_agent'] ?? '').split('/', 1);
  if (running === 'npm' || running === 'pnpm' || running === 'yarn' || running === 'bun') return running;
  if (root.split(path.sep).includes('.pnpm')) return 'pnpm';
  const project = root.slice(0, Math.max(root.indexOf(`${path.sep}node_modules${path.sep}`), 0));
  const traces: readonly [file: string, manager: PackageManager][] = [
    ['pnpm-lock.yaml', 'pnpm'],
    ['yarn.lock', 'yarn'],
    ['bun.lock', 'bun'],
    ['bun.lockb', 'bun'],
  ];
  return traces.find(([file]) => project !== '' && existsSync(path.join(project, file)))?.[1] ?? 'npm';
}

function remedies(attempts: readonly LoadAttempt[], where: Surroundings): string[] {
  const { os, cpu, libc } = where;
  if (where.isClone) return ['Build it: npm run build (it needs cmake, git, make and a C++ compiler).'];
  const fitting = platformsFor(os, cpu).find((platform) => (platform.libc !== 'musl') === (libc !== 'musl'));
  const prebuilt = fitting === undefined ? undefined : packageOf(fitting);
  const found = attempts.find(({ what, reason }) => what === prebuilt && reason !== NOT_INSTALLED);
  return [
    ...(found !== undefined && /GLIBC_/.test(found.reason)
      ? [
          `Use a system with a newer C library: the prebuilt addon needs glibc 2.28 or newer (Debian 10, Ubuntu 20.04, RHEL 8).`,
        ]
      : []),
    ...(prebuilt === undefined ? [] : [installRemedy(prebuilt, where)]),
    `Build it on this machine, once: ${runnerOf(where.manager)} inform-score build (cmake, git, make and a C++ compiler; 4 to 12 minutes).`,
  ];
}

function installRemedy(name: string, { os, cpu, libc, manager }: Surroundings): string {
  const cLibrary = libc === undefined ? undefined : libc === 'musl' ? 'musl' : 'glibc';
  switch (manager) {
    case 'npm': {
      const flag = cLibrary === undefined ? '' : ` --libc=${cLibrary}`;
      return (
        `Install the prebuilt package ${name}: npm install --include=optional --os=${os} --cpu=${cpu}${flag} inform-score. ` +
        'A package-lock.json made on another platform may lack it: remove that and node_modules first.'
      );
    }
    case 'pnpm':
      return (
        `Install the prebuilt package ${name}: pnpm install --force, without --no-optional; for another platform than ` +
        `the one that installs, set supportedArchitectures in pnpm-workspace.yaml to os ${os}, cpu ${cpu}` +
        `${cLibrary === undefined ? '' : `, libc ${cLibrary}`}.`
      );
    case 'yarn':
      return (
        `Install the prebuilt package ${name}: yarn install, without --ignore-optional; for another platform than the one that ` +
        `installs, set supportedArchitectures in .yarnrc.yml to os ${os}, cpu ${cpu}${cLibrary === undefined ? '' : `, libc ${cLibrary}`}.`
      );
    case 'bun':
      return `Install the prebuilt package ${name}: bun install --os=${os} --cpu=${cpu}, without --omit=optional.`;
  }
}

/** How a package manager runs an installed program. */
export function runnerOf(manager: PackageManager): string {
  return { npm: 'npx', pnpm: 'pnpm exec', yarn: 'yarn', bun: 'bunx' }[manager];
}
