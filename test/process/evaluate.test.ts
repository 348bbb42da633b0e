import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interruptOnceJournaled, runCli } from '../support/children/cli.js';
import { HubServer } from '../support/hub/hub-server.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();

function jsonl(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

function linesOf(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
}

test('a benchmark is scored as its answers are one by one, and its results are as allenai writes them', async () => {
  // Ids that are not unique, as those of RewardBench; answers in lists, as in RewardBench 2.
  const rows = ['hep-go', 'hep-go', 'donotanswer'].map((subset, i) => ({
    id: 1,
    prompt: 'Name a colour.',
    chosen: `Blue ${i}.`,
    rejected: 'No.',
    subset,
  }));
  const data = fileIn(FOLDER, 'bench.jsonl', jsonl(rows));
  const output = path.join(FOLDER, 'results.json');
  const run = await runCli(['evaluate', 'rewardbench', data, '-m', MODEL, '-o', output, '--deterministic']);
  assert.is(run.code, 0, run.stderr);
  const singles = ['Blue 0.', 'No.', 'Blue 1.', 'No.', 'Blue 2.', 'No.'].map((answer) => ({ instruction: 'Name a colour.', output: answer })); // prettier-ignore
  const alone = await runCli(['-', '-m', MODEL, '--deterministic', '--progress', 'none'], jsonl(singles));
  const scores = alone.stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as { score: number }).score); // prettier-ignore
  const pairs = [0, 2, 4].map((at) => [scores[at] ?? NaN, scores[at + 1] ?? NaN] as const);
  const kept = path.join(FOLDER, 'results.scores.jsonl');
  assert.equal(
    linesOf(kept),
    pairs.map((pair) => ({ id: 1, scores: pair })),
  );
  const won = pairs.map(([chosen, rejected]) => Number(chosen > rejected));
  assert.equal(JSON.parse(readFileSync(output, 'utf8')), {
    model: MODEL,
    model_type: 'Seq. Classifier',
    chat_template: 'tokenizer',
    donotanswer: won[2],
    'hep-go': ((won[0] ?? NaN) + (won[1] ?? NaN)) / 2,
  });
  for (const left of ['results.rows.jsonl', 'results.run.jsonl']) assert.not.ok(existsSync(path.join(FOLDER, left)));

  const again = await runCli(['evaluate', 'rewardbench', data, '--scores', kept]);
  assert.is(again.code, 0, again.stderr);
  const table = (text: string): string => text.slice(text.indexOf('accuracy'));
  assert.is(table(again.stdout), table(run.stdout));

  const twice = await runCli(['evaluate', 'rewardbench', data, '-m', MODEL, '-o', output]);
  assert.match(twice.stderr, /results\.json exists already\. Pass --overwrite/);
  const both = await runCli(['evaluate', 'rewardbench', data, '--scores', kept, '-m', MODEL]);
  assert.match(both.stderr, /--scores takes the place of a model/);
  const by = await runCli(['evaluate', 'rewardbench2', data, '--scores', kept, '--by', 'id']);
  assert.match(by.stderr, /--by is for pairs/);
});

test('the data may be a split of a data set of the hub', async () => {
  const server = await HubServer.start();
  try {
    const name = 'datasets/owner/bench';
    const rows = [{ id: 3, prompt: 'Q?', chosen: 'yes', rejected: 'no', subset: 'hep-go' }];
    server.tag(name, 'refs/convert/parquet', server.publish(name, { 'default/filtered/0000.parquet': Buffer.from(jsonl(rows)) })); // prettier-ignore
    const scores = fileIn(FOLDER, 'hub-scores.jsonl', jsonl([{ id: 3, scores: [1, 0] }]));
    const env = { HF_ENDPOINT: server.endpoint, HF_HOME: FOLDER, HF_HUB_CACHE: path.join(FOLDER, 'hub'), NO_PROXY: '127.0.0.1' }; // prettier-ignore
    const command = ['evaluate', 'rewardbench', 'hf://datasets/owner/bench/filtered', '--scores', scores];
    const run = await runCli(command, '', env);
    assert.is(run.code, 0, run.stderr);
    assert.match(run.stdout, /hep-go +100\.0 /);
  } finally {
    server.close();
  }
});

test("allenai's convention is what the options of score say", async () => {
  const data = fileIn(
    FOLDER,
    'as.jsonl',
    jsonl([{ prompt: 'Hi?', chosen: 'Yes. '.repeat(3000), rejected: 'No.', subset: 'hep-go' }]),
  );
  const output = path.join(FOLDER, 'as.json');
  const run = await runCli(['evaluate', 'rewardbench', data, '-m', MODEL, '-o', output, '--as', 'rewardbench']);
  assert.is(run.code, 0, run.stderr);
  assert.match(run.stdout, /allenai's convention \(--as rewardbench\): at most 2048 tokens, 1 of the rows/);
  const same = await runCli([
    data,
    '-m',
    MODEL,
    '--max-length',
    '2048',
    '--truncation-side',
    'left',
    '--bos',
    'always',
  ]);
  const { scores } = JSON.parse(same.stdout) as { scores: { chosen: number; rejected: number } };
  assert.equal(linesOf(path.join(FOLDER, 'as.scores.jsonl')), [{ id: 0, scores: [scores.chosen, scores.rejected] }]);
  const both = await runCli(['evaluate', 'rewardbench', data, '-m', MODEL, '-o', output, '--as', 'rewardbench', '--bos', 'auto']); // prettier-ignore
  assert.match(both.stderr, /--as rewardbench decides about --bos/);
});

test('an evaluation that was killed goes on with the same command', async () => {
  const why = ' It is so.'.repeat(20);
  const rows = Array.from({ length: 600 }, (_, i) => ({ id: i, prompt: `Question ${i}?`, chosen: [`Yes, it is.${why}`], rejected: ['No.', `It is ${i}.`], subset: 'Math' })); // prettier-ignore
  const data = fileIn(FOLDER, 'long.jsonl', jsonl(rows));
  const output = path.join(FOLDER, 'long.json');
  const command = ['evaluate', 'rewardbench2', data, '-m', MODEL, '-o', output];
  await interruptOnceJournaled(command, path.join(FOLDER, 'long.run.jsonl.journal'));
  assert.not.ok(existsSync(output));
  const run = await runCli([...command, '--json']);
  assert.is(run.code, 0, run.stderr);
  assert.match(run.stderr, /Resuming: [\d,]+ rows? /);
  const { items, withoutScore, score } = JSON.parse(run.stdout) as {
    items: number;
    withoutScore: number;
    score: unknown;
  };
  assert.equal([items, withoutScore], [600, 0]);
  assert.equal(score, { value: null, low: null, high: null }, 'the other subsets are missing');
  assert.is(linesOf(path.join(FOLDER, 'long.scores.jsonl')).length, 600);
});

test.run();
