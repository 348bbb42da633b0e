// What a scoring run reads of its configuration, template and head: once, and not again in the engine's process.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCli } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const FOLDER = tempFolder();
const MODEL = await testModel('bf16');
const PRELOAD = new URL('../support/children/count-opens.js', import.meta.url).href;

interface Opened {
  isEngine: boolean;
  file: string;
}

test('a run reads configuration and template once, and its engine reads neither', async () => {
  const template = fileIn(FOLDER, 'own.jinja', '{% for message in messages %}{{ message.content }}{% endfor %}');
  const config = fileIn(FOLDER, 'run.yaml', `model: ${MODEL}\nchat_template: ${template}\nmax_length: 256\n`);
  const input = fileIn(FOLDER, 'rows.jsonl', '{"instruction": "a", "output": "b"}\n');
  const list = path.join(FOLDER, 'opened');
  writeFileSync(list, '');
  const output = path.join(FOLDER, 'scores.jsonl');
  const env = { NODE_OPTIONS: `--import=${PRELOAD}`, OPENED_LIST: list };
  const { code, stderr } = await runCli(['-c', config, input, '-o', output, '--progress', 'none'], '', env);
  assert.is(code, 0, stderr);
  const opened = readFileSync(list, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Opened);
  const count = (file: string, isEngine: boolean): number =>
    opened.filter((entry) => entry.isEngine === isEngine && entry.file === file).length;
  for (const file of [config, template]) {
    assert.is(count(file, false), 1, `${file} in the supervisor`);
    assert.is(count(file, true), 0, `${file} in the engine's process`);
  }
  assert.ok(
    opened.some(({ isEngine }) => isEngine),
    "the engine's process was watched, too",
  );
});

test.run();
