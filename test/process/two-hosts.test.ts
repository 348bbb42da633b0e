import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';
import { finished, runCli, startCli, type CliResult } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

const CLI = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
const HOSTS = path.join(packageRoot(), 'test', 'support', 'hosts', 'hosts.sh');
const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const ROWS = 900;
const INPUT = fileIn(
  FOLDER,
  'in.jsonl',
  Array.from(
    { length: ROWS },
    (_, id) => `${JSON.stringify({ id, instruction: `What is ${id >> 2}?`, output: `It is ${id}.` })}\n`,
  ).join(''),
);
const FLAGS = ['-m', MODEL, '--deterministic', '--progress', 'none'];

const whole = path.join(FOLDER, 'whole.jsonl');
await finished(startCli([INPUT, ...FLAGS, '-o', whole]));

function args(run: string): string[] {
  return [INPUT, ...FLAGS, '--run-dir', run, '--shard', '1/1', '--lease', '2'];
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(20);
}

function journal(run: string, term: number): string {
  const file = path.join(run, `shard-00001.t${term}.journal`);
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}

async function isWhole(run: string): Promise<void> {
  const merged = path.join(FOLDER, `merged-${path.basename(path.dirname(run))}.jsonl`);
  const { code, stderr } = await runCli(['merge', run, '-o', merged]);
  assert.is(code, 0, stderr);
  assert.ok(readFileSync(merged).equals(readFileSync(whole)));
  assert.equal(
    readdirSync(run).filter((name) => name.endsWith('.journal')),
    ['shard-00001.t2.journal'],
  );
}

test('a task that stands still loses its shard, and finds that when it goes on', async () => {
  const run = path.join(FOLDER, 'run');
  const first = startCli(args(run));
  const firstDone = finished(first);
  await until(() => journal(run, 1).includes('"result"'));
  first.kill('SIGSTOP');
  const second = await runCli(args(run));
  first.kill('SIGCONT');
  const { code, stderr } = await firstDone;
  assert.is(second.code, 0, second.stderr);
  assert.match(second.stderr, /Process \d+ on .* has shard 1\/1\. Waiting until it is done, or silent for 2 seconds/);
  assert.match(second.stderr, /Resuming: \d+ rows/);
  assert.ok(code === 75 || code === 1, `${code}: ${stderr}`);
  assert.match(stderr, /INFORM_SHARD_TAKEN|INFORM_OUTPUT_UNWRITABLE|INFORM_JOURNAL_CHANGED/);
  await isWhole(run);
});

const hasHosts =
  process.getuid?.() === 0 &&
  ['sshfs', 'ip', 'unshare', 'ssh-keygen'].every((program) => spawnSync('which', [program]).status === 0) &&
  existsSync('/usr/sbin/sshd') &&
  existsSync('/dev/fuse');

testIf(hasHosts)(
  'over SSHFS, which has no locks between hosts: one that is cut off loses its shard, and comes back to nothing',
  async () => {
    const folder = tempFolder();
    const hosts = (...command: string[]): void => {
      execFileSync('bash', [HOSTS, ...command], { stdio: 'ignore' });
    };
    const onHost = (host: string): Promise<CliResult> => {
      const command = [process.execPath, CLI, ...args(path.join(folder, 'mount', 'run'))];
      return finished(
        spawn('bash', [HOSTS, 'on', folder, host, ...command], { timeout: 90_000, killSignal: 'SIGKILL' }),
      );
    };
    const run = path.join(folder, 'share', 'run');
    hosts('up', folder);
    try {
      const first = onHost('1');
      await until(() => journal(run, 1).includes('"result"'));
      const second = onHost('2');
      hosts('cut', folder, '1');
      await until(() => journal(run, 2) !== '');
      hosts('join', folder, '1');
      const [one, two] = await Promise.all([first, second]);
      assert.is(two.code, 0, two.stderr);
      assert.match(two.stderr, /on host-1 has shard 1\/1\. Waiting/);
      assert.ok(one.code === 75 || one.code === 1, one.stderr);
      assert.match(one.stderr, /INFORM_SHARD_TAKEN|INFORM_OUTPUT_UNWRITABLE/);
      await isWhole(run);
    } finally {
      hosts('down', folder);
    }
  },
);

test.run();
