import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { libcName, packageOf, PLATFORMS, platformsFor } from '#src/addon/platforms.js';
import { packageRoot } from '#src/util/package-root.js';

test('the names of the packages are those that docs/install.md lists', () => {
  const page = readFileSync(path.join(packageRoot(), 'docs', 'install.md'), 'utf8');
  const names = PLATFORMS.map((platform) => packageOf(platform).replace('@inform-score/', '`') + '`');
  assert.ok(page.includes(names.join(', ')), names.join(', '));
});

test('on Linux both C libraries are candidates, elsewhere there is one package or none', () => {
  assert.equal(platformsFor('linux', 'x64').map(packageOf), [
    '@inform-score/linux-x64',
    '@inform-score/linux-x64-musl',
  ]);
  assert.equal(platformsFor('darwin', 'arm64').map(packageOf), ['@inform-score/darwin-arm64']);
  assert.equal(platformsFor('win32', 'ia32'), []);
});

test('the C library is named on Linux alone', () => {
  if (process.platform === 'linux') assert.match(libcName() ?? '', /^(glibc \d+\.\d+|musl)$/);
  else assert.is(libcName(), undefined);
});

test.run();
