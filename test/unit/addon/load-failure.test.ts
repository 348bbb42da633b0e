import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { explainLoadFailure, packageManager, whyNotPrebuilt, type Surroundings } from '#src/addon/load-failure.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const LINUX: Surroundings = {
  os: 'linux',
  cpu: 'x64',
  libc: 'glibc 2.36',
  manager: 'npm',
  isClone: false,
  page: '/package/docs/install.md',
};
const ABSENT = [{ what: '@inform-score/linux-x64', reason: 'not installed' }];

test('what was tried comes first, then the remedies for this machine and package manager, then the page', () => {
  assert.is(
    explainLoadFailure(ABSENT, LINUX),
    [
      'The native addon could not be loaded on this machine (linux-x64, glibc 2.36). Tried:',
      '  - @inform-score/linux-x64: not installed',
      'What to do:',
      '  1. Install the prebuilt package @inform-score/linux-x64: npm install --include=optional --os=linux --cpu=x64 --libc=glibc ' +
        'inform-score. A package-lock.json made on another platform may lack it: remove that and node_modules first.',
      '  2. Build it on this machine, once: npx inform-score build (cmake, git, make and a C++ compiler; 4 to 12 minutes).',
      'More: /package/docs/install.md',
    ].join('\n'),
  );
});

test('each package manager gets its own commands', () => {
  const text = (manager: Surroundings['manager']): string => explainLoadFailure(ABSENT, { ...LINUX, manager });
  assert.match(text('pnpm'), /pnpm install --force.*os linux, cpu x64, libc glibc[^]*pnpm exec inform-score build/);
  assert.match(text('yarn'), /\.yarnrc\.yml to os linux, cpu x64, libc glibc[^]*yarn inform-score build/);
  assert.match(text('bun'), /bun install --os=linux --cpu=x64[^]*bunx inform-score build/);
});

test('musl has a package of its own, and a platform without one is only told to build', () => {
  assert.match(
    explainLoadFailure([], { ...LINUX, libc: 'musl' }),
    /1\. .*@inform-score\/linux-x64-musl: .*--libc=musl/,
  );
  const other = explainLoadFailure([], { ...LINUX, os: 'freebsd', libc: undefined });
  assert.match(other, /freebsd-x64\)/);
  assert.match(other, /1\. Build it on this machine/);
  assert.not.match(other, /prebuilt/);
});

test('a C library that is too old is the first thing to change', () => {
  const reason = "/lib/x86_64-linux-gnu/libm.so.6: version `GLIBC_2.27' not found";
  assert.match(
    explainLoadFailure([{ what: '@inform-score/linux-x64', reason }], { ...LINUX, libc: 'glibc 2.24' }),
    /1\. Use a system with a newer C library[^]*2\. Install/,
  );
});

test('a clone is told how clones are built', () => {
  assert.match(explainLoadFailure(ABSENT, { ...LINUX, isClone: true }), /1\. Build it: npm run build[^]*More/);
});

test('why a build is needed is one sentence', () => {
  assert.is(
    whyNotPrebuilt(LINUX, [...ABSENT, { what: 'something else', reason: 'not there' }]),
    'No prebuilt addon fits linux-x64 with glibc 2.36 (@inform-score/linux-x64: not installed).',
  );
  assert.is(
    whyNotPrebuilt({ ...LINUX, os: 'freebsd', libc: undefined }, []),
    'There is no prebuilt addon for freebsd-x64.',
  );
});

test('the package manager is the one that runs, else the one whose traces lie around', () => {
  const project = tempFolder();
  const root = path.join(project, 'node_modules', 'inform-score');
  mkdirSync(root, { recursive: true });
  assert.is(packageManager({}, root), 'npm');
  assert.is(packageManager({ npm_config_user_agent: 'bun/1.2.0 npm/? node/v22' }, root), 'bun');
  assert.is(
    packageManager({}, path.join(project, 'node_modules', '.pnpm', 'a', 'node_modules', 'inform-score')),
    'pnpm',
  );
  fileIn(project, 'yarn.lock', '');
  assert.is(packageManager({}, root), 'yarn');
  assert.is(packageManager({}, '/srv/clone'), 'npm');
});

test.run();
