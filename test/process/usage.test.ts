import { spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '#src/util/package-root.js';
import { finished, runCli, type CliResult } from '../support/children/cli.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const FOLDER = tempFolder();
const ROW = `${JSON.stringify({ id: 1, instruction: 'What is 2+2?', output: '4' })}\n`;

const MISTAKES: [what: string, args: () => string[], code: number, message: RegExp][] = [
  ['a flag without its value', () => ['-', '-m'], 2, /-m needs a value: what to score with.*INFORM_INVALID_CONFIG/],
  ['a command with a letter wrong', () => ['inspekt', 'demo'], 2, /no command "inspekt".*Did you mean "inspect"\?/],
  [
    'an argument too many',
    () => ['inspect', 'demo', 'x'],
    2,
    /"x" is one argument too many: inform-score inspect <model>/,
  ],
  ['an argument too few', () => ['quantize'], 2, /missing: inform-score quantize <input> \[out\]/],
  [
    'no output',
    () => ['quantize', 'x'],
    2,
    /file to write is missing: name it last \(inform-score quantize <input> <out>\) or with -o/,
  ],
  ['two outputs', () => ['convert', 'x', 'y', '-o', 'z'], 2, /The output is named twice: y, and z with -o/],
  ['the embedded model in capitals', () => ['-', '-m', 'Demo'], 1, /Demo does not exist.*Did you mean "demo"\?/],
  [
    'a model with a letter wrong',
    () => ['-', '-m', path.join(packageRoot(), 'models', 'inform-minx.gguf')],
    1,
    /does not exist.*Did you mean ".*\.gguf"\?/,
  ],
  [
    'a type with a letter missing',
    () => ['-', '-m', 'demo', '--type', 'Q4_KM'],
    2,
    /--type must be.*Did you mean "q4_k_m"\?/,
  ],
];

for (const [what, args, expected, message] of MISTAKES) {
  test(`a mistake gets one sentence and its exit code: ${what}`, async () => {
    const { code, stdout, stderr } = await runCli(args(), ROW);
    assert.is(code, expected, stderr);
    assert.match(stderr, message);
    // How the input is read may be said before.
    const lines = stderr
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('<stdin>: '));
    assert.is(lines.length, 1, `more than one line: ${stderr}`);
    assert.is(stdout, '');
  });
}

test('-h and -v are short for --help and --version; a command has its own help', async () => {
  assert.match((await runCli(['-h'])).stdout, /^Usage: inform-score \[score\][^]*--batch-size N/);
  assert.match((await runCli(['-v'])).stdout, /^\d+\.\d+\.\d+\n$/);
  assert.match((await runCli(['plan', '-h'])).stdout, /Speed:[^]*Examples:[^]*gpu-plan\.md/);
});

test('without any argument the short help is shown, where no results are expected', async () => {
  const { code, stdout, stderr } = await runCli([]);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.match(stderr, /^Usage: inform-score/);
});

test('behind "--" there are only files, and a switch before a file does not take it', async () => {
  const input = fileIn(FOLDER, '-odd.jsonl', ROW);
  const cli = path.join(packageRoot(), 'dist', 'cli', 'bin.js');
  const run = async (...args: string[]): Promise<CliResult> => {
    const child = spawn(process.execPath, [cli, '-m', 'demo', ...args], { cwd: FOLDER });
    child.stdin.end();
    return finished(child);
  };
  const behind = await run('--', path.basename(input));
  assert.is(behind.code, 0, behind.stderr);
  assert.is(behind.stdout.trim().split('\n').length, 1);
  assert.is((await run('--deterministic', input)).code, 0);
});

test.run();
