import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LineSplitter } from '#src/input/jsonl.js';
import { InputSplitter } from '#src/input/splitter.js';
import { expectError } from '../../support/assert/expect-error.js';
import { type TextPiece, chunkings, cut } from '../../support/pieces.js';
import { Random } from '../../support/random.js';

const LIMIT = 1000;

/** The same rows however the bytes come in. */
function cutEveryWay(bytes: Uint8Array, limit = LIMIT): TextPiece[] {
  const [whole, ...others] = chunkings(bytes.length, new Random(bytes.length)).map((sizes) =>
    cut(new InputSplitter('data.jsonl', limit), bytes, sizes),
  );
  for (const other of others) assert.equal(other, whole);
  return whole ?? [];
}

function good(line: number, end: number, text: string): TextPiece {
  return { line, end, text, problem: undefined };
}

test('lines, with and without a newline at the end', () => {
  const rows = [good(1, 3, '{}'), good(2, 7, '{1}')];
  assert.equal(cutEveryWay(Buffer.from('{}\n{1}\n')), rows);
  assert.equal(cutEveryWay(Buffer.from('{}\n{1}')), [good(1, 3, '{}'), good(2, 6, '{1}')]);
});

test('blank lines are no rows but count as lines', () => {
  const bytes = Buffer.from('\n \t\r\n{}\n\n   \n{1}\n\n');
  assert.equal(cutEveryWay(bytes), [good(3, 8, '{}'), good(6, 17, '{1}')]);
});

test('nothing, and nothing but white space', () => {
  for (const text of ['', '\n', ' ', '\r\n\r\n', '\n\n\n\n\n\n\n']) assert.equal(cutEveryWay(Buffer.from(text)), []);
});

test('CRLF: the carriage return stays, as white space of JSON', () => {
  assert.equal(cutEveryWay(Buffer.from('{}\r\n{1}\r\n')), [good(1, 4, '{}\r'), good(2, 9, '{1}\r')]);
});

test('a byte order mark is skipped and counted as bytes read', () => {
  assert.equal(cutEveryWay(Buffer.from('\uFEFF{}\n{1}')), [good(1, 6, '{}'), good(2, 9, '{1}')]);
  assert.equal(cutEveryWay(Buffer.from('\uFEFF')), []);
  assert.equal(cutEveryWay(Buffer.from('\uFEFF\n{}')), [good(2, 6, '{}')]);
});

test('a byte order mark cut short is no byte order mark', () => {
  const pieces = cutEveryWay(Buffer.from([0xef, 0xbb]));
  assert.is(pieces.length, 1);
});

test('inputs of one to five bytes', () => {
  for (const text of ['1', '12', '123', '1234', '12345', '1\n2', '\n\n\n1', '\n\n\n\n1']) {
    const expected = text
      .split('\n')
      .map((line, index) => [index + 1, line] as const)
      .filter(([, line]) => line !== '');
    assert.equal(
      cutEveryWay(Buffer.from(text)).map(({ line, text }) => [line, text]),
      expected,
    );
  }
});

test('a line one byte over the limit is reported, one at the limit is read, and reading goes on', () => {
  const bytes = Buffer.from(`1\n${'x'.repeat(20)}\n${'y'.repeat(21)}\n2\n${'z'.repeat(500)}`);
  assert.equal(cutEveryWay(bytes, 20), [
    good(1, 2, '1'),
    good(2, 23, 'x'.repeat(20)),
    { line: 3, end: 45, text: undefined, problem: 'the line is longer than 20 bytes' },
    good(4, 47, '2'),
    { line: 5, end: 547, text: undefined, problem: 'the line is longer than 20 bytes' },
  ]);
});

test('a line far over the limit is skipped without being held', () => {
  const splitter = new LineSplitter(2 ** 20);
  const chunk = Buffer.alloc(2 ** 20, 'x');
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  for (let mebibyte = 0; mebibyte < 300; mebibyte++) {
    assert.equal([...splitter.push(Buffer.from(chunk))], []);
    if (mebibyte % 20 === 0) peak = Math.max(peak, held());
  }
  assert.ok(peak - before < 100 * 2 ** 20, `held ${peak - before} bytes`);
  const [piece] = [...splitter.push(Buffer.from('\n'))];
  assert.is(piece?.problem, 'the line is longer than 1 MiB');
  assert.is(piece?.end, 300 * 2 ** 20 + 1);
});

function held(): number {
  return process.memoryUsage().arrayBuffers;
}

test('random texts: the same lines as String.split', () => {
  const random = new Random(1);
  for (let round = 0; round < 300; round++) {
    const parts = Array.from({ length: random.below(30) }, () =>
      random.pick(['\n', '\r\n', 'a', 'é€😀', ' ', '{"a":1}']),
    );
    const text = `{${parts.join('')}`;
    const expected = text
      .split('\n')
      .map((line, index) => [index + 1, line] as const)
      .filter(([, line]) => line.trim() !== '');
    assert.equal(
      cutEveryWay(Buffer.from(text)).map(({ line, text }) => [line, text]),
      expected,
    );
  }
});

test('the end of every row tells how many bytes came before the next', () => {
  const text = '{}\r\n\n{1}\n  {2}';
  const bytes = Buffer.from(text);
  const pieces = cutEveryWay(bytes);
  assert.equal(
    pieces.map(({ end }) => text.slice(0, end)),
    ['{}\r\n', '{}\r\n\n{1}\n', text],
  );
});

test('lines that end with a carriage return', () => {
  assert.equal(cutEveryWay(Buffer.from('{"a":1} \r\r {"a":2}\rx\r{"a":3}')), [
    { line: 1, end: 11, text: '{"a":1} \r\r ', problem: undefined },
    { line: 3, end: 19, text: '{"a":2}', problem: undefined },
    { line: 4, end: 21, text: 'x', problem: undefined },
    { line: 5, end: 28, text: '{"a":3}', problem: undefined },
  ]);
  // In a row it is white space, and lines that end otherwise are no such file.
  for (const text of ['{"a":\r{}}\n{"b":\r1}\n', '{"a":1}\r\n{"a":2}\r{"a":3}\n', '{"a":1}\r']) {
    const lines = text.split('\n').filter((line) => line !== '');
    assert.equal(
      cutEveryWay(Buffer.from(text)).map((row) => row.text),
      lines,
    );
  }
});

test('other formats are named in one sentence', async () => {
  const cases: [number[], RegExp][] = [
    [[...Buffer.from('BZh9....')], /^data\.jsonl is bzip2-compressed\./],
    [[...Buffer.from('PK\x03\x04....')], /^data\.jsonl is a zip archive\./],
    [[0xff, 0xfe, 0x7b, 0], /^data\.jsonl is UTF-16 text\./],
    [[0xfe, 0xff, 0, 0x7b], /^data\.jsonl is UTF-16 text\./],
    [[0xff, 0xfe], /^data\.jsonl is UTF-16 text\./],
    [[0x7b, 0, 0x22, 0], /^data\.jsonl is UTF-16 text\./],
    [[0, 0x5b, 0, 0x7b], /^data\.jsonl is UTF-16 text\./],
  ];
  for (const [bytes, message] of cases) {
    for (const size of [1, 2, 3, bytes.length]) {
      await expectError('INFORM_INPUT_UNREADABLE', message, () =>
        cut(new InputSplitter('data.jsonl', LIMIT), Buffer.from(bytes), [size]),
      );
    }
  }
});

test.run();
