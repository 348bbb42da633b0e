import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  finished,
  holdsScore,
  interruptOnceJournaled,
  runCli,
  startCli,
  type CliResult,
} from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();

function row(id: number): string {
  return `${JSON.stringify({ id, instruction: `What is ${id}+${id}?`, output: `It is ${2 * id}.${' Yes.'.repeat(20)}` })}\n`;
}

function rows(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => (from + i === 7 ? '{"id": 7}\n' : row(from + i))).join('');
}

function inFolder(name: string): string {
  return path.join(FOLDER, name);
}

function idsIn(file: string): unknown[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => (JSON.parse(line) as { id: unknown }).id);
}

function score(input: string, output: string, ...flags: string[]): Promise<CliResult> {
  return runCli([input, '-m', MODEL, '-o', output, '--progress', 'none', ...flags]);
}

/** Starts a run and sends it a signal once its journal holds rows. */
function interrupt(signal: NodeJS.Signals, input: string, output: string, flags: string[] = []): Promise<CliResult> {
  const command = [input, '-m', MODEL, '-o', output, '--progress', 'none', ...flags];
  return interruptOnceJournaled(command, `${output}.journal`, signal);
}

test('an interrupt ends the run within 2 s, with the very line that resumes it', async () => {
  const input = fileIn(FOLDER, "it's long.jsonl", rows(0, 1500));
  const output = inFolder('an output.jsonl');
  const log = inFolder('interrupted.log');
  const { code, stderr } = await interrupt('SIGINT', input, output, ['--batch-size', '16', '--log', log]);
  assert.is(code, 130, stderr);
  const events = readFileSync(log, 'utf8');
  assert.match(events, /"event": "interrupted", "scored": \d+\}$/m);
  // Options are named as a configuration names them, and as they were typed.
  assert.match(events, /"event": "start", "command": "[^\n]*--batch-size 16[^\n]*"batch_size":16/);
  assert.match(
    stderr,
    /The run was interrupted\. [\d,]+ rows? (?:is|are) kept in .*an output\.jsonl\.journal\.\nResume it with:\n/,
  );
  assert.not.ok(existsSync(output));
  const line = /Resume it with:\n {2}(.*)\n/.exec(stderr)?.[1] ?? '';
  // The shortest way through the rest: what it says before it starts is enough here.
  execFileSync('sh', ['-c', `${line} 2> '${inFolder('resumed.txt')}' || test $? -eq 3`]);
  assert.match(readFileSync(inFolder('resumed.txt'), 'utf8'), /Resuming: [\d,]+ rows? \(\d+ % of the input\)/);
  assert.is(idsIn(output).length, 1499);
  assert.not.ok(existsSync(`${output}.journal`));
});

test('a second interrupt ends the process at once, and the run resumes all the same', async () => {
  const input = fileIn(FOLDER, 'twice.jsonl', rows(0, 1500));
  const output = inFolder('twice-out.jsonl');
  const child = startCli([input, '-m', MODEL, '-o', output, '--progress', 'none']);
  const done = finished(child);
  while (!holdsScore(`${output}.journal`)) await delay(5);
  child.kill('SIGINT');
  child.kill('SIGTERM');
  assert.is((await done).code, 130);
  const { code, stderr } = await score(input, output);
  assert.is(code, 3, stderr);
  assert.match(stderr, /Resuming: /);
  assert.is(idsIn(output).length, 1499);
});

test('a second run with the same output is refused while the first lives, and no longer', async () => {
  const input = fileIn(FOLDER, 'shared.jsonl', rows(0, 1500));
  const output = inFolder('shared-out.jsonl');
  const child = startCli([input, '-m', MODEL, '-o', output, '--progress', 'none']);
  const done = finished(child);
  while (!existsSync(`${output}.journal`)) await delay(5);
  const second = await score(input, output, '--overwrite', '--restart');
  assert.is(second.code, 1, second.stderr);
  assert.match(second.stderr, /^inform-score: .*is the output of another run.*\[INFORM_OUTPUT_IN_USE\]\n$/);
  child.kill('SIGKILL');
  await done;
  const third = await score(fileIn(FOLDER, 'short.jsonl', rows(0, 3)), output, '--restart');
  assert.is(third.code, 0, third.stderr);
});

test('the input, the model or an option changed: one sentence that names it; --restart begins anew', async () => {
  const input = fileIn(FOLDER, 'changing.jsonl', rows(0, 1500));
  const output = inFolder('changing-out.jsonl');
  await interrupt('SIGKILL', input, output);
  const optioned = await score(input, output, '--max-length', '77');
  assert.is(optioned.code, 1);
  assert.match(optioned.stderr, /(?:^|\n)inform-score: .*max_length was 4096 and is 77.*\[INFORM_CANNOT_RESUME\]\n$/);
  const other = await runCli([input, '-m', await testModel('q8_0'), '-o', output, '--progress', 'none']);
  assert.match(other.stderr, /the model was model-bf16\.gguf and is model-q8_0\.gguf, which has another content/);
  fileIn(FOLDER, 'changing.jsonl', rows(0, 12).replace('What is 9', 'Who is 9'));
  const changed = await score(input, output);
  assert.match(changed.stderr, /the input .*changing\.jsonl has another content.*--restart to discard its \d+ rows/);
  const anew = await score(input, output, '--restart');
  assert.is(anew.code, 3, anew.stderr);
  assert.is(idsIn(output).length, 11);
});

test('an input that grows is followed: only what is new is scored, and a line still being written waits', async () => {
  const input = fileIn(FOLDER, 'log.jsonl', `${rows(0, 20)}{"id": 20, "instru`);
  const output = inFolder('log-out.jsonl');
  const first = await score(input, output, '--follow-appended');
  assert.is(first.code, 3, first.stderr);
  assert.is(idsIn(output).length, 19);
  const before = readFileSync(output, 'utf8');
  appendFileSync(input, `ction": "q", "output": "a"}\n${rows(21, 25)}`);
  const refused = await score(input, output);
  assert.match(refused.stderr, /has grown since the run was begun\. Pass --follow-appended/);
  const second = await score(input, output, '--follow-appended');
  assert.is(second.code, 3, second.stderr);
  assert.match(second.stderr, /Resuming: 20 rows/);
  assert.match(second.stderr, /^Scored +5 samples/m);
  assert.ok(readFileSync(output, 'utf8').startsWith(before));
  assert.equal(idsIn(output).slice(-5), [20, 21, 22, 23, 24]);
});

test('shards, merged, are the run over all rows; what does not fit is refused', async () => {
  const input = fileIn(FOLDER, 'all.jsonl', rows(0, 50));
  const whole = inFolder('whole.jsonl');
  await score(input, whole, '--deterministic');
  const shards = await Promise.all(
    [1, 2, 3].map(async (i) => {
      const output = inFolder(`shard-${i}.jsonl`);
      await score(input, output, '--deterministic', '--shard', `${i}/3`);
      return output;
    }),
  );
  const ids = shards.flatMap((shard) => idsIn(shard));
  assert.equal(ids, idsIn(whole), 'the shards are stretches of the input');
  const merged = inFolder('merged.jsonl');
  const missing = await runCli(['merge', ...shards.slice(1), '-o', merged]);
  assert.is(missing.code, 1);
  assert.match(missing.stderr, /^inform-score: A shard is missing: 1\/3\. \[INFORM_INVALID_SHARDS\]\n$/);
  const { code, stderr } = await runCli(['merge', ...shards.toReversed(), '-o', merged]);
  assert.is(code, 3, stderr);
  assert.match(stderr, /^Merged 3 shards into .*merged\.jsonl: 49 scores, 1 rejected, see /);
  assert.ok(readFileSync(merged).equals(readFileSync(whole)));
  assert.ok(readFileSync(`${merged}.rejects.jsonl`).equals(readFileSync(`${whole}.rejects.jsonl`)));

  const twice = await runCli(['merge', ...shards, ...shards.slice(0, 1), '-o', merged, '--overwrite']);
  assert.match(twice.stderr, /are both shard 1\/3/);
  await score(input, inFolder('other.jsonl'), '--max-length', '50', '--deterministic', '--shard', '1/3');
  const mixed = await runCli(['merge', inFolder('other.jsonl'), ...shards.slice(1), '-o', merged, '--overwrite']);
  assert.match(mixed.stderr, /are of different runs: max_length was 50 and is 4096/);
  appendFileSync(shards[0] ?? '', '{"id": 0, "score": 9}\n');
  const edited = await runCli(['merge', ...shards, '-o', merged, '--overwrite']);
  assert.match(edited.stderr, /shard-1\.jsonl is missing, or not what its run wrote/);
  rmSync(`${shards[1] ?? ''}.journal`);
  const bare = await runCli(['merge', ...shards.slice(1), '-o', merged, '--overwrite']);
  assert.match(bare.stderr, /shard-2\.jsonl\.journal is missing/);
});

test('answers to one prompt stay together: four shards compute what one run computes, and a changed count is refused', async () => {
  const prompts = Array.from(
    { length: 40 },
    (_, prompt) => `Explain this at length: ${`${prompt} and more, `.repeat(80)}`,
  );
  const lines = prompts.flatMap((instruction) =>
    Array.from({ length: 8 }, (_, answer) => JSON.stringify({ instruction, output: `It is ${answer}.` })),
  );
  const input = fileIn(FOLDER, 'best-of-8.jsonl', `${lines.join('\n')}\n`);
  const computed = async (name: string, ...flags: string[]): Promise<number> => {
    const { code, stderr } = await score(input, inFolder(name), '--stats', ...flags);
    assert.is(code, 0, stderr);
    return Number(/^Tokens computed +([\d,]+)/m.exec(stderr)?.[1]?.replaceAll(',', ''));
  };
  const whole = await computed('bo8.jsonl');
  let sum = 0;
  for (let i = 1; i <= 4; i++) sum += await computed(`bo8-${i}.jsonl`, '--shard', `${i}/4`);
  assert.ok(sum < 1.02 * whole, `${sum} of ${whole} tokens`);

  const recounted = await score(input, inFolder('bo8-1.jsonl'), '--shard', '1/5');
  assert.match(recounted.stderr, /the shard was 1\/4 rows 0\.\.\d+ of 320 and is 1\/5 rows .*INFORM_CANNOT_RESUME/);
  for (const flags of [['--follow-appended'], []]) {
    const refused = await runCli(
      [flags.length > 0 ? input : '-', '-m', MODEL, '-o', inFolder('no.jsonl'), '--shard', '1/4', ...flags],
      row(0),
    );
    assert.is(refused.code, 2);
    assert.match(
      refused.stderr,
      /--follow-appended is not for --shard|--shard reads the input twice, and <stdin> is a pipe/,
    );
  }
});

test('what needs a file says so', async () => {
  for (const flags of [['--restart'], ['--follow-appended'], ['--shard', '1/2']]) {
    const { code, stderr } = await runCli(['-', '-m', MODEL, ...flags], row(0));
    assert.is(code, 2);
    assert.match(stderr, /needs an output file\. Name one with -o\. \[INFORM_INVALID_CONFIG\]/);
  }
  for (const shard of ['0/2', '3/2', '1', 'a/b']) {
    const { code, stderr } = await runCli(['-', '-m', MODEL, '-o', inFolder('x'), '--shard', shard], row(0));
    assert.is(code, 2);
    assert.match(stderr, /--shard must be i\/n/);
  }
});

test.run();
