import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cacheFolder, findCacheFolder } from '#src/util/cache-folder.js';
import { packageRoot } from '#src/util/package-root.js';
import { expectError } from '../../support/assert/expect-error.js';

const { cacheDir } = (await import(pathToFileURL(join(packageRoot(), 'scripts', 'build', 'paths.mjs')).href)) as {
  cacheDir: (env: NodeJS.ProcessEnv, platform: NodeJS.Platform, home?: string) => string;
};

test("the cache folder follows the variables and the platform's custom", () => {
  assert.is(cacheFolder({ INFORM_CACHE_DIR: '/here/', XDG_CACHE_HOME: '/xdg' }, 'linux'), resolve('/here'));
  assert.is(cacheFolder({ INFORM_CACHE_DIR: '', XDG_CACHE_HOME: '/xdg' }, 'linux'), join('/xdg', 'inform-score'));
  assert.is(cacheFolder({}, 'linux'), join(homedir(), '.cache', 'inform-score'));
  assert.is(cacheFolder({}, 'darwin'), join(homedir(), 'Library', 'Caches', 'inform-score'));
  assert.is(cacheFolder({ LOCALAPPDATA: 'C:\\x' }, 'win32'), join('C:\\x', 'inform-score'));
});

// XDG Base Directory Specification: "If an implementation encounters a relative path […] it should consider the path
// invalid and ignore it."
test('a relative path never becomes a folder below the working folder', async () => {
  for (const relative of ['here', './here', '../here', '.']) {
    assert.is(cacheFolder({ XDG_CACHE_HOME: relative }, 'linux', '/home/a'), join('/home/a', '.cache', 'inform-score'));
    await expectError('INFORM_INVALID_CONFIG', /INFORM_CACHE_DIR is the relative path .*Give an absolute path/, () =>
      cacheFolder({ INFORM_CACHE_DIR: relative }, 'linux', '/home/a'),
    );
  }
});

test('without a home folder INFORM_CACHE_DIR is asked for', async () => {
  const homeless = process.platform === 'win32' ? 'linux' : process.platform;
  const { HOME } = process.env;
  process.env['HOME'] = '';
  try {
    assert.is(findCacheFolder({}, homeless), undefined);
    await expectError('INFORM_INVALID_CONFIG', /HOME is not set.*Set INFORM_CACHE_DIR/, () =>
      cacheFolder({}, homeless),
    );
    assert.is(cacheFolder({ INFORM_CACHE_DIR: '/c' }, homeless), resolve('/c'));
  } finally {
    process.env['HOME'] = HOME;
  }
});

test('the build finds the same folder', () => {
  const values = [undefined, '', '/a', '/a/../b/', 'relative', './x'];
  const outcome = (find: () => string): string => {
    try {
      return find();
    } catch {
      return 'refused';
    }
  };
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    for (const own of values) {
      for (const xdg of values) {
        for (const local of [undefined, '', 'C:\\x']) {
          const env = { INFORM_CACHE_DIR: own, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local };
          const ours = outcome(() => cacheFolder(env, platform, '/home/a'));
          assert.is(
            outcome(() => cacheDir(env, platform, '/home/a')),
            ours,
            JSON.stringify([platform, env]),
          );
        }
      }
    }
  }
});

test.run();
