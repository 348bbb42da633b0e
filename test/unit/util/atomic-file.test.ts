import type { FileHandle } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeFilesAtomically, writeFully } from '#src/util/files/atomic-file.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

async function writeOne(path: string, bytes: number, write: (file: FileHandle) => Promise<void>): Promise<void> {
  await writeFilesAtomically([{ path, bytes }], async ([file]) => {
    if (file !== undefined) await write(file.handle);
  });
}

test('files that belong together appear together, or not at all', async () => {
  const root = tempFolder();
  const files = ['a', 'b', 'c'].map((name) => ({ path: join(root, name), bytes: 1 }));
  let seen: string[] = [];
  await writeFilesAtomically(files, async (temporaries) => {
    for (const [i, { handle }] of temporaries.entries()) await writeFully(handle, Buffer.from(String(i)));
    seen = readdirSync(root).filter((name) => !name.startsWith('.'));
  });
  assert.equal(seen, []);
  assert.equal(
    files.map(({ path }) => readFileSync(path, 'utf8')),
    ['0', '1', '2'],
  );
  const failing = files.map(({ path }) => ({ path: `${path}2`, bytes: 1 }));
  const failure = new Error('stop');
  const thrown: unknown = await writeFilesAtomically(failing, () => Promise.reject(failure)).catch((e: unknown) => e);
  assert.is(thrown, failure);
  assert.equal(readdirSync(root).sort(), ['a', 'b', 'c']);
});

test('what a killed process left is removed; what others are writing is not', async () => {
  const root = tempFolder();
  const host = hostname().replaceAll(/[^\w.]/g, '_');
  const { pid: dead } = spawnSync(process.execPath, ['--version']);
  const abandoned = fileIn(root, `.model.gguf.${host}-${dead}-0123456789ab.tmp`, 'x');
  const others = [
    fileIn(root, `.model.gguf.${host}-${process.pid}-0123456789ab.tmp`, 'x'),
    fileIn(root, `.model.gguf.elsewhere-${dead}-0123456789ab.tmp`, 'x'),
    fileIn(root, `.other.gguf.${host}-${dead}-0123456789ab.tmp`, 'x'),
    fileIn(root, `.model.gguf.${host}-${dead}-0123456789ab`, 'x'),
    fileIn(root, `model.gguf.${host}-${dead}-0123456789ab.tmp`, 'x'),
  ];
  await writeOne(join(root, 'model.gguf'), 1, (file) => writeFully(file, Buffer.from('new')));
  assert.not.ok(existsSync(abandoned));
  for (const other of others) assert.ok(existsSync(other), other);
});

test('writing at a position', async () => {
  const path = join(tempFolder(), 'x');
  await writeOne(path, 8, async (file) => {
    await file.truncate(6);
    await writeFully(file, Buffer.from('ef'), 4);
    await writeFully(file, Buffer.from('ab'), 0);
  });
  writeFileSync(`${path}2`, 'ab\0\0ef');
  assert.is(readFileSync(path, 'utf8'), readFileSync(`${path}2`, 'utf8'));
});

test.run();
