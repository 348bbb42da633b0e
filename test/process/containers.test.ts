import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';
import { runCli } from '../support/children/cli.js';
import { damagedBytes } from '../support/models/damage.js';
import { testModel } from '../support/models/models.js';
import { Random } from '../support/random.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

// The same rows as JSON Lines, as a Parquet file and as compressed lines: the same scores, resumed and in shards.

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const OPTIONS = ['-m', MODEL, '--progress', 'none', '--deterministic'];

const { files } = JSON.parse(
  gunzipSync(readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'table-files.json.gz'))).toString(),
) as { files: { name: string; bytes: string; rows: unknown[] }[] };

function fixture(name: string): { file: string; rows: unknown[] } {
  const found = files.find((file) => file.name === name);
  return { file: fileIn(FOLDER, name, Buffer.from(found?.bytes ?? '', 'base64')), rows: found?.rows ?? [] };
}

function inFolder(name: string): string {
  return path.join(FOLDER, name);
}

test('Parquet: the scores of the same rows as lines; resumed, and merged of shards', async () => {
  const { file, rows } = fixture('v2.parquet');
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const expected = await runCli(['-', ...OPTIONS], lines);
  const output = inFolder('scores.jsonl');
  const run = await runCli([file, ...OPTIONS, '-o', output]);
  assert.is(run.code, 0, run.stderr);
  assert.match(run.stderr, /v2\.parquet: Parquet, 20 rows, columns id, instruction, output: read as Alpaca/);
  assert.is(readFileSync(output, 'utf8'), expected.stdout);

  const parts = [1, 2].map((part) => inFolder(`part${part}.jsonl`));
  for (const [index, part] of parts.entries()) {
    await runCli([file, ...OPTIONS, '-o', part, '--shard', `${index + 1}/2`]);
  }
  const merged = inFolder('merged.jsonl');
  assert.is((await runCli(['merge', ...parts, '-o', merged])).code, 0);
  assert.is(readFileSync(merged, 'utf8'), expected.stdout);

  const [first = ''] = parts;
  const journal = readFileSync(`${first}.journal`, 'utf8').split('\n').slice(0, 6);
  writeFileSync(`${first}.journal`, journal.map((line) => `${line}\n`).join('')); // prettier-ignore
  const resumed = await runCli([file, ...OPTIONS, '-o', first, '--shard', '1/2', '--overwrite']);
  assert.match(resumed.stderr, /Resuming: 5 rows .*are scored already/);
  assert.is((await runCli(['merge', ...parts, '-o', inFolder('again.jsonl')])).code, 0);
  assert.is(readFileSync(inFolder('again.jsonl'), 'utf8'), expected.stdout);
});

test('compressed lines through a pipe, and what cannot grow', async () => {
  const { file, rows } = fixture('lines.jsonl.zst');
  const { code, stdout, stderr } = await runCli(['-', ...OPTIONS], readFileSync(file));
  assert.is(code, 0, stderr);
  assert.is(stdout.trim().split('\n').length, rows.length);
  const followed = await runCli([file, ...OPTIONS, '-o', inFolder('followed.jsonl'), '--follow-appended']);
  assert.is(followed.code, 2, followed.stderr);
  assert.match(followed.stderr, /is JSON Lines, Zstandard\. Leave it out/);
});

test('a table that would be decoded without end is refused by name', async () => {
  const whole = Buffer.from(files.find(({ name }) => name === 'v2.parquet')?.bytes ?? '', 'base64');
  // Found by the fuzzer: a run length of billions, in the 25th damaged file of this seed.
  const random = new Random(1);
  let damaged: Uint8Array = whole;
  for (let round = 0; round < 25; round++) damaged = damagedBytes(whole, random);
  const file = fileIn(FOLDER, 'endless.parquet', Buffer.from(damaged));
  const { code, stderr } = await runCli([file, ...OPTIONS]);
  assert.is(code, 1, stderr);
  assert.match(stderr, /are damaged: (?:it takes longer than 11 s|they take more than 3 GiB of memory) to decode/);
});

test.run();
