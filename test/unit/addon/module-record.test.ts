import { createHash } from 'node:crypto';
import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { recordOf, untrustedModules } from '#src/addon/module-record.js';
import { tempFolder } from '../../support/temp-folder.js';
import { testIf } from '../../support/test-if.js';

const isPosix = process.platform !== 'win32';

/** A folder as `backend add` leaves it. */
function folderWithModule(): { folder: string; file: string } {
  const folder = tempFolder();
  chmodSync(folder, 0o755);
  const file = path.join(folder, 'libggml-cuda.so');
  writeFileSync(file, 'a module', { mode: 0o644 });
  const sha256 = createHash('sha256').update('a module').digest('hex');
  writeFileSync(recordOf(file), JSON.stringify({ sha256 }));
  writeFileSync(`${file}.LICENSE`, 'MIT');
  return { folder, file };
}

function reasons(folder: string): string[] {
  return untrustedModules(folder).map(({ file, reason }) => `${path.basename(file)} ${reason}`);
}

test('what `backend add` wrote is trusted, and so is a folder without libraries', () => {
  const { folder } = folderWithModule();
  assert.equal(untrustedModules(folder), []);
  assert.equal(untrustedModules(tempFolder()), []);
  assert.equal(untrustedModules(path.join(folder, 'none')), []);
});

test('a module that has changed, has no record, or has one of an older version is not', () => {
  const { folder, file } = folderWithModule();
  writeFileSync(file, 'another module');
  const [changed = '', ...others] = reasons(folder);
  assert.match(changed, /^libggml-cuda\.so not loaded: it has changed since .*backend add.*INFORM_BACKEND_DIR\.$/);
  assert.equal(others, []);
  for (const record of ['{"spec": "x"}', 'no JSON', '{"sha256": 5}']) {
    writeFileSync(recordOf(file), record);
    assert.match(reasons(folder).join('\n'), /it was not put there by `inform-score backend add`/);
  }
  rmSync(recordOf(file));
  assert.match(reasons(folder).join('\n'), /it was not put there/);
});

test('any library beside a module counts, because the module would find it', () => {
  for (const name of ['libcudart.so.13', 'libggml-evil.so', 'ggml-evil.dll', 'libx.dylib']) {
    const { folder } = folderWithModule();
    writeFileSync(path.join(folder, name), '');
    const [reason = '', ...others] = reasons(folder);
    assert.ok(reason.startsWith(`${name} not loaded: it was not put there`), reason);
    assert.equal(others, []);
  }
});

testIf(isPosix)('nor is what others may write to, or a link', () => {
  for (const mode of [0o775, 0o757, 0o777]) {
    const { folder } = folderWithModule();
    chmodSync(folder, mode);
    assert.match(reasons(folder).join('\n'), /its folder may be written by other users/, mode.toString(8));
  }
  const { folder, file } = folderWithModule();
  chmodSync(file, 0o666);
  assert.match(reasons(folder).join('\n'), /it may be written by other users/);
  const elsewhere = folderWithModule();
  rmSync(file);
  symlinkSync(elsewhere.file, file);
  assert.match(reasons(folder).join('\n'), /it is no regular file/);
});

test.run();
