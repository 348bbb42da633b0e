// People go home and terminals close: what becomes of standard error and of the terminal makes no difference to a run with -o.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';
import { holdsScore, runCli } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const inFolder = (name: string): string => path.join(FOLDER, name);
const INPUT = fileIn(
  FOLDER,
  'input.jsonl',
  Array.from({ length: 600 }, (_, id) =>
    id === 7 ? '{"id": 7}\n' : `${JSON.stringify({ id, instruction: `What is ${id}+${id}?`, output: `${2 * id}.` })}\n`,
  ).join(''),
);
const WHOLE = inFolder('whole.jsonl');
const EXACT = ['--deterministic', '--threads', '1', '--progress', 'plain', '--verbose', '--stats'];
await runCli([INPUT, '-m', MODEL, '-o', WHOLE, ...EXACT]);

const CLI = `'${process.execPath}' '${path.join(packageRoot(), 'dist', 'cli', 'bin.js')}'`;
const onUnix = testIf(process.platform !== 'win32');
const onLinux = testIf(process.platform === 'linux');

interface ShellRun {
  output: string;
  log: string;
  /** The command of the run, without its redirections. */
  command: string;
}

function shellRun(name: string): ShellRun {
  const [output, log] = [inFolder(`${name}.jsonl`), inFolder(`${name}.log`)];
  return { output, log, command: `${CLI} '${INPUT}' -m '${MODEL}' -o '${output}' --log '${log}' ${EXACT.join(' ')}` };
}

/** Resolves to the exit code that a command line has in bash. */
async function bash(line: string): Promise<number | null> {
  const shell = spawn('bash', ['-c', line], { stdio: 'ignore', timeout: 60_000, killSignal: 'SIGKILL' });
  const [code] = (await once(shell, 'exit')) as [number | null];
  return code;
}

function assertWhole({ output, log }: ShellRun): void {
  assert.ok(readFileSync(output).equals(readFileSync(WHOLE)));
  assert.not.ok(existsSync(`${output}.journal`));
  const events = readFileSync(log, 'utf8');
  assert.match(events, /"event": "rejected"/);
  assert.match(events, /"event": "finished"/);
}

// dd fills the pipe up first, so that every line of the run has to wait for a reader that does not come.
const FAILING: [name: string, line: (command: string) => string][] = [
  ['closed', (command) => `${command} 2>&-`],
  ['that leads nowhere (EPIPE)', (command) => `${command} 2> >(exit)`],
  ['whose reader leaves', (command) => `${command} 2> >(head -c 20 > /dev/null)`],
  ['on a full disk', (command) => `${command} 2> /dev/full`],
  [
    'whose reader reads no more',
    (command) => `{ dd if=/dev/zero bs=65536 count=1 >&2 2>/dev/null; ${command}; } 2> >(exec sleep 100)`,
  ],
];
for (const [index, [name, line]] of FAILING.entries()) {
  onUnix(`standard error ${name}: the run comes to the same bytes and exit code, and its log is whole`, async () => {
    const run = shellRun(`failing-${index}`);
    assert.is(await bash(line(run.command)), 3);
    assertWhole(run);
  });
}

onUnix('what is said of a run is in its log, too', async () => {
  const run = shellRun('said');
  const input = fileIn(FOLDER, 'without-id.jsonl', '{"instruction": "q", "output": "a"}\n');
  assert.is(await bash(`${run.command.replace(INPUT, input)} 2> /dev/full`), 0);
  assert.match(readFileSync(run.log, 'utf8'), /"event": "note", "text": "Samples without an \\"id\\" get/);
});

/** Gives a command line a terminal that vanishes as soon as there are rows in the run's journal. */
async function onVanishingTerminal(line: string, { output }: ShellRun): Promise<void> {
  const terminal = spawn('script', ['-qfc', line, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = once(terminal, 'exit');
  while (!holdsScore(`${output}.journal`)) await delay(5);
  terminal.kill('SIGKILL');
  await ended;
}

async function contentOf(file: string): Promise<string> {
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await delay(10);
  return readFileSync(file, 'utf8');
}

onLinux('the terminal vanishes from a run that ignores SIGHUP: it goes on, and ends in order', async () => {
  const run = shellRun('vanished');
  const code = inFolder('vanished.code');
  // --progress bar writes all the time.
  const command = run.command.replace('plain', 'bar');
  await onVanishingTerminal(`trap '' HUP; ${command}; echo $? > '${code}'`, run);
  assert.is(await contentOf(code), '3\n');
  assertWhole(run);
});

onLinux('the terminal vanishes from any other run: it stops in order, and the log says how to go on', async () => {
  const run = shellRun('stopped');
  const code = inFolder('stopped.code');
  await onVanishingTerminal(
    `trap 'kill -HUP $run' HUP; ${run.command} & run=$!; wait $run; wait $run; echo $? > '${code}'`,
    run,
  );
  assert.is(await contentOf(code), '130\n');
  assert.not.ok(existsSync(run.output));
  const log = readFileSync(run.log, 'utf8');
  assert.match(log, /"event": "note", "text": "Resume it with:"/);
  assert.match(log, /"event": "note", "text": " {2}.*bin\.js .*stopped\.jsonl/);
  await bash(run.command);
  assertWhole(run);
});

onLinux('the summary has a histogram on a terminal, as wide as it is, and in a log the quantiles alone', async () => {
  const seen = inFolder('seen.txt');
  const command = `${CLI} '${INPUT}' -m '${MODEL}' -o '${inFolder('histogram.jsonl')}' --overwrite --progress none`;
  const shown = async (line: string, file: string): Promise<string[]> => {
    await bash(line);
    return readFileSync(file, 'utf8').split(/\r?\n/);
  };
  const bar = / to +-?[\d.]+ +\d+ +#+$/;
  const onTerminal = await shown(`LC_ALL=C script -qfc "stty cols 60; ${command}" '${seen}' > /dev/null`, seen);
  const bars = onTerminal.filter((line) => bar.test(line));
  assert.ok(bars.length > 3, onTerminal.join('\n'));
  assert.ok(bars.every((line) => line.length <= 60));
  const log = inFolder('seen.log');
  const inLog = await shown(`${command} 2> '${log}'`, log);
  assert.not.ok(inLog.some((line) => bar.test(line)));
  assert.ok(inLog.some((line) => /^Quantiles +5 % -?[\d.]+, .* median /.test(line)));
});

/** Sends SIGHUP to a run in the middle, and waits for its exit code. */
async function hungUp(line: string, { output }: ShellRun): Promise<number | null> {
  const shell = spawn('bash', ['-c', line], { stdio: 'ignore' });
  const ended = once(shell, 'exit') as Promise<[number | null]>;
  while (!holdsScore(`${output}.journal`)) await delay(5);
  execFileSync('pkill', ['-HUP', '-f', `bin.js .*${output}`]);
  return (await ended)[0];
}

onLinux('SIGHUP that was ignored at the start stays ignored', async () => {
  const { nohup, trap } = {
    nohup: (command: string) => `nohup ${command} 2> /dev/null; exit $?`,
    trap: (command: string) => `trap '' HUP; ${command}; exit $?`,
  };
  for (const [name, line] of Object.entries({ nohup, trap })) {
    const run = shellRun(name);
    assert.is(await hungUp(line(run.command), run), 3, name);
    assertWhole(run);
  }
});

onLinux('SIGHUP is ignored where nohup has put something in the place of a terminal', async () => {
  const run = shellRun('unreadable');
  assert.is(await hungUp(`${run.command} 0> /dev/null; exit $?`, run), 3);
  assertWhole(run);
  const other = shellRun('nohup-out');
  assert.is(await hungUp(`cd '${FOLDER}'; ${other.command} >> nohup.out; exit $?`, other), 3);
  assertWhole(other);
});

onUnix('SIGHUP that was not ignored ends a run in order', async () => {
  const run = shellRun('hung-up');
  assert.is(await hungUp(`${run.command}; exit $?`, run), 130);
});

onUnix('standard output on a full disk: one sentence and a code, whatever writes to it', async () => {
  const said = inFolder('said.txt');
  for (const args of [`'${INPUT}' -m '${MODEL}' --progress none`, `inspect '${MODEL}'`, `devices --json`, '--help']) {
    assert.is(await bash(`${CLI} ${args} > /dev/full 2> '${said}'`), 1, args);
    const lines = readFileSync(said, 'utf8').split('\n');
    assert.match(lines.at(-2) ?? '', /^inform-score: Standard output .* disk is full.*\[INFORM_OUTPUT_UNWRITABLE\]$/);
    assert.not.match(lines.join('\n'), /^ +at /m);
  }
});

test.run();
