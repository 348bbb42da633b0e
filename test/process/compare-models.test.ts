import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interruptOnceJournaled, runCli } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();

test('two models score the same rows; killed within the second, the first is not scored again', async () => {
  const why = ' It is so.'.repeat(60); // a second of work for each of the models
  const rows = Array.from(
    { length: 400 },
    (_, i) => `{"instruction": "Question ${i}?", "output": "Answer ${i * i}.${why}"}\n`,
  );
  const data = fileIn(FOLDER, 'rows.jsonl', rows.join(''));
  const output = path.join(FOLDER, 'page.html');
  const command = ['compare-models', 'demo', MODEL, data, '--sample', '300', '-o', output];
  await interruptOnceJournaled(command, path.join(FOLDER, 'page.second.jsonl.journal'));
  assert.not.ok(existsSync(output));
  const run = await runCli([...command, '--json']);
  assert.is(run.code, 0, run.stderr);
  assert.match(run.stderr, /Resuming: [\d,]+ rows? /);
  const { rows: counts } = JSON.parse(run.stdout) as { rows: { matched: number } };
  assert.is(counts.matched, 300);
  assert.match(readFileSync(output, 'utf8'), /<h2>300 scores matched/);
  const left = ['page.rows.jsonl', 'page.first.jsonl.journal', 'page.second.jsonl.journal'];
  for (const name of left) assert.not.ok(existsSync(path.join(FOLDER, name)), name);

  const [a, b] = ['page.first.jsonl', 'page.second.jsonl'].map((name) => path.join(FOLDER, name));
  const compared = await runCli(['compare', a ?? '', b ?? '', '--json']);
  const spearman = (text: string): unknown => (JSON.parse(text) as { spearman: unknown }).spearman;
  assert.equal(spearman(compared.stdout), spearman(run.stdout));
});

test('a card of a model against another answers for the rows at hand, on a page and as JSON', async () => {
  const pairs = Array.from(
    { length: 20 },
    (_, id) => `${JSON.stringify({ id, prompt: `What is ${id} + 1?`, chosen: `${id + 1}.`, rejected: 'No idea.' })}\n`,
  );
  const data = fileIn(FOLDER, 'pairs.jsonl', pairs.join(''));
  const output = path.join(FOLDER, 'card.html');
  const { code, stdout, stderr } = await runCli([
    'card',
    MODEL,
    data,
    '--against',
    'demo',
    '--sample',
    '12',
    '-o',
    output,
  ]);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^It finds the right answer in \d+\.\d % .* of 12 pairs, the original in /);
  assert.match(readFileSync(output, 'utf8'), /<h2>Which rows does it change\?<\/h2>/);
  const card = JSON.parse(readFileSync(path.join(FOLDER, 'card.json'), 'utf8')) as {
    models: unknown;
    comparison: { rows: { matched: number } };
  };
  assert.equal(card.models, { original: 'demo', model: MODEL });
  assert.is(card.comparison.rows.matched, 24);
  assert.not.ok(existsSync(path.join(FOLDER, 'card.rows.jsonl')));
});

test.run();
