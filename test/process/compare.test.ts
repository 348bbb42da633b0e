import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCli } from '../support/children/cli.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const FOLDER = tempFolder();

function scores(name: string, values: readonly number[]): string {
  return fileIn(FOLDER, name, values.map((score, id) => `{"id": ${id}, "score": ${score}}\n`).join(''));
}

test('compare prints tables or JSON, and a check that fails ends it with 1', async () => {
  const [a, b] = [scores('a.jsonl', [1, 2, 3, 4]), scores('b.jsonl', [1, 3, 2, 4])];
  const data = fileIn(FOLDER, 'data.jsonl', [0, 1, 2, 3].map((i) => `{"instruction": "Q${i}?", "output": "\\u001b[31mA${i}"}\n`).join('')); // prettier-ignore
  const text = await runCli(['compare', a, b, '--data', data, '--max-deviation', '1', '--min-spearman', '0.8']);
  assert.is(text.code, 0, text.stderr);
  assert.match(text.stdout, /4 scores matched/);
  assert.match(text.stdout, /Spearman +0\.8000/);
  assert.match(text.stdout, /id 1: 2\.0000 and 3\.0000.*\n +Q1\?\n +→ \\x1b\[31mA1\n/);
  const json = await runCli(['compare', a, b, '--json', '--max-flips', '1', '--threshold', '2.5']);
  assert.is(json.code, 1);
  assert.match(json.stderr, /the check failed: 2 rows flip at the threshold 2\.5, more than 1\./);
  const { spearman, failed } = JSON.parse(json.stdout) as { spearman: { value: number }; failed: string[] };
  assert.ok(Math.abs(spearman.value - 0.8) < 1e-12);
  assert.is(failed.length, 1);
  const wrong = await runCli(['compare', a, b, '--min-spearman', 'high']);
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, /--min-spearman takes a number, not "high"/);
});

test.run();
