import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCli } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

// Rows with several answers: one result a row, through the journal, a resumed run, shards and merge.

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const OPTIONS = ['-m', MODEL, '--progress', 'none', '--deterministic'];

const ROWS = [
  { id: 'pair', prompt: 'Name a colour.', chosen: 'Blue.', rejected: 'No.' },
  { id: 'bad', prompt: 'Name a colour.', responses: ['Blue.', 7] },
  { id: 'list', prompt: 'Name a colour.', responses: ['No.', 'Blue.', 'Red, "score": 5}'] },
  { id: 'one', prompt: 'Name a colour.', response: 'Blue.' },
];
const SINGLES = ['Blue.', 'No.', 'Red, "score": 5}'].map((output) => ({ instruction: 'Name a colour.', output }));

function jsonl(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function scoresIn(text: string): Record<string, unknown>[] {
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
}

test('each answer has the score that it has as a sample of its own; resuming and merging give the same bytes', async () => {
  const input = fileIn(FOLDER, 'rows.jsonl', jsonl(ROWS));
  const output = path.join(FOLDER, 'scores.jsonl');
  const run = await runCli([input, ...OPTIONS, '-o', output]);
  assert.is(run.code, 3, run.stderr);
  assert.match(run.stderr, /line 2: "responses\[1\]" must be a string but is a number/);
  const singles = await runCli(['-', ...OPTIONS], jsonl(SINGLES));
  const [blue = NaN, no = NaN, red = NaN] = scoresIn(singles.stdout).map(({ score }) => score as number);
  const written = readFileSync(output, 'utf8');
  assert.equal(scoresIn(written), [
    { id: 'pair', scores: { chosen: blue, rejected: no }, margin: blue - no },
    { id: 'list', scores: [no, blue, red] },
    { id: 'one', score: blue },
  ]);

  const parts = [1, 2].map((part) => path.join(FOLDER, `part${part}.jsonl`));
  for (const [index, part] of parts.entries()) {
    // The answers to one prompt are in one shard: the last one has them all here.
    const shard = await runCli([input, ...OPTIONS, '-o', part, '--shard', `${index + 1}/2`]);
    assert.is(shard.code, index === 0 ? 0 : 3, shard.stderr);
  }
  const merged = path.join(FOLDER, 'merged.jsonl');
  const merge = await runCli(['merge', ...parts, '-o', merged]);
  assert.is(merge.code, 3, merge.stderr);
  assert.is(readFileSync(merged, 'utf8'), written);

  // What a killed run leaves: a journal that lacks its last rows.
  const [, last = ''] = parts;
  const journal = `${last}.journal`;
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
  writeFileSync(journal, lines.slice(0, 2).map((line) => `${line}\n`).join('')); // prettier-ignore
  const resumed = await runCli([input, ...OPTIONS, '-o', last, '--shard', '2/2', '--overwrite']);
  assert.is(resumed.code, 3, resumed.stderr);
  assert.match(resumed.stderr, /Resuming: 1 row .*is scored already/);
  assert.is(readFileSync(last, 'utf8'), written);
});

test.run();
