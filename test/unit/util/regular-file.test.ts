import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IrregularFileError, openRegularFile } from '#src/util/files/regular-file.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';
import { testIf } from '../../support/test-if.js';

const folder = tempFolder();
const posix = process.platform !== 'win32';

async function refusal(path: string): Promise<IrregularFileError> {
  const thrown = await openRegularFile(path).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.instance(thrown, IrregularFileError);
  return thrown as IrregularFileError;
}

test('a file and a link to one are opened at their beginning', async () => {
  const path = fileIn(folder, 'text', 'hello');
  const link = join(folder, 'link');
  if (posix) symlinkSync(path, link);
  for (const name of posix ? [path, link] : [path]) {
    const file = await openRegularFile(name);
    assert.is(await file.readFile('utf8'), 'hello');
    await file.close();
  }
});

test('a folder is refused as one', async () => {
  assert.ok((await refusal(folder)).isFolder);
});

testIf(posix)('a named pipe without a writer, a link to it, a device and a socket are refused at once', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const link = join(folder, 'link to a pipe');
  symlinkSync(pipe, link);
  const socket = join(folder, 'socket');
  const server = createServer().listen(socket);
  await new Promise((done) => server.once('listening', done));
  for (const path of [pipe, link, '/dev/zero', socket]) assert.not.ok((await refusal(path)).isFolder, path);
  server.close();
});

test("what is not there is the system's error", async () => {
  const thrown: unknown = await openRegularFile(join(folder, 'missing')).catch((error: unknown) => error);
  assert.is((thrown as NodeJS.ErrnoException).code, 'ENOENT');
});

test.run();
