import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCli } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();

const ROWS = [
  { id: 3, instruction: 'Name a colour.', input: '', output: 'Blue.' },
  { id: 'x', instruction: 5, output: 'Blue.' },
  { id: 3, instruction: 'Name a colour.', output: 'No.', messages: [{ role: 'assistant', content: 'y' }] },
  { instruction: 'Name a colour.', output: 'Red.' },
];

test("the toolkit's configuration: a run for each scorer, and their scores where its scripts look for them", async () => {
  const input = fileIn(FOLDER, 'in.jsonl', ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const output = path.join(FOLDER, 'results');
  const scorers = ['InfOrmScorer', 'SkyworkLlamaScorer'].map((name) => `- name: ${name}\n  model: ${MODEL}\n`).join('');
  const config = fileIn(
    FOLDER,
    'oda.yaml',
    `input_path: ${input}\noutput_path: ${output}\nnum_gpu: 1\nresume: true\nscorers:\n${scorers}- name: AtheneScorer\n`,
  );
  const run = await runCli(['-c', config, '--progress', 'none', '--deterministic']);
  assert.is(run.code, 3, run.stderr);
  assert.match(run.stderr, /AtheneScorer is skipped/);
  const map = ['--map', 'instruction=instruction,output=output'];
  const plain = await runCli([input, '-m', MODEL, '--progress', 'none', '--deterministic', ...map]);
  const expected = plain.stdout.replaceAll(
    /^\{"id": (.*), ("score": .*)\}$/gm,
    '{"id": $1, "scores": {"InfOrmScorer": {$2}, "SkyworkLlamaScorer": {$2}}}',
  );
  assert.is(readFileSync(path.join(output, 'pointwise_scores.jsonl'), 'utf8'), expected);
  assert.is(expected.split('\n').length, 4);
});

test.run();
