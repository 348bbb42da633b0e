import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { expandInputs } from '#src/input/expand-inputs.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
mkdirSync(path.join(folder, 'sub'));
mkdirSync(path.join(folder, 'empty'));
for (const name of [
  'b.jsonl',
  'a.CSV.gz',
  'sub/c.parquet',
  'note.txt',
  'out.jsonl',
  'out.jsonl.rejects.jsonl',
  'x[1].jsonl',
]) {
  fileIn(folder, name, 'x');
}

async function expand(...inputs: string[]): Promise<string[]> {
  const files = await expandInputs(inputs, [path.join(folder, 'out.jsonl')]);
  return files.map((file) => path.relative(folder, path.resolve(file)));
}

test('a folder is the files of samples in it, in order, without what the run writes', async () => {
  assert.equal(await expand(folder), ['a.CSV.gz', 'b.jsonl', 'sub/c.parquet', 'x[1].jsonl']);
});

test('a pattern is the files that fit; a name that is there is none', async () => {
  assert.equal(await expand(path.join(folder, '*.jsonl')), ['b.jsonl', 'x[1].jsonl']);
  assert.equal(await expand(path.join(folder, '**/*.{parquet,gz}')), ['a.CSV.gz', 'sub/c.parquet']);
  assert.equal(await expand(path.join(folder, 'x[1].jsonl'), path.join(folder, 'b.jsonl')), ['x[1].jsonl', 'b.jsonl']);
});

test('standard input and files that are not there stay as they are; nothing found is said', async () => {
  assert.equal(await expandInputs(['-', 'none.jsonl']), ['-', 'none.jsonl']);
  await expectError('INFORM_INPUT_UNREADABLE', /empty is a folder without files of samples/, () =>
    expandInputs([path.join(folder, 'empty')]),
  );
  await expectError('INFORM_INPUT_UNREADABLE', /\*\.md fits no file/, () => expandInputs([path.join(folder, '*.md')]));
});

test.run();
