import { spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadAddon } from '#src/addon/load-addon.js';
import { packageOf, platformsFor } from '#src/addon/platforms.js';
import { MODEL_PACKAGE } from '#src/models/embedded-model.js';
import { packageRoot } from '#src/util/package-root.js';
import { finished, type CliResult } from '../support/children/cli.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

const isPosix = process.platform !== 'win32';
const BUILT = loadAddon().backendDir;
const [platform] = platformsFor(process.platform, process.arch);

/** A clone builds with cmake-js, which an installed package does not have. */
function isInstalled(name: string): boolean {
  return !name.startsWith('.') && name !== 'cmake-js';
}

/** This package as it is installed: without a build, and with no addon but what the test puts there. */
function installed(): { root: string; cache: string; bin: string } {
  const folder = realpathSync(tempFolder());
  const root = path.join(folder, 'node_modules', 'inform-score');
  for (const part of ['package.json', 'dist', 'native', 'cmake', 'CMakeLists.txt', path.join('scripts', 'build')]) {
    cpSync(path.join(packageRoot(), part), path.join(root, part), { recursive: true });
  }
  for (const part of readdirSync(path.join(packageRoot(), 'node_modules')).filter(isInstalled)) {
    symlinkSync(path.join(packageRoot(), 'node_modules', part), path.join(folder, 'node_modules', part));
  }
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, path.join(bin, 'node'));
  return { root, cache: path.join(folder, 'cache'), bin };
}

async function devices(
  { root, cache, bin }: ReturnType<typeof installed>,
  env = {},
  args = ['devices'],
): Promise<CliResult> {
  const child = spawn(process.execPath, [path.join(root, 'dist', 'cli', 'bin.js'), ...args], {
    env: { PATH: bin, INFORM_CACHE_DIR: cache, ...env },
  });
  child.stdin.end();
  return finished(child);
}

function program(folder: string, name: string, script: string): void {
  chmodSync(fileIn(folder, name, `#!/bin/sh\n${script}\n`), 0o755);
}

testIf(platform !== undefined)('the package for this platform is found, and nothing is built', async () => {
  const here = installed();
  const name = platform === undefined ? '' : packageOf(platform);
  const folder = path.join(here.root, '..', ...name.split('/'));
  cpSync(BUILT, folder, { recursive: true });
  fileIn(folder, 'package.json', JSON.stringify({ name, version: '0.1.0' }));
  const { code, stdout, stderr } = await devices(here);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^llama\.cpp/);
  assert.is(stderr, '');
  assert.not.ok(existsSync(here.cache));
});

test('the embedded model is found in its package', async () => {
  const here = installed();
  const folder = path.join(here.root, '..', ...MODEL_PACKAGE.split('/'));
  cpSync(path.join(packageRoot(), 'models'), folder, { recursive: true });
  fileIn(folder, 'package.json', JSON.stringify({ name: MODEL_PACKAGE, version: '0.1.0' }));
  const { code, stderr } = await devices(here, { INFORM_ADDON_DIR: BUILT }, ['inspect', 'demo', '--json']);
  assert.is(code, 0, stderr);
  const without = await devices(installed(), { INFORM_ADDON_DIR: BUILT }, ['inspect', 'demo']);
  assert.match(without.stderr, /embedded model is missing.*@inform-score\/inform-mini\. Reinstall/);
});

testIf(isPosix)(
  'without an addon and without tools: what was tried, what is missing, what to do, and no stack',
  async () => {
    const { code, stderr } = await devices(installed());
    assert.is(code, 1);
    assert.match(stderr, /^inform-score: The native addon could not be loaded on this machine/);
    if (platform !== undefined) assert.match(stderr, new RegExp(`${packageOf(platform)}: not installed`));
    assert.match(stderr, /^ {2}1\. /m);
    assert.match(stderr, /^ {2}- cmake is missing\./m);
    assert.match(stderr, /^ {2}- make \(or ninja\) is missing\./m);
    assert.match(stderr, /\[INFORM_BINARY_NOT_FOUND\]\n$/);
    assert.not.match(stderr, /^ +at /m);
  },
);

testIf(isPosix)(
  'without an addon it is built once, with a line that says why, and the next installation takes it',
  async () => {
    const first = installed();
    for (const tool of ['git', 'c++', 'make']) program(first.bin, tool, 'exit 0');
    // In place of cmake: copies what a build of this clone has made to where the output is wanted.
    program(
      first.bin,
      'cmake',
      `[ "$1" = --version ] && exit 0
for arg in "$@"; do case "$arg" in -DINFORM_OUTPUT_DIR=*) /bin/mkdir -p "\${arg#*=}"; /bin/cp -R ${BUILT}/. "\${arg#*=}";; esac; done
echo "[ 50%] Building CXX object"`,
    );
    const built = await devices(first);
    assert.is(built.code, 0, built.stderr);
    assert.match(built.stderr, /prebuilt addon (fits|for) .*The addon is built from source now, once/);
    assert.is(readdirSync(first.cache).length, 1, 'nothing but the addon is left');

    const second = installed();
    const found = await devices(second, { INFORM_CACHE_DIR: first.cache });
    assert.is(found.code, 0, found.stderr);
    assert.is(found.stderr, '');
  },
);

testIf(isPosix)('a build that fails says what it said at last, and leaves nothing', async () => {
  const here = installed();
  for (const tool of ['git', 'c++', 'make']) program(here.bin, tool, 'exit 0');
  program(here.bin, 'cmake', '[ "$1" = --version ] && exit 0; echo "no such standard: C++17"; exit 3');
  const { code, stderr } = await devices(here);
  assert.is(code, 1);
  assert.match(stderr, /no such standard: C\+\+17/);
  assert.match(stderr, /\[INFORM_BUILD_FAILED\]/);
  assert.equal(readdirSync(here.cache), []);
});

testIf(isPosix)('an addon in the cache that others could have put there is not loaded', async () => {
  const here = installed();
  for (const tool of ['git', 'c++', 'make']) program(here.bin, tool, 'exit 0');
  program(
    here.bin,
    'cmake',
    `[ "$1" = --version ] && exit 0
for arg in "$@"; do case "$arg" in -DINFORM_OUTPUT_DIR=*) /bin/mkdir -p "\${arg#*=}"; /bin/cp -R ${BUILT}/. "\${arg#*=}";; esac; done`,
  );
  assert.is((await devices(here)).code, 0);
  const [name = ''] = readdirSync(here.cache);
  chmodSync(path.join(here.cache, name), 0o777);
  const { stderr } = await devices({ ...here, bin: tempFolder() });
  assert.match(stderr, /not loaded: the folder may be written by other users/);
});

test.run();
