import { existsSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeFolder } from '#src/util/files/make-folder.js';
import { tempFolder } from '../../support/temp-folder.js';

async function codeOf(folder: string): Promise<unknown> {
  try {
    await makeFolder(folder);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  return undefined;
}

test('folders are made as deep as is asked, at once by several too, and may be there', async () => {
  const folder = path.join(tempFolder(), 'a', 'b', 'c');
  await Promise.all(Array.from({ length: 20 }, (_, i) => makeFolder(path.join(folder, i % 2 === 0 ? 'd' : `e/${i}`))));
  await makeFolder(folder);
  assert.ok(statSync(path.join(folder, 'd')).isDirectory());
});

test('what cannot be made is an error, below a file and in /proc too', async () => {
  const file = path.join(tempFolder(), 'file');
  writeFileSync(file, '');
  assert.is(await codeOf(file), 'EEXIST');
  assert.is(await codeOf(path.join(file, 'a')), 'ENOTDIR');
  if (existsSync('/proc/self')) assert.is(await codeOf('/proc/nope/deeper'), 'ENOENT');
});

test.run();
