import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fetchModule } from '#src/backends/fetch-module.js';
import type { BackendPackage } from '#src/addon/llama-release.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';
import { testIf } from '../../support/test-if.js';

// npm is played by a shell script.
const posix = process.platform !== 'win32';
if (!posix) console.log('skipped: npm is played by a shell script, which Windows cannot start');
const PATH = process.env['PATH'] ?? '';
const MEMBER = 'package/bins/libggml-cuda.so';

/** A package's tarball as npm makes it, and how it is pinned. */
function packed(): { tarball: string; pinned: BackendPackage } {
  const folder = tempFolder();
  mkdirSync(path.join(folder, 'package', 'bins'), { recursive: true });
  fileIn(folder, MEMBER, 'the module');
  fileIn(folder, 'package/bins/other.so', 'something else');
  fileIn(folder, 'package/LICENSE', 'the licence');
  execFileSync('tar', ['-czf', 'made.tar.gz', 'package'], { cwd: folder });
  const tarball = path.join(folder, 'made.tar.gz');
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  const about = { backend: 'cuda', platform: 'linux-x64', what: 'CUDA 13', bytes: 1, moduleBytes: 1 } as const;
  return { tarball, pinned: { ...about, spec: 'some-package@1.0.0', integrity, member: MEMBER } };
}

/** Fetches with an npm that runs these lines of shell. */
async function fetchWith(npm: string, pinned: BackendPackage): Promise<{ work: string; target: string }> {
  const bin = tempFolder();
  chmodSync(fileIn(bin, 'npm', `#!/bin/sh\n${npm}\n`), 0o755);
  const work = tempFolder();
  const target = path.join(work, 'libggml-cuda.so');
  process.env['PATH'] = `${bin}:${PATH}`;
  try {
    await fetchModule(pinned, work, target, new AbortController().signal);
  } finally {
    process.env['PATH'] = PATH;
  }
  return { work, target };
}

testIf(posix)('the module and its licence are taken out of the package, and nothing else', async () => {
  const { tarball, pinned } = packed();
  const { work, target } = await fetchWith(`[ "$1" = pack ] && cp '${tarball}' ./some-package-1.0.0.tgz`, pinned);
  assert.is(readFileSync(target, 'utf8'), 'the module');
  assert.is(readFileSync(`${target}.LICENSE`, 'utf8'), 'the licence');
  assert.not.ok(existsSync(path.join(work, 'package', 'bins', 'other.so')));
});

testIf(posix)('a package with another hash is not used', async () => {
  const { tarball, pinned } = packed();
  const npm = `cp '${tarball}' ./some-package-1.0.0.tgz && echo more >>./some-package-1.0.0.tgz`;
  await expectError('INFORM_DOWNLOAD_FAILED', /has the hash sha512-.* is pinned, so it was not used/, () =>
    fetchWith(npm, pinned),
  );
});

testIf(posix)('no connection, a full disk, no npm: each says what to do', async () => {
  const { pinned } = packed();
  await expectError('INFORM_DOWNLOAD_FAILED', /npm pack \(ECONNREFUSED\)\. Check the connection/, () =>
    fetchWith('echo "npm error code ECONNREFUSED" >&2; exit 1', pinned),
  );
  await expectError('INFORM_OUTPUT_UNWRITABLE', /disk is full/, () =>
    fetchWith('echo "npm error code ENOSPC" >&2; exit 1', pinned),
  );
  process.env['PATH'] = tempFolder();
  try {
    await expectError('INFORM_DOWNLOAD_FAILED', /npm, but it is not installed/, () =>
      fetchModule(pinned, tempFolder(), 'nowhere', new AbortController().signal),
    );
  } finally {
    process.env['PATH'] = PATH;
  }
});

test.run();
