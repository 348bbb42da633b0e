import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { finished, runCli, startCli, type CliResult } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const ROWS = 600;
const BAD = 250;

const INPUT = fileIn(
  FOLDER,
  'in.jsonl',
  Array.from({ length: ROWS }, (_, id) =>
    id === BAD
      ? `{"id": ${id}}\n`
      : `${JSON.stringify({ id, instruction: `What is ${id >> 2} and more?`, output: `It is ${id}.` })}\n`,
  ).join(''),
);
const FLAGS = ['--deterministic', '--progress', 'none'];

function inFolder(name: string): string {
  return path.join(FOLDER, name);
}

function args(run: string, shard: string, flags: readonly string[] = []): string[] {
  return [INPUT, '-m', MODEL, '--run-dir', run, '--shard', shard, ...FLAGS, ...flags];
}

function score(run: string, shard: string, ...flags: string[]): Promise<CliResult> {
  return runCli(args(run, shard, flags));
}

function journals(run: string): string[] {
  return existsSync(run) ? readdirSync(run).filter((name) => name.endsWith('.journal')) : [];
}

/** How many results the fullest journal of a run holds: while a shard is taken over there are two of it. */
function results(run: string): number {
  const counts = journals(run).map((name) => {
    try {
      return readFileSync(path.join(run, name), 'utf8').split('"result"').length - 1;
    } catch {
      return 0; // taken over just now
    }
  });
  return Math.max(0, ...counts);
}

/** Starts a shard, and resolves with the child once it has scored rows. */
async function started(run: string, shard: string): Promise<ReturnType<typeof startCli>> {
  const before = results(run);
  const child = startCli(args(run, shard));
  while (child.exitCode === null && results(run) <= before) await delay(5);
  return child;
}

test('shards that are killed, stopped, waited for and started twice come to the very output of one run', async () => {
  const run = inFolder('run');
  const whole = inFolder('whole.jsonl');
  assert.is((await runCli([INPUT, '-m', MODEL, '-o', whole, ...FLAGS])).code, 3);

  // Killed: the next task knows at once, for the system has let go of the lock.
  const killed = await started(run, '1/2');
  killed.kill('SIGKILL');
  await finished(killed);
  // Where one asks how far a run is, there may be no addon.
  const noAddon = { INFORM_ADDON_DIR: FOLDER };
  const { missing, done } = JSON.parse((await runCli(['status', run, '--json'], '', noAddon)).stdout) as {
    missing: number[];
    done: number;
  };
  assert.equal(missing, [2]); // nothing was heard of the first one for less than the lease's time
  assert.ok(done > 0);

  // Two tasks for one shard: the second one waits, and takes over what the first one lets go of.
  const first = await started(run, '1/2');
  const second = startCli(args(run, '1/2'));
  const secondDone = finished(second);
  const stopped = finished(first);
  first.kill('SIGUSR1');
  const { code, stderr } = await stopped;
  assert.is(code, 75, stderr);
  assert.match(stderr, /Resuming: \d+ rows/, stderr);
  assert.match(stderr, /Stopped by SIGUSR1, to be started again: exit code 75\./, stderr);
  const taken = await secondDone;
  assert.match(taken.stderr, /Resuming: \d+ rows/);
  assert.is(taken.code, 3, taken.stderr);
  assert.equal(journals(run).length, 1, 'one journal a shard');

  const incomplete = await runCli(['merge', run, '-o', inFolder('merged.jsonl')]);
  assert.is(incomplete.code, 1);
  assert.match(incomplete.stderr, /A shard is not finished in .*from 0 on: 1\. Run .* or pass --partial/);
  const partial = await runCli(['merge', run, '--partial', '-o', inFolder('partial.jsonl'), '--rejects-ok']);
  assert.is(partial.code, 0, partial.stderr);
  assert.match(partial.stderr, /Merged 2 shards into .*, 1 rejected, see .*; \d+ rows not done yet/);
  const half = readFileSync(inFolder('partial.jsonl'), 'utf8');
  assert.ok(half.length > 1000 && readFileSync(whole, 'utf8').startsWith(half));
  assert.match(
    (await runCli(['status', run])).stdout,
    /^2 +waiting +\d+ .*\n1 of 2 shards done, .*\n.*--array=1 .* 2 \(LSF/m,
  );

  const slurm = { SLURM_ARRAY_TASK_ID: '1', SLURM_ARRAY_TASK_MIN: '0', SLURM_ARRAY_TASK_COUNT: '2' };
  const last = await runCli(args(run, 'auto', ['--rejects-ok']), '', slurm);
  assert.is(last.code, 0, last.stderr);

  // Once more: nothing is done, and nothing is written.
  const before = journals(run).map((name) => statSync(path.join(run, name)).mtimeMs);
  const leases = readdirSync(run).length;
  for (const shard of ['1/2', '2/2']) {
    const again = await score(run, shard);
    assert.is(again.code, 0, again.stderr);
    assert.match(again.stderr, /is finished already\. Nothing is done\./);
  }
  assert.equal(
    journals(run).map((name) => statSync(path.join(run, name)).mtimeMs),
    before,
  );
  assert.is(readdirSync(run).length, leases);

  assert.match((await runCli(['status', run])).stdout, /2 of 2 shards done, 600 of 600 rows, 1 rejected\nComplete/);
  const merged = await runCli(['merge', run, '-o', inFolder('merged.jsonl')]);
  assert.is(merged.code, 3, merged.stderr);
  assert.ok(readFileSync(inFolder('merged.jsonl')).equals(readFileSync(whole)));
  assert.ok(readFileSync(`${inFolder('merged.jsonl')}.rejects.jsonl`).equals(readFileSync(`${whole}.rejects.jsonl`)));
});

test('another count, option, input or model is refused by name, with an exit code that stays', async () => {
  const run = inFolder('run'); // of the test before
  const counted = await score(run, '1/3');
  assert.is(counted.code, 2);
  assert.match(counted.stderr, /has 2 shards, and this task is one of 3\. .*INFORM_RUN_DIFFERS/);
  const other = inFolder('other');
  assert.is((await started(other, '1/2')).kill('SIGTERM'), true);
  const optioned = await score(other, '2/2', '--max-length', '50');
  assert.is(optioned.code, 2);
  assert.match(optioned.stderr, /was begun by another command: max_length was 4096 and is 50\. .*INFORM_RUN_DIFFERS/);
  const input = fileIn(FOLDER, 'else.jsonl', readFileSync(INPUT, 'utf8').replace('What is 9 ', 'Who is 9 '));
  const changed = await runCli([input, ...args(other, '2/2').slice(1)]);
  assert.match(changed.stderr, /the input was .*in\.jsonl and is .*else\.jsonl, which has another content/);
  writeFileSync(path.join(other, 'run.json'), '{"run": "inform-score", "format": 2}');
  const edited = await score(other, '2/2');
  assert.match(edited.stderr, /run\.json was not written by this version .*INFORM_RUN_DIFFERS/);
  mkdirSync(inFolder('empty'));
  for (const command of [['status'], ['merge', '-o', inFolder('no.jsonl')]]) {
    const none = await runCli([...command, inFolder('empty')]);
    assert.is(none.code, 2);
    assert.match(none.stderr, /holds no run: there is no run\.json/);
  }
});

test('a line for every row goes to a pipe, in place of rejected rows too; beside a file it is refused', async () => {
  const lines = ['{"id": "a", "instruction": "q", "output": "x"}', '{"id": 12345678901234567890}', 'nope'];
  const { code, stdout } = await runCli(
    ['-', '-m', MODEL, '--one-line-per-row', '--rejects-ok', '--progress', 'none'],
    `${lines.join('\n')}\n`,
  );
  assert.is(code, 0);
  const [scored, rejected, broken, ...rest] = stdout.split('\n');
  assert.match(scored ?? '', /^\{"id": "a", "score": -?[\d.]+\}$/);
  assert.is(rejected, '{"id": 12345678901234567890, "score": null, "error": "\\"instruction\\" is missing"}');
  assert.match(broken ?? '', /^\{"id": 2, "score": null, "error": "the row is not valid JSON/);
  assert.equal(rest, ['']);
  const file = await runCli([INPUT, '-m', MODEL, '-o', inFolder('lines.jsonl'), '--one-line-per-row']);
  assert.is(file.code, 2);
  assert.match(file.stderr, /--one-line-per-row is for standard output and pipes/);
});

test('what does not go with a run of many tasks is refused by name', async () => {
  for (const [flags, message] of [
    [['-o', inFolder('x.jsonl'), '--shard', '1/2'], /-o is not for --run-dir/],
    [['--restart', '--shard', '1/2'], /--restart is not for --run-dir/],
    [[], /--run-dir needs --shard/],
    [['--shard', '1/2', '--lease', '0'], /--lease must be a number of seconds/],
    [['--shard', 'auto', '--shards', '4'], /finds no array job/],
  ] as [string[], RegExp][]) {
    const { code, stderr } = await runCli([INPUT, '-m', MODEL, '--run-dir', inFolder('no'), ...flags]);
    assert.is(code, 2, stderr);
    assert.match(stderr, message);
  }
});

test.run();
