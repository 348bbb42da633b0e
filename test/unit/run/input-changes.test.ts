import { appendFileSync, readFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { BlockHashes } from '#src/run/journal/block-hashes.js';
import { digestInput, type DigestedInput } from '#src/run/journal/input-digest.js';
import { checkInputsUnchanged, comparedChunks, watchInputs } from '#src/run/journal/unchanged-input.js';
import { RunRows } from '#src/run/rows.js';
import { expectError } from '../../support/assert/expect-error.js';
import { Random } from '../../support/random.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const ROWS = 3000;
/** About 3 MiB: several of the blocks that are compared. */
const CONTENT = Array.from({ length: ROWS }, (_, id) => `${JSON.stringify({ id, text: 'x'.repeat(1000) })}\n`).join('');

async function digested(name: string): Promise<{ path: string; input: DigestedInput }> {
  const path = fileIn(folder, name, CONTENT);
  return { path, input: await digestInput(path, { wholeLines: false }) };
}

function rowsOf(path: string, input: DigestedInput): RunRows {
  return new RunRows([path], undefined, {
    sizes: [input.bytes],
    check: (_, chunks) => comparedChunks(input, chunks),
  });
}

const CHANGES: [what: string, change: (path: string) => void, least: number][] = [
  [
    'cut to 70 %',
    (path) => {
      truncateSync(path, Math.floor(0.7 * CONTENT.length));
    },
    1900,
  ],
  [
    'its last 30 % rewritten in place',
    (path) => {
      rewrite(path, 0.7, 1);
    },
    1900,
  ],
  [
    'one byte of its middle',
    (path) => {
      rewrite(path, 0.5, 0.5 + 1 / CONTENT.length);
    },
    950,
  ],
  [
    'its first byte',
    (path) => {
      rewrite(path, 0, 1 / CONTENT.length);
    },
    0,
  ],
  [
    'replaced by another file',
    (path) => {
      replace(path);
    },
    0,
  ],
  [
    'emptied',
    (path) => {
      truncateSync(path, 0);
    },
    0,
  ],
];

function rewrite(path: string, from: number, to: number): void {
  const bytes = readFileSync(path);
  for (let at = Math.floor(from * bytes.length); at < Math.floor(to * bytes.length); at++) {
    if (bytes[at] === 0x78) bytes[at] = 0x79;
    else if (at === 0) bytes[at] = 0x20;
  }
  writeFileSync(path, bytes);
}

function replace(path: string): void {
  writeFileSync(`${path}.new`, CONTENT.replaceAll('x', 'z'));
  renameSync(`${path}.new`, path);
}

for (const [what, change, least] of CHANGES) {
  test(`an input that changes before it is read ends the run, after rows of the first content alone: ${what}`, async () => {
    const { path, input } = await digested(`${what.slice(0, 8)}.jsonl`);
    change(path);
    const seen: string[] = [];
    const rows = rowsOf(path, input);
    await expectError('INFORM_INPUT_CHANGED', /\.jsonl was changed, cut or replaced during the run/, async () => {
      for await (const row of rows) seen.push(row.text ?? '');
    });
    assert.ok(seen.length >= least && seen.length < ROWS, String(seen.length));
    const first = CONTENT.split('\n');
    seen.forEach((text, row) => {
      assert.is(text, first[row]);
    });
  });

  test(`an input that changes after it was read is found at the end: ${what}`, async () => {
    const { path, input } = await digested(`${what.slice(0, 8)}-later.jsonl`);
    change(path);
    await expectError('INFORM_INPUT_CHANGED', /was changed, cut or replaced/, () =>
      checkInputsUnchanged([input], { followed: false }),
    );
  });
}

test('an input that stays, is touched, copied over or grows is no other one; growth is said', async () => {
  const { path, input } = await digested('stays.jsonl');
  const check = (followed = false): Promise<string[]> =>
    checkInputsUnchanged([input, { file: '<stdin>' }], { followed });
  assert.equal(await check(), []);
  utimesSync(path, new Date(0), new Date(0));
  assert.equal(await check(), []);
  writeFileSync(`${path}.new`, CONTENT);
  renameSync(`${path}.new`, path);
  assert.equal(await check(), []);
  appendFileSync(path, '{"id": "new"}\n');
  assert.match((await check()).join(), /stays\.jsonl grew while the run went on\. .*--follow-appended/);
  assert.match((await check(true)).join(), /grew .* Run the same command again/);
  let count = 0;
  for await (const row of rowsOf(path, input)) count += row.ok ? 1 : 0;
  assert.is(count, ROWS, 'what was added is not read');
  rmSync(path);
  await expectError('INFORM_INPUT_CHANGED', /stays\.jsonl was/, () => check());
});

test('without a journal an input is compared by its times and sizes', async () => {
  for (const { what, change } of CHANGES.map(([name, act]) => ({ what: name, change: act }))) {
    const path = fileIn(folder, `${what.slice(0, 8)}-stream.jsonl`, CONTENT);
    const check = await watchInputs([path, '-']);
    assert.equal(await check(), []);
    change(path);
    await expectError('INFORM_INPUT_CHANGED', /was changed, cut or replaced.*With -o FILE/, () => check());
  }
  const path = fileIn(folder, 'grows-stream.jsonl', CONTENT);
  const check = await watchInputs([path]);
  appendFileSync(path, '{}\n');
  assert.match((await check()).join(), /grew while the run went on/);
});

test('blocks are compared whatever the chunks are, and come through as they are', async () => {
  const random = new Random(7);
  const bytes = Buffer.from(CONTENT);
  for (const length of [0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, bytes.length]) {
    const hashes = new BlockHashes();
    for (const chunk of chunksOf(bytes.subarray(0, length), random)) hashes.add(chunk);
    hashes.end();
    const read: Buffer[] = [];
    const failure = (): Error => new InformError('INFORM_INTERNAL', 'another');
    const compared = (to: number): AsyncGenerator<Buffer> =>
      hashes.compared(asyncOf(chunksOf(bytes.subarray(0, to), random)), failure);
    for await (const block of compared(length)) read.push(block);
    assert.ok(Buffer.concat(read).equals(bytes.subarray(0, length)));
    for (const other of [length - 1, length + 1].filter((to) => to >= 0 && to <= bytes.length)) {
      await expectError('INFORM_INTERNAL', 'another', async () => {
        for await (const block of compared(other)) assert.ok(block.length > 0);
      });
    }
  }
});

function chunksOf(bytes: Buffer, random: Random): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 1 + random.below(700_000);
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

async function* asyncOf(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}

test.run();
