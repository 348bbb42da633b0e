import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type InputRow, type ReadOptions, readRows } from '#src/input/rows.js';
import { checkInputs } from '#src/input/source.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';
import { testIf } from '../../support/test-if.js';

const folder = tempFolder();

async function read(inputs: string[], options?: ReadOptions): Promise<InputRow[]> {
  const rows: InputRow[] = [];
  for await (const row of readRows(inputs, options)) rows.push(row);
  return rows;
}

function readText(content: string | Uint8Array, options?: ReadOptions): Promise<InputRow[]> {
  return read([fileIn(folder, 'rows.jsonl', content)], options);
}

/** The reason of a rejected row, the value of another. */
function outcome(row: InputRow): unknown {
  return row.ok ? row.value : row.error.message;
}

test('rows of several inputs, numbered through, with bytes and lines', async () => {
  const first = fileIn(folder, 'first.jsonl', '{"id":"a"}\n\nnonsense\n{"id":7}');
  const second = fileIn(folder, 'second.json', '[{"id":1.0},\n{"b":2}]\n');
  const rows = await read([first, second]);
  assert.equal(
    rows.map(({ file, line, row, bytes, ok, id, text }) => [file, line, row, bytes, ok, id, text]),
    [
      [first, 1, 0, 11, true, { value: 'a', json: '"a"' }, '{"id":"a"}'],
      [first, 3, 1, 21, false, undefined, 'nonsense'],
      [first, 4, 2, 29, true, { value: 7, json: '7' }, '{"id":7}'],
      [second, 1, 3, 29 + 11, true, { value: 1, json: '1.0' }, '{"id":1.0}'],
      [second, 2, 4, 29 + 20, true, undefined, '{"b":2}'],
    ],
  );
});

test('numeric ids are kept as they are written', async () => {
  const rows = await readText('{"id": 12345678901234567890}\n{"id": 1e2}\n{"id": "é\\u00e9\\ud800"}\n');
  assert.equal(
    rows.map(({ id }) => id?.json),
    ['12345678901234567890', '1e2', '"éé\\ud800"'],
  );
});

test('an id may be any JSON value and is kept as it is written', async () => {
  const rows = await readText(
    '{"id": {"b": 1.0, "a": [1e2]}}\n{"id": null}\n{"id": 1e400}\n{"id": true}\n{"id": [12345678901234567890]}\n[1]',
  );
  assert.equal(
    rows.map(({ id }) => id?.json),
    ['{"b": 1.0, "a": [1e2]}', undefined, '1e400', 'true', '[12345678901234567890]', undefined],
  );
  assert.ok(rows.every(({ ok }) => ok));
});

// Python's json.dumps writes them, and json.loads reads them.
test('NaN and Infinity cost nothing where nobody reads them', async () => {
  const rows = await readText(
    '{"id": 1, "rating": NaN, "a": [-Infinity, {"b": Infinity}], "t": "NaN \\" Infinity"}\n' +
      '{"id": NaN}\n{"id": [1, -Infinity]}\n{"a": -NaN}\n{"a": 1NaN}\n{"a": NaN, b}\n{"id": "NaN", "a": NaN}\n',
  );
  const notFinite = /^"id" is NaN or Infinity, which Python's json\.dumps writes and JSON does not have; write null /;
  assert.is((rows[0] as { value: { t: string } }).value.t, 'NaN " Infinity');
  assert.is(rows[0]?.id?.json, '1');
  assert.match(String(outcome(rows[1] as InputRow)), notFinite);
  assert.match(String(outcome(rows[2] as InputRow)), notFinite);
  assert.match(String(outcome(rows[3] as InputRow)), /^the row is not valid JSON at column 8: unexpected/);
  assert.match(String(outcome(rows[4] as InputRow)), /^the row is not valid JSON at column 9: unexpected/);
  assert.is(outcome(rows[5] as InputRow), 'the row is not valid JSON at column 12: unexpected "b"');
  assert.is(rows[6]?.id?.json, '"NaN"');
  assert.is(rows[1]?.text, '{"id": NaN}');
});

test('the id of an object of many lines is on one line', async () => {
  const rows = await readText('{\n  "id": [\n    1.0,\r\n    "a"\n  ]\n}\n{\n  "id": 2\n}\n');
  assert.equal(
    rows.map(({ id, line }) => [line, id?.json]),
    [
      [1, '[ 1.0, "a" ]'],
      [7, '2'],
    ],
  );
});

test('invalid UTF-8 rejects its row and no other', async () => {
  const broken: number[][] = [
    [0xff],
    [0xc3], // cut short
    [0xc0, 0x80], // overlong
    [0xed, 0xa0, 0x80], // a surrogate
    [0xf4, 0x90, 0x80, 0x80], // beyond U+10FFFF
  ];
  const rows = await readText(
    Buffer.concat([
      ...broken.flatMap((bytes) => [Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}\n')]),
      Buffer.from('{"a":"é€😀"}'),
    ]),
  );
  assert.equal(rows.map(outcome), [...broken.map(() => 'the row is not valid UTF-8'), { a: 'é€😀' }]);
  assert.is(rows[0]?.text, undefined);
});

test('invalid JSON: a column, a short reason, and not the row itself', async () => {
  const secret = 'z'.repeat(1000);
  const rows = await readText(`{"a": "${secret}", x}\n{"é": 1 2}\n{"a": "${secret}`);
  assert.equal(rows.map(outcome), [
    'the row is not valid JSON at column 1011: unexpected "x"',
    'the row is not valid JSON at column 9: unexpected "2"',
    'the row is not valid JSON at column 7: this string is not closed',
  ]);
  for (const row of rows) assert.is(row.ok ? '' : row.error.code, 'INFORM_INVALID_SAMPLE');
});

test('invalid JSON in an element of an array: its line and column', async () => {
  const rows = await readText('[{"a": 1},\n  {"b":\n  x}, {"c": y}]');
  assert.equal(rows.map(outcome), [
    { a: 1 },
    'the row is not valid JSON at line 2 of the row, column 3: unexpected "x"',
    'the row is not valid JSON at column 7: unexpected "y"',
  ]);
  assert.equal(
    rows.map(({ line }) => line),
    [1, 2, 3],
  );
});

test('nesting is bounded, in lines and in elements', async () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const tooDeep = 'the row nests deeper than 64 levels';
  const lines = await readText(`{}\n${nested(65)}\n{"a":${nested(63)}}\n`);
  assert.equal(
    lines.map(({ ok }) => ok),
    [true, false, true],
  );
  assert.is(outcome(lines[1] as InputRow), tooDeep);
  const elements = await readText(`[${nested(64)},${nested(65)},${nested(1e6)}]`);
  assert.equal(
    elements.map(({ ok }) => ok),
    [true, false, false],
  );
});

test('a broken array is one more row, with its position', async () => {
  const rows = await readText('[{"a":1},\n{"b":2}\n{"c":3}\n] junk');
  assert.equal(
    rows.map((row) => [row.line, row.row, outcome(row), row.text]),
    [
      [1, 0, { a: 1 }, '{"a":1}'],
      [2, 1, { b: 2 }, '{"b":2}'],
      [3, 2, 'a comma is missing before this element of the array', '{"c":3}'],
      [4, 3, 'something follows the array; only one array a file is read', undefined],
    ],
  );
});

test('"__proto__" is a member like any other', async () => {
  const [row] = await readText('{"__proto__": {"id": 5, "polluted": 1}}');
  assert.is(row?.id, undefined);
  assert.is(({} as Record<string, unknown>)['polluted'], undefined);
});

test('a line over the limit is reported and the next one read', async () => {
  const rows = await readText(`{}\n"${'x'.repeat(3e6)}"\n{"a":1}\n`, { maxLineBytes: 2 ** 21 });
  assert.equal(rows.map(outcome), [{}, 'the line is longer than 2 MiB', { a: 1 }]);
  assert.is(rows[2]?.line, 3);
});

test('a line of 50 MB is read in a few seconds', async () => {
  const output = 'Words, "quotes" and é. '.repeat(2e6);
  const line = JSON.stringify({ id: 1, output });
  assert.ok(Buffer.byteLength(line) > 50e6);
  const began = performance.now();
  const rows = await readText(`${line}\n{"id":2}\n`);
  const seconds = (performance.now() - began) / 1000;
  assert.ok(rows[0]?.ok === true && (rows[0].value as { output: string }).output === output, 'the text is whole');
  assert.is(rows[1]?.id?.value, 2);
  assert.ok(seconds < 10, `${seconds} s`);
});

test('the last row has seen all bytes of the inputs', async () => {
  const paths = [fileIn(folder, 'x.jsonl', '{}\r\n{}\n'), fileIn(folder, 'y.jsonl', '\uFEFF\n{}')];
  const rows = await read(paths);
  assert.equal(await checkInputs(paths), { bytes: 13 });
  assert.is(rows.at(-1)?.bytes, 13);
});

test('inputs that cannot be read are told in one sentence, before the run and in it', async () => {
  const missing = join(folder, 'missing.jsonl');
  mkdirSync(join(folder, 'directory'));
  const cases: [string, string][] = [
    [missing, `${missing} does not exist. Check the path.`],
    [join(folder, 'x.jsonl', 'below'), `${join(folder, 'x.jsonl', 'below')} does not exist. Check the path.`],
    [join(folder, 'directory'), `${join(folder, 'directory')} is a directory. Name the files in it.`],
  ];
  fileIn(folder, 'x.jsonl', '{}');
  for (const [path, message] of cases) {
    await expectError('INFORM_INPUT_UNREADABLE', message, () => checkInputs([path]));
    await expectError('INFORM_INPUT_UNREADABLE', message, () => read([path]));
  }
});

// A superuser may read everything, so there is nothing to see.
const unlessRoot = testIf(process.getuid?.() !== 0 && process.platform !== 'win32');
unlessRoot('a file without read permission', async () => {
  const path = fileIn(folder, 'secret.jsonl', '{}');
  chmodSync(path, 0);
  const message = `${path} may not be read by this user. Check its permissions.`;
  await expectError('INFORM_INPUT_UNREADABLE', message, () => checkInputs([path]));
  await expectError('INFORM_INPUT_UNREADABLE', message, () => read([path]));
});

test('no samples at all', async () => {
  const empty = fileIn(folder, 'empty.jsonl', '');
  const blank = fileIn(folder, 'blank.jsonl', '\n\n');
  const array = fileIn(folder, 'empty.json', '[]');
  for (const path of [empty, blank, array]) assert.equal(await read([path]), []);
  await expectError('INFORM_INPUT_UNREADABLE', 'No input was given.', () => read([]));
  const rows = await read([empty, fileIn(folder, 'bad.jsonl', 'x')]);
  assert.is(rows.length, 1);
});

test('standard input has no size and is given once', async () => {
  const path = fileIn(folder, 'x.jsonl', '{}');
  assert.equal(await checkInputs([path, '-']), { bytes: undefined });
  assert.equal(await checkInputs(['-', path]), { bytes: undefined });
  const message = 'Standard input ("-") can be read only once.';
  await expectError('INFORM_INPUT_UNREADABLE', message, () => checkInputs(['-', path, '-']));
});

test('an abort stops the reading, before it and in its middle', async () => {
  const path = fileIn(folder, 'many.jsonl', '{}\n'.repeat(1000));
  await expectError('INFORM_ABORTED', 'Reading was stopped.', () => read([path], { signal: AbortSignal.abort() }));
  const controller = new AbortController();
  let seen = 0;
  await expectError('INFORM_ABORTED', 'Reading was stopped.', async () => {
    for await (const row of readRows([path], { signal: controller.signal })) {
      seen += row.ok ? 1 : 0;
      if (seen === 10) controller.abort();
    }
  });
  assert.is(seen, 10);
});

const OPEN_FILES = '/proc/self/fd';
const whereFilesAreListed = testIf(existsSync(OPEN_FILES));
whereFilesAreListed('a reader that leaves early closes the file', async () => {
  const path = fileIn(folder, 'many.jsonl', '{"a":"b"}\n'.repeat(1e6));
  const openBefore = readdirSync(OPEN_FILES).length;
  for (let round = 0; round < 5; round++) {
    for await (const row of readRows([path])) {
      assert.is(row.row, 0);
      break;
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(readdirSync(OPEN_FILES).length <= openBefore);
});

const READ_STDIN = `
  import { readRows } from ${JSON.stringify(import.meta.resolve('#src/input/rows.js'))};
  const controller = new AbortController();
  try {
    for await (const row of readRows(['-'], { signal: controller.signal })) {
      console.log(row.file, row.line, row.row, row.bytes, row.ok ? JSON.stringify(row.value) : row.error.message);
      if (row.ok && row.value.stop) setTimeout(() => controller.abort(), 10);
    }
  } catch (error) {
    console.log(error.code);
  }
`;

function readStdin(feed: (stdin: NodeJS.WritableStream) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', READ_STDIN], {
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: 20_000,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stdin.on('error', () => undefined);
    child.once('error', reject);
    child.once('close', () => {
      resolve(output);
    });
    feed(child.stdin);
  });
}

test('standard input', async () => {
  const output = await readStdin((stdin) => stdin.end('\uFEFF{"a":1}\nx\n{"a":"é"}'));
  assert.equal(output.trimEnd().split('\n'), [
    '<stdin> 1 0 11 {"a":1}',
    '<stdin> 2 1 13 the row is not valid JSON at column 1: unexpected "x"',
    '<stdin> 3 2 23 {"a":"é"}',
  ]);
  assert.is(await readStdin((stdin) => stdin.end()), '');
});

test('an abort ends the wait for standard input', async () => {
  const output = await readStdin((stdin) => stdin.write('{"stop":true}\n'));
  assert.is(output, '<stdin> 1 0 14 {"stop":true}\nINFORM_ABORTED\n');
});

test.run();
