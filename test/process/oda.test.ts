import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';
import { runCli } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const MODEL = await testModel('bf16');
const F32 = await testModel('f32');
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

interface Pointwise {
  id: unknown;
  scores: Record<string, { score: number }>;
}

test("key by key, the file is the toolkit's own for the same configuration and checkpoint", async () => {
  const golden = JSON.parse(readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'oda-goldens.json'), 'utf8')) as {
    config: { scorers: object[] };
    rows: object[];
    pointwise: string;
  };
  const input = fileIn(FOLDER, 'golden.jsonl', golden.rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const output = path.join(FOLDER, 'golden');
  const scorers = golden.config.scorers.map((scorer) => ({ ...scorer, model: F32 }));
  // JSON is YAML.
  const config = { ...golden.config, input_path: input, output_path: output, scorers };
  const run = await runCli([
    '-c',
    fileIn(FOLDER, 'golden.yaml', JSON.stringify(config)),
    '--progress',
    'none',
    '--exact',
  ]);
  assert.is(run.code, 0, run.stderr);
  const ours = readFileSync(path.join(output, 'pointwise_scores.jsonl'), 'utf8');
  // All but the digits of the scores: keys, their order, ids, spaces, lines.
  const form = (text: string): string => text.replaceAll(/"score": -?[\d.e-]+/g, '"score": …');
  assert.is(form(ours), form(golden.pointwise));
  const scoresIn = (text: string): number[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Pointwise).scores['InfOrmScorer']?.score ?? NaN);
  const theirs = scoresIn(golden.pointwise);
  const largest = Math.max(...scoresIn(ours).map((score, i) => Math.abs(score - (theirs[i] ?? NaN))));
  assert.ok(largest < 5e-6, String(largest));
});

test.run();
