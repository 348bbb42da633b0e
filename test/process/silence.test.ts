// Ctrl-C and SIGTERM end every wait for a pipe: one that is silent, one without a partner, one whose reader sleeps.
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { finished, runCli, startCli } from '../support/children/cli.js';
import { testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const INPUT = fileIn(FOLDER, 'input.jsonl', rows(3));
/** More results than any pipe holds. */
const MANY = fileIn(FOLDER, 'many.jsonl', rows(10_000));
const onUnix = testIf(process.platform !== 'win32');

function rows(count: number): string {
  return Array.from({ length: count }, (_, id) => `{"id": ${id}, "instruction": "q", "output": "a ${id}"}\n`).join('');
}

let pipes = 0;

function namedPipe(): string {
  const pipe = path.join(FOLDER, `pipe-${pipes++}`);
  execFileSync('mkfifo', [pipe]);
  return pipe;
}

/** A process that has an end of a pipe open, and does nothing with it. */
function sleeper(pipe: string, redirection: '<' | '>'): () => void {
  const child = spawn('sh', ['-c', `exec sleep 60 ${redirection} '${pipe}'`], { stdio: 'ignore' });
  return () => child.kill('SIGKILL');
}

type Command = readonly string[];
const SCORE = ['--progress', 'none', '-m', MODEL];

const SILENT: [name: string, command: (pipe: string) => Command, partner: '<' | '>' | undefined][] = [
  ['an input without a writer', (pipe) => [pipe, ...SCORE], undefined],
  ['an input whose writer is silent', (pipe) => [pipe, ...SCORE], '>'],
  ['an input without a writer, with -o', (pipe) => [pipe, ...SCORE, '-o', `${pipe}.jsonl`], undefined],
  ['a silent standard input', () => ['-', ...SCORE], undefined],
  ['a template without a writer', (pipe) => [INPUT, ...SCORE, '--chat-template', pipe], undefined],
  ['a template whose writer is silent', (pipe) => [INPUT, ...SCORE, '--chat-template', pipe], '>'],
  ['a configuration without a writer', (pipe) => [INPUT, ...SCORE, '-c', pipe], undefined],
  ['a configuration whose writer is silent', (pipe) => [INPUT, ...SCORE, '-c', pipe], '>'],
  ['an output without a reader', (pipe) => [INPUT, ...SCORE, '-o', pipe], undefined],
  ['an output whose reader sleeps', (pipe) => [MANY, ...SCORE, '-o', pipe], '<'],
  ['a log without a reader', (pipe) => [INPUT, ...SCORE, '--log', pipe, '-o', `${pipe}.jsonl`], undefined],
  ['a standard output whose reader sleeps', () => [MANY, ...SCORE], undefined],
];

for (const [index, [name, command, partner]] of SILENT.entries()) {
  const signal = index % 2 === 0 ? 'SIGINT' : 'SIGTERM';
  onUnix(`${signal} ends the wait for ${name}`, async () => {
    const pipe = namedPipe();
    const wake = partner && sleeper(pipe, partner);
    const child = startCli(command(pipe));
    try {
      await untilWaiting(child);
      child.kill(signal);
      const [code] = (await Promise.race([once(child, 'exit'), delay(5000, ['it still waits'])])) as unknown[];
      assert.is(code, 130);
    } finally {
      wake?.();
      child.kill('SIGKILL');
    }
  });
}

/** Until a run has started, which its engine's process tells, and has come to where it waits. */
async function untilWaiting({ pid }: ChildProcessWithoutNullStreams): Promise<void> {
  const children = `/proc/${pid}/task/${pid}/children`;
  while (existsSync(children) && readFileSync(children, 'utf8') === '') await delay(10);
  await delay(2000);
}

onUnix('named pipes with partners work as files do, for all that a run reads and writes', async () => {
  const [input, template, config, output, log] = Array.from({ length: 5 }, namedPipe) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const files = { template: '{{ messages[0].content }}', config: 'max_length: 100\n' };
  const expected = await runCli([
    ...[INPUT, ...SCORE, '--chat-template', fileIn(FOLDER, 't.jinja', files.template)],
    ...['-c', fileIn(FOLDER, 'c.yaml', files.config)],
  ]);
  assert.is(expected.code, 0, expected.stderr);
  const feed = (pipe: string, content: string): void => {
    spawn('sh', ['-c', `cat > '${pipe}'`]).stdin.end(content);
  };
  const drain = (pipe: string): void => {
    spawn('sh', ['-c', `cat '${pipe}' > '${pipe}.out'`]);
  };
  feed(input, readFileSync(INPUT, 'utf8'));
  feed(template, files.template);
  feed(config, files.config);
  drain(output);
  drain(log);
  const child = startCli([input, ...SCORE, '--chat-template', template, '-c', config, '-o', output, '--log', log]);
  const { code, stderr } = await finished(child);
  assert.is(code, 0, stderr);
  await delay(100);
  assert.is(readFileSync(`${output}.out`, 'utf8'), expected.stdout);
  assert.match(readFileSync(`${log}.out`, 'utf8'), /"event": "finished"/);
});

test.run();
