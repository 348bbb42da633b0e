// What happens to a run while it goes on: its model is replaced or written to, its engine stops answering.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { checkedConversation } from '#src/input/sample.js';
import type { ModelOptions } from '#src/options/model-options.js';
import type { Job, Outcome } from '#src/scoring/score-stream.js';
import type { SupervisedModel, SupervisedOptions } from '#src/supervisor/supervised-model.js';
import { finished, startCli } from '../support/children/cli.js';
import { loadModel, superviseModel } from '../support/models/load.js';
import { testModel } from '../support/models/models.js';
import { tempFolder } from '../support/temp-folder.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const SMALL = { threads: 1, batchSize: 4, maxLength: 256, contextTokens: 512, window: 8, deterministic: true };
const SAMPLES = Array.from({ length: 400 }, (_, i) => ({
  instruction: `Question ${i}`,
  output: `${'because '.repeat(i % 20)}${i}`,
}));

async function* jobs(): AsyncGenerator<Job<number>> {
  for (const [tag, sample] of SAMPLES.entries()) {
    await Promise.resolve();
    yield { tag, conversation: checkedConversation(sample) };
  }
}

function copyOfModel(name: string): string {
  const copy = path.join(FOLDER, name);
  copyFileSync(MODEL, copy);
  return copy;
}

/** Scores all samples in another process and does something to it when the first score is there. */
async function disturbed(
  file: string,
  settings: SupervisedOptions,
  disturb: (engine: number) => void,
  options: Partial<ModelOptions> = {},
): Promise<{ outcomes: Outcome<number>[]; error: InformError | undefined }> {
  await using model: SupervisedModel = await superviseModel(file, { ...SMALL, ...options }, settings);
  const engine = Number(
    execFileSync('pgrep', ['-P', String(process.pid), '-f', 'child.js'], { encoding: 'utf8' }).trim(),
  );
  const outcomes: Outcome<number>[] = [];
  try {
    for await (const outcome of model.scoreJobs(jobs(), { live: false })) {
      if (outcomes.push(outcome) === 1) disturb(engine);
    }
  } catch (error) {
    if (error instanceof InformError) return { outcomes, error };
    throw error;
  }
  return { outcomes, error: undefined };
}

test('an engine that stops answering is said to, ended and started again; the scores are as ever', async () => {
  const crashes: string[] = [];
  const { outcomes, error } = await disturbed(
    MODEL,
    { engineTimeout: 2, onCrash: (what) => void crashes.push(what) },
    (engine) => process.kill(engine, 'SIGSTOP'),
  );
  assert.is(error, undefined);
  assert.is(crashes.length, 1);
  assert.match(crashes[0] ?? '', /did not answer for [\d.]+ s \(engine_timeout\) and was ended\. Starting it again/);
  await using model = await loadModel(MODEL, SMALL);
  const expected: Outcome<number>[] = [];
  for await (const outcome of model.scoreJobs(jobs(), { live: false })) expected.push(outcome);
  assert.equal(outcomes, expected);
});

test('a model that is written to while it is scored with ends the run; no score of the new content is taken', async () => {
  const file = copyOfModel('written.gguf');
  const { outcomes, error } = await disturbed(file, {}, () => {
    utimesSync(file, new Date(), new Date(0));
  });
  assert.is(error?.code, 'INFORM_FILE_CHANGED');
  assert.match(error?.message ?? '', /written\.gguf was written to while the run was going on/);
  assert.ok(outcomes.length < SAMPLES.length);
});

test('an engine that is started again does not load another model that has taken the name', async () => {
  const file = copyOfModel('replaced.gguf');
  const { error } = await disturbed(file, {}, (engine) => {
    renameSync(copyOfModel('other.gguf'), file);
    process.kill(engine, 'SIGKILL');
  });
  assert.is(error?.code, 'INFORM_FILE_CHANGED');
  assert.match(error?.message ?? '', /replaced\.gguf was replaced by another file/);
});

test('a model that is replaced does not end a run whose engine has the old one open', async () => {
  const file = copyOfModel('renamed.gguf');
  const { outcomes, error } = await disturbed(file, {}, () => {
    renameSync(copyOfModel('new.gguf'), file);
  });
  assert.is(error, undefined);
  assert.is(outcomes.length, SAMPLES.length);
});

test('a score head of its own is held to what the model is: written to or replaced, it ends the run', async () => {
  const written = copyOfModel('written-head.gguf');
  const writing = await disturbed(
    MODEL,
    {},
    () => {
      utimesSync(written, new Date(), new Date(0));
    },
    { scoreHead: written },
  );
  assert.is(writing.error?.code, 'INFORM_FILE_CHANGED');
  assert.match(writing.error?.message ?? '', /written-head\.gguf was written to while the run was going on/);
  const replaced = copyOfModel('replaced-head.gguf');
  const replacing = await disturbed(
    MODEL,
    {},
    (engine) => {
      renameSync(copyOfModel('other-head.gguf'), replaced);
      process.kill(engine, 'SIGKILL');
    },
    { scoreHead: replaced },
  );
  assert.is(replacing.error?.code, 'INFORM_FILE_CHANGED');
  assert.match(replacing.error?.message ?? '', /replaced-head\.gguf was replaced by another file/);
});

test('the command line ends with the sentence, keeps the journal and writes no output', async () => {
  const file = copyOfModel('cli.gguf');
  const input = path.join(FOLDER, 'input.jsonl');
  const output = path.join(FOLDER, 'scores.jsonl');
  writeFileSync(input, SAMPLES.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
  const child = startCli([input, '-m', file, '-o', output, '--batch-size', '4', '--window', '8', '--progress', 'none']);
  const ended = finished(child);
  const journal = `${output}.journal`;
  while (!existsSync(journal) || readFileSync(journal, 'utf8').split('\n').length < 4) await sleep(20);
  utimesSync(file, new Date(), new Date(0));
  const { code, stderr } = await ended;
  assert.is(code, 1, stderr);
  assert.match(stderr, /cli\.gguf was written to .*\[INFORM_FILE_CHANGED\]/);
  assert.ok(existsSync(journal), 'the journal is kept');
  assert.not.ok(existsSync(output), 'no output takes its name');
});

test.run();
