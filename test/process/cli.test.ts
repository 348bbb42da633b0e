import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCli, startCli, finished } from '../support/children/cli.js';
import { editGguf, testCheckpoint, testModel } from '../support/models/models.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';

const MODEL = await testModel('bf16');
const FOLDER = tempFolder();
const QUIET = ['--progress', 'none'];

const GOOD = { id: 1, instruction: 'What is 2+2?', output: '4' };

function inFolder(name: string): string {
  return path.join(FOLDER, name);
}

function jsonl(...rows: unknown[]): string {
  return rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');
}

function parseLines(text: string): Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('scores from a file to standard output, in the documented form', async () => {
  const input = fileIn(FOLDER, 'good.jsonl', jsonl(GOOD, { ...GOOD, id: 'two', input: 'Think.' }));
  const { code, stdout, stderr } = await runCli([input, '-m', MODEL, ...QUIET]);
  assert.is(code, 0, stderr);
  assert.match(
    stdout,
    /^\{"id": 1, "score": -?\d+(\.\d+)?(e-?\d+)?\}\n\{"id": "two", "score": -?\d+(\.\d+)?(e-?\d+)?\}\n$/,
  );
  assert.match(stderr, /^\S+good\.jsonl: JSON Lines, read as Alpaca\nScored +2 samples/);
});

test('standard input and `score` spelled out give the same; so does a JSON array', async () => {
  const rows = [GOOD, { ...GOOD, id: 2, output: 'five' }];
  const fromArgument = await runCli(['score', fileIn(FOLDER, 'a.json', JSON.stringify(rows)), '-m', MODEL, ...QUIET]);
  const fromStdin = await runCli(['-m', MODEL, ...QUIET], jsonl(...rows));
  const fromDash = await runCli(['score', '-', '-m', MODEL, ...QUIET], jsonl(...rows));
  assert.is(parseLines(fromArgument.stdout).length, 2);
  assert.is(fromStdin.stdout, fromArgument.stdout);
  assert.is(fromDash.stdout, fromArgument.stdout);
});

test('rejects are scored by another run that can read them, under their ids', async () => {
  const output = inFolder('first-scores.jsonl');
  const rows = [GOOD, { id: 'b', instruction: 'What is 3+3?', text: '6' }, { instruction: 'What is 4+4?', text: '8' }];
  const input = fileIn(FOLDER, 'some-bad.jsonl', jsonl(...rows));
  assert.is((await runCli([input, '-m', MODEL, '-o', output, ...QUIET])).code, 3);
  const map = ['--map', 'instruction=instruction,output=text'];
  const { code, stdout, stderr } = await runCli([`${output}.rejects.jsonl`, '-m', MODEL, ...map, ...QUIET]);
  assert.is(code, 0, stderr);
  assert.equal(
    parseLines(stdout).map(({ id }) => id),
    ['b', 2],
  );
});

test('standard input of a wrong shape ends the run before the model is looked for, though more may come', async () => {
  const child = startCli(['-m', inFolder('none.gguf'), ...QUIET]);
  child.stdin.write(jsonl(...Array.from({ length: 150 }, (_, id) => ({ id, ask: 'q', reply: 'a' }))));
  const { code, stderr } = await finished(child);
  assert.is(code, 1);
  assert.match(stderr, /The rows of <stdin> are no samples.*--map instruction=ask,output=reply/);
});

test('several inputs are scored one after the other; of a flag given twice the last one counts', async () => {
  const inputs = ['first', 'second', 'third'].map((id) => fileIn(FOLDER, `${id}.jsonl`, jsonl({ ...GOOD, id })));
  for (const command of [[], ['score']]) {
    const { code, stdout, stderr } = await runCli([
      ...[...command, ...inputs],
      ...['-m', inFolder('none.gguf'), '-m', MODEL, '--batch-size', '2', '--batch-size', '1', ...QUIET],
    ]);
    assert.is(code, 0, stderr);
    assert.equal(
      parseLines(stdout).map(({ id }) => id),
      ['first', 'second', 'third'],
    );
  }
});

test('a configuration file says it all; flags come before it', async () => {
  const input = fileIn(FOLDER, 'configured.jsonl', jsonl(GOOD));
  const output = inFolder('configured-out.jsonl');
  const config = fileIn(
    FOLDER,
    'config.yaml',
    `name: Test\nmodel: ${MODEL}\nbatch_size: 32\nmax_length: 4096\ninput: ${input}\noutput: ${output}\n`,
  );
  const { code, stderr, stdout } = await runCli(['-c', config, '--max-length', '20', ...QUIET]);
  assert.is(code, 0, stderr);
  assert.is(stdout, '');
  assert.is(parseLines(readFileSync(output, 'utf8'))[0]?.['id'], 1);
  assert.match(stderr, /Warning +1 sample was longer than max_length \(20 tokens\)/);
});

test('bad rows are reported and set aside, good ones scored, exit code 3', async () => {
  const rows = [
    '\ufeff{"id": 0, "instruction": "BOM and CRLF", "output": "a"}\r',
    '{"id": 1, "instruction": ',
    '',
    '[1, 2]',
    '{"id": 2, "instruction": 7, "output": "a"}',
    '{"id": 3, "instruction": "q"}',
    '{"id": 4, "instruction": "q", "output": "a", "tools": ["b"]}',
    '{"id": 12345678901234567890, "instruction": "q", "output": "a"}',
    '{"id": NaN, "instruction": "q", "output": "a"}',
  ];
  const invalid = Buffer.concat([
    Buffer.from('{"id": 9, "instruction": "'),
    Buffer.of(0xff, 0xfe),
    Buffer.from('", "output": "a"}\n'),
  ]);
  const input = fileIn(FOLDER, 'bad.jsonl', Buffer.concat([Buffer.from(jsonl(...rows)), invalid]));
  const output = inFolder('bad-out.jsonl');
  const log = inFolder('bad.log');
  const { code, stderr } = await runCli([input, '-m', MODEL, '-o', output, '--log', log, ...QUIET]);
  assert.is(code, 3, stderr);
  const scores = readFileSync(output, 'utf8');
  assert.equal(
    [...scores.matchAll(/"id": (\w+),/g)].map((match) => match[1]),
    ['0', '12345678901234567890'],
  );
  const rejects = parseLines(readFileSync(`${output}.rejects.jsonl`, 'utf8'));
  assert.equal(
    rejects.map(({ line, code }) => [line, code]),
    [2, 4, 5, 6, 7, 9, 10].map((line) => [line, 'INFORM_INVALID_SAMPLE']),
  );
  assert.match(stderr, /Rejected .*bad\.jsonl, line 6: "output" is missing \[INFORM_INVALID_SAMPLE\]/);
  assert.match(stderr, /Rejected +7 samples, see/);
  const events = parseLines(readFileSync(log, 'utf8')).map(({ event }) => event);
  // What the first look at the file found is said before the run starts.
  assert.equal(events, ['note', 'start', ...new Array<string>(7).fill('rejected'), 'finished']);
});

test('--on-error stop ends at the first bad row and keeps what was scored; --on-error reject goes on from there', async () => {
  const rows = [...Array.from({ length: 40 }, (_, id) => ({ ...GOOD, id })), { instruction: 'q' }, GOOD];
  const output = inFolder('stopped.jsonl');
  const { code, stderr } = await runCli(['-m', MODEL, '--on-error', 'stop', '-o', output, ...QUIET], jsonl(...rows));
  assert.is(code, 1);
  assert.match(stderr, /<stdin>, line 41: "output" is missing.* \[INFORM_INVALID_SAMPLE\]/);
  assert.match(stderr, /40 rows are kept in .*stopped\.jsonl\.journal\.\nPipe the same input in again to resume it:\n/);
  assert.not.ok(existsSync(output));
  const resumed = await runCli(['-m', MODEL, '-o', output, ...QUIET], jsonl(...rows));
  assert.is(resumed.code, 3);
  assert.match(resumed.stderr, /Resuming: 40 rows are scored already\./);
  assert.is(parseLines(readFileSync(output, 'utf8')).length, 41);
});

test('an empty input gives an empty output, and exit code 0', async () => {
  const output = inFolder('empty-out.jsonl');
  const { code, stderr } = await runCli([fileIn(FOLDER, 'empty.jsonl', ''), '-m', MODEL, '-o', output, ...QUIET]);
  assert.is(code, 0, stderr);
  assert.match(stderr, /empty\.jsonl: no samples, so there are no scores\./);
  assert.is(readFileSync(output, 'utf8'), '');
});

test('a run that can score nothing is an error and leaves nothing; equal rejects are counted', async () => {
  const rows = jsonl(...Array.from({ length: 90 }, (_, id) => ({ id, instruction: 'q' })));
  const output = inFolder('nothing.jsonl');
  const { code, stderr } = await runCli(['-m', MODEL, '-o', output, ...QUIET], rows);
  assert.is(code, 1);
  assert.match(
    stderr,
    /Each of the 90 rows was rejected \(the first, <stdin>, line 1: "output" is missing\), so nothing/,
  );
  assert.match(stderr, /Rejected 85 more like <stdin>, line 5: "output" is missing/);
  assert.ok(stderr.split('\n').length < 15, stderr);
  for (const left of [output, `${output}.journal`, `${output}.rejects.jsonl`]) assert.not.ok(existsSync(left), left);
  // With one good row they are all in the rejects file.
  const some = await runCli(['-m', MODEL, '-o', output, ...QUIET], rows + jsonl(GOOD));
  assert.is(some.code, 3);
  assert.is(parseLines(readFileSync(output, 'utf8')).length, 1);
  assert.is(parseLines(readFileSync(`${output}.rejects.jsonl`, 'utf8')).length, 90);
});

test('history and system score as the conversation that they are', async () => {
  const turns = [
    { role: 'user', content: 'Hi' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: GOOD.instruction },
    { role: 'assistant', content: GOOD.output },
  ];
  const system = { role: 'system', content: 'Be brief.' };
  const rows = [
    { ...GOOD, history: [['Hi', 'Hello']], system: 'Be brief.' },
    { messages: turns, system: 'Be brief.' },
    { messages: [system, ...turns] },
    { ...GOOD, history: [], system: '' },
    GOOD,
  ];
  const { code, stdout, stderr } = await runCli(['-m', MODEL, ...QUIET], jsonl(...rows));
  assert.is(code, 0, stderr);
  const [one, two, three, four, five] = parseLines(stdout).map(({ score }) => score);
  assert.equal([one, two, four], [three, three, five]);
  assert.is.not(one, four);
});

test('an existing output is not touched without --overwrite', async () => {
  const output = fileIn(FOLDER, 'precious.jsonl', 'precious\n');
  const refused = await runCli(['-m', MODEL, '-o', output, ...QUIET], jsonl(GOOD));
  assert.is(refused.code, 1);
  assert.match(refused.stderr, /--overwrite.*\[INFORM_OUTPUT_UNWRITABLE\]/);
  assert.is(readFileSync(output, 'utf8'), 'precious\n');
  const replaced = await runCli(['-m', MODEL, '-o', output, '--overwrite', ...QUIET], jsonl(GOOD));
  assert.is(replaced.code, 0, replaced.stderr);
  assert.is(parseLines(readFileSync(output, 'utf8')).length, 1);
});

test('a row of 50 MB is scored like any other', async () => {
  const rows = jsonl({ ...GOOD, output: 'word '.repeat(10_000_000) }, GOOD);
  const { code, stdout, stderr } = await runCli([
    fileIn(FOLDER, 'huge.jsonl', rows),
    '-m',
    MODEL,
    '--max-length',
    '64',
    ...QUIET,
  ]);
  assert.is(code, 0, stderr);
  assert.is(parseLines(stdout).length, 2);
});

const MISTAKES: [what: string, args: () => Promise<string[]> | string[], code: number, message: RegExp][] = [
  [
    'a missing input',
    () => [inFolder('none.jsonl'), '-m', MODEL],
    1,
    /none\.jsonl does not exist.*INFORM_INPUT_UNREADABLE/,
  ],
  [
    'a folder without samples as input',
    () => [tempFolder(), '-m', MODEL],
    1,
    /is a folder without files of samples.*INFORM_INPUT_UNREADABLE/,
  ],
  [
    'an input in another form',
    () => [fileIn(FOLDER, 'sharegpt.jsonl', jsonl({ talk: [{ from: 'human', value: 'q' }] })), '-m', MODEL],
    1,
    /rows of .*sharegpt\.jsonl are no samples.*"talk".*--map messages=talk \[INFORM_INPUT_UNREADABLE/,
  ],
  ['no model', () => [fileIn(FOLDER, 'x.jsonl', jsonl(GOOD))], 2, /No model is named.*INFORM_INVALID_CONFIG/],
  ['a missing model', () => ['-', '-m', inFolder('none.gguf')], 1, /none\.gguf does not exist.*INFORM_MODEL_NOT_FOUND/],
  [
    'a model that is text',
    () => ['-', '-m', fileIn(FOLDER, 'text.gguf', 'no')],
    1,
    /is not a GGUF file.*INFORM_INVALID_MODEL_FILE/,
  ],
  [
    'a model without a head',
    async () => [
      '-',
      '-m',
      await editGguf(MODEL, inFolder('headless.gguf'), { keep: ({ name }) => !name.startsWith('cls.') }),
    ],
    1,
    /no score head.*INFORM_MODEL_HAS_NO_HEAD/,
  ],
  [
    'an unknown flag',
    () => ['-', '-m', MODEL, '--batchsize', '3'],
    2,
    /There is no flag --batchsize\. Did you mean "--batch-size"\?.*INFORM_INVALID_CONFIG/,
  ],
  ['a wrong flag value', () => ['-', '-m', MODEL, '--batch-size', '3x'], 2, /--batch-size must be an integer.*"3x"/],
  [
    'a wrong switch',
    () => ['-', '-m', MODEL, '--flash-attention=foo'],
    2,
    /--flash-attention must be true or false, but is "foo"/,
  ],
  ['a wrong choice', () => ['-', '-m', MODEL, '--kv-type', 'f64'], 2, /kv-type/],
  [
    'a missing configuration',
    () => ['-c', inFolder('none.yaml')],
    2,
    /none\.yaml cannot be read.*INFORM_INVALID_CONFIG/,
  ],
  [
    'an output in a missing folder',
    () => ['-', '-m', MODEL, '-o', inFolder('no/out.jsonl')],
    1,
    /INFORM_OUTPUT_UNWRITABLE/,
  ],
  [
    'an output that is the input',
    () => {
      const input = fileIn(FOLDER, 'same.jsonl', jsonl(GOOD));
      return [input, '-m', MODEL, '-o', input, '--overwrite'];
    },
    1,
    /is the input.*INFORM_OUTPUT_UNWRITABLE/,
  ],
  [
    'converting what is no checkpoint',
    () => ['convert', FOLDER, '-o', inFolder('z.gguf')],
    1,
    /INFORM_INVALID_CHECKPOINT/,
  ],
  ['inspecting what is no model', () => ['inspect', fileIn(FOLDER, 'y.gguf', 'no')], 1, /not a GGUF file/],
  ['a max_length beyond the model', () => ['-', '-m', MODEL, '--max-length', '200000'], 2, /sequences of up to/],
];

for (const [what, args, expected, message] of MISTAKES) {
  test(`a mistake gets one sentence and its exit code: ${what}`, async () => {
    const { code, stdout, stderr } = await runCli([...(await args())], jsonl(GOOD));
    assert.is(code, expected, stderr);
    assert.match(stderr, message);
    const said = stderr.replace('<stdin>: JSON Lines, read as Alpaca\n', '');
    assert.is(said.trim().split('\n').length, 1, `more than one line: ${said}`);
    assert.not.match(stderr, /^ +at /m, 'a stack trace');
    assert.is(stdout, '');
  });
}

test('a reader that leaves early ends the run quietly', async () => {
  const rows = jsonl(...Array.from({ length: 2000 }, (_, id) => ({ ...GOOD, id })));
  const child = startCli([fileIn(FOLDER, 'many.jsonl', rows), '-m', MODEL, ...QUIET]);
  child.stdout.once('data', () => child.stdout.destroy());
  const { code, stderr } = await finished(child);
  assert.is(code, 0, stderr);
  assert.match(stderr, /^\S+many\.jsonl: JSON Lines, read as Alpaca\n$/);
});

test('a checkpoint folder is converted, and the result scores like the converted model of the tests', async () => {
  const output = inFolder('converted.gguf');
  const converted = await runCli(['convert', await testCheckpoint(), '-o', output]);
  assert.is(converted.code, 0, converted.stderr);
  assert.match(
    converted.stderr,
    /^Note: Type auto is bf16 for 0\.02 billion weights: .*\nConverted .* \(bf16, 42\.\d MB\)\n$/,
  );
  assert.ok(readFileSync(output).equals(readFileSync(MODEL)));
  const refused = await runCli(['convert', await testCheckpoint(), '-o', output]);
  assert.is(refused.code, 1);
  assert.match(refused.stderr, /--overwrite.*INFORM_OUTPUT_UNWRITABLE/);
});

test('inspect and devices answer people and programs', async () => {
  const text = await runCli(['inspect', MODEL]);
  assert.is(text.code, 0, text.stderr);
  assert.match(text.stdout, /llama/);
  const inspected = JSON.parse((await runCli(['inspect', MODEL, '--json'])).stdout) as Record<string, unknown>;
  assert.is(inspected['architecture'], 'llama');
  assert.match((await runCli(['devices'])).stdout, /CPU/);
  const { devices } = JSON.parse((await runCli(['devices', '--json'])).stdout) as { devices: { type: string }[] };
  assert.ok(devices.some(({ type }) => type === 'cpu'));
});

test('--help and --version', async () => {
  const help = await runCli(['--help']);
  assert.is(help.code, 0);
  for (const word of ['--batch-size', '--max-length', 'demo', 'inspect', 'devices', 'Exit codes']) {
    assert.ok(help.stdout.includes(word), word);
  }
  assert.match((await runCli(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test('a log that is the input or the output is refused, and both stay as they are', async () => {
  const input = fileIn(FOLDER, 'logged.jsonl', jsonl(GOOD));
  for (const [log, output] of [
    [input, inFolder('logged-out.jsonl')],
    [inFolder('logged-out.jsonl'), inFolder('logged-out.jsonl')],
  ] as const) {
    const { code, stderr } = await runCli([input, '-m', MODEL, '-o', output, '--log', log, ...QUIET]);
    assert.is(code, 1);
    assert.match(stderr, /INFORM_OUTPUT_UNWRITABLE/);
    assert.is(readFileSync(input, 'utf8'), jsonl(GOOD));
    assert.not.ok(existsSync(output));
  }
});

test('the log keeps ids as they are written, and says why a run failed', async () => {
  const log = inFolder('ids.log');
  const rows = ['{"id": 12345678901234567890, "instruction": "q", "output": "a b c d e f g h i j k l m"}', '{}'];
  const { code } = await runCli(
    ['-m', MODEL, '--max-length', '40', '--on-error', 'stop', '--log', log, ...QUIET],
    jsonl(...rows),
  );
  assert.is(code, 1);
  const text = readFileSync(log, 'utf8');
  assert.match(text, /"event": "truncated", "id": 12345678901234567890,/);
  assert.match(text, /"event": "failed", "reason": .*line 2/);
});

test('inspecting into a closed pipe is no error', async () => {
  const child = startCli(['inspect', MODEL, '--json']);
  child.stdout.destroy();
  const { code, stderr } = await finished(child);
  assert.is(stderr, '');
  assert.is(code, 0);
});

test('a log that cannot be written stops the run before it starts', async () => {
  writeFileSync(inFolder('file'), '');
  const { code, stderr } = await runCli(['-', '-m', MODEL, '--log', inFolder('file/log')], jsonl(GOOD));
  assert.is(code, 1);
  assert.match(stderr, /file.log cannot be .*INFORM_OUTPUT_UNWRITABLE/);
});

test.run();
