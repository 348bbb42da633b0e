import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InputSplitter } from '#src/input/splitter.js';
import { type TextPiece, chunkings, cut } from '../../support/pieces.js';
import { Random } from '../../support/random.js';

function cutEveryWay(text: string, limit = 10_000): TextPiece[] {
  const bytes = Buffer.from(text);
  const [whole, ...others] = chunkings(bytes.length, new Random(bytes.length)).map((sizes) =>
    cut(new InputSplitter('data.json', limit), bytes, sizes),
  );
  for (const other of others) assert.equal(other, whole);
  return whole ?? [];
}

/** What was cut, as [text] or [text, problem]. */
function brief(text: string): (string | undefined)[][] {
  return cutEveryWay(text).map(({ text, problem }) => (problem === undefined ? [text] : [text, problem]));
}

const MISSING_COMMA = 'a comma is missing before this element of the array';
const NOT_CLOSED = 'the array is not closed: its "]" is missing';
const CUT_SHORT = 'the input ends inside this element of the array';
const TRAILING = 'something follows the array; only one array a file is read';
const TRAILING_COMMA = 'the array has a comma before its "]"';
const EMPTY_ELEMENT = 'an element of the array is missing before this comma';

test('elements, with the line they start on and the bytes read at their end', () => {
  assert.equal(cutEveryWay('\uFEFF\n[{"a":1},\n\n  {"b":[\n2]}\n, 3 ]\n'), [
    { line: 2, end: 12, text: '{"a":1}', problem: undefined },
    { line: 4, end: 27, text: '{"b":[\n2]}', problem: undefined },
    { line: 6, end: 31, text: '3', problem: undefined },
  ]);
});

test('an empty array', () => {
  for (const text of ['[]', ' [ ] ', '\n\n[\n]\n']) assert.equal(cutEveryWay(text), []);
});

test('strings with brackets, quotes, backslashes and commas', () => {
  const values = ['],', '{"[', '\\', '\\\\"', 'a\\"],[', '"', '\u2028', '😀]'];
  assert.equal(
    brief(JSON.stringify(values)),
    values.map((value) => [JSON.stringify(value)]),
  );
});

test('a cut-short array keeps the elements before', () => {
  assert.equal(brief('[{"a":1}'), [['{"a":1}'], [undefined, NOT_CLOSED]]);
  assert.equal(brief('[{"a":1},'), [['{"a":1}'], [undefined, NOT_CLOSED]]);
  assert.equal(brief('[{"a":1}, {"b"'), [['{"a":1}'], ['{"b"', CUT_SHORT]]);
  assert.equal(brief('[{"a":1}, {"b":"]}'), [['{"a":1}'], ['{"b":"]}', CUT_SHORT]]);
  assert.equal(brief('[12'), [['12', CUT_SHORT]]);
  assert.equal(brief('['), [[undefined, NOT_CLOSED]]);
  assert.equal(brief('[ \n'), [[undefined, NOT_CLOSED]]);
});

test('text after the array is one rejected row, and no more is read', () => {
  assert.equal(brief('[1] 2'), [['1'], [undefined, TRAILING]]);
  assert.equal(brief('[1]]]]]'), [['1'], [undefined, TRAILING]]);
  assert.equal(brief('[1]\n[2]\n[3]'), [['1'], [undefined, TRAILING]]);
  assert.equal(brief('[]{"a":1}'), [[undefined, TRAILING]]);
});

test('a missing comma costs the element after it and nothing else', () => {
  assert.equal(brief('[{"a":1} {"b":2}, {"c":3}]'), [['{"a":1}'], ['{"b":2}', MISSING_COMMA], ['{"c":3}']]);
  assert.equal(brief('["a""b"]'), [['"a"'], ['"b"', MISSING_COMMA]]);
  assert.equal(brief('[1\n2]'), [['1'], ['2', MISSING_COMMA]]);
});

test('commas that stand alone', () => {
  assert.equal(brief('[1,]'), [['1'], [undefined, TRAILING_COMMA]]);
  assert.equal(brief('[,1]'), [[undefined, EMPTY_ELEMENT], ['1']]);
  assert.equal(brief('[1,,2]'), [['1'], [undefined, EMPTY_ELEMENT], ['2']]);
});

test('what is no JSON comes out as an element, for the parser to refuse', () => {
  assert.equal(brief('[nul, tru{e, }, 1]'), [['nul'], ['tru{e'], ['}'], ['1']]);
  assert.equal(brief('[{"a":1], {}}, 2]'), [['{"a":1]'], ['{}'], ['}', MISSING_COMMA], ['2']]);
});

test('an element over the limit is skipped and reported, one at the limit is read', () => {
  const text = `["${'a'.repeat(18)}", "${'b'.repeat(19)}", {"c":"${'c'.repeat(100)}"}, 1, "${'d'.repeat(100)}`;
  const problem = 'the element is longer than 20 bytes';
  assert.equal(
    cutEveryWay(text, 20).map(({ text, problem }) => [text, problem]),
    [
      [`"${'a'.repeat(18)}"`, undefined],
      [undefined, problem],
      [undefined, problem],
      ['1', undefined],
      [undefined, CUT_SHORT],
    ],
  );
});

test('a depth of a million brackets does not overflow the stack', () => {
  const nested = '['.repeat(1e6) + ']'.repeat(1e6);
  const bytes = Buffer.from(`[${nested},1]`);
  const pieces = cut(new InputSplitter('data.json', 1e7), bytes, [65536]);
  assert.equal(
    pieces.map(({ text }) => text?.length),
    [2e6, 1],
  );
});

test('random arrays with random white space: the same elements as JSON.parse', () => {
  const random = new Random(2);
  const blank = (): string => random.pick(['', '', '', ' ', '\n', '\r\n', '\t ']);
  const value = (depth: number): string => {
    const kind = random.below(depth > 3 ? 4 : 6);
    if (kind === 0) return random.pick(['0', '-1.5e3', 'true', 'null', '12345678901234567890']);
    if (kind <= 3) {
      const parts = Array.from({ length: random.below(8) }, () =>
        random.pick(['a', '"', '\\', '[', ']', '{', '}', ',', ':', '\n', 'é', '😀', '\u0000']),
      );
      return JSON.stringify(parts.join(''));
    }
    const entries = Array.from({ length: random.below(4) }, () => value(depth + 1));
    if (kind === 4) return `[${blank()}${entries.join(`${blank()},${blank()}`)}${blank()}]`;
    return `{${blank()}${entries.map((entry, index) => `"k]${index}"${blank()}:${blank()}${entry}`).join(',')}${blank()}}`;
  };
  for (let round = 0; round < 300; round++) {
    const elements = Array.from({ length: random.below(6) }, () => `${blank()}${value(0)}${blank()}`);
    const text = `${blank()}[${elements.join(',')}${elements.length === 0 ? blank() : ''}]${blank()}`;
    const pieces = cutEveryWay(text);
    assert.equal(
      pieces.map(({ text }) => JSON.parse(text ?? '') as unknown),
      JSON.parse(text),
    );
    for (const { line, end, text: element } of pieces) {
      const before = Buffer.from(text).subarray(0, end).toString();
      assert.ok(before.endsWith(element ?? ''));
      const start = before.slice(0, before.length - (element ?? '').length);
      assert.is(line, start.split('\n').length);
    }
  }
});

test('any bytes whatever end in rows, never in a throw or an endless loop', () => {
  const random = new Random(3);
  for (let round = 0; round < 2000; round++) {
    const parts = Array.from({ length: random.below(25) }, () =>
      random.pick(['[', ']', '{', '}', ',', '"', '\\', '1', ' ']),
    );
    const text = `[${parts.join('')}`;
    const pieces = cutEveryWay(text);
    let valid: unknown;
    try {
      valid = JSON.parse(text);
    } catch {
      // The array is broken: then at least one row says so, here or when its text is parsed.
      assert.ok(
        pieces.some(({ text, problem }) => problem !== undefined || !isJson(text)),
        text,
      );
      continue;
    }
    assert.equal(
      pieces.map(({ text }) => JSON.parse(text ?? '') as unknown),
      valid,
    );
  }
});

function isJson(text: string | undefined): boolean {
  try {
    JSON.parse(text ?? '');
    return true;
  } catch {
    return false;
  }
}

// As `jq .` and Python's json.dumps(indent=2), one after the other, write them.
test('objects of many lines each, one after the other', () => {
  const one = '{\n  "a": 1,\n  "b": {\n    "c": "}\\"{"\n  }\n}';
  const two = '{\r\n\t"a": []\r\n}';
  assert.equal(cutEveryWay(`\uFEFF\n${one}\n${two}${one}`), [
    { line: 2, end: 4 + one.length, text: one, problem: undefined },
    { line: 8, end: 5 + one.length + two.length, text: two, problem: undefined },
    { line: 10, end: 5 + 2 * one.length + two.length, text: one, problem: undefined },
  ]);
  assert.equal(brief('{\n"a": 1},\n{"a": 2} ] 7 {"a":'), [
    ['{\n"a": 1}'],
    [undefined, '"," stands between two objects'],
    ['{"a": 2}'],
    [undefined, '"]" stands between two objects'],
    ['7'],
    ['{"a":', 'the input ends inside this object'],
  ]);
  assert.equal(cutEveryWay('{\n"a": 1}{"b": 2}', 8), [
    { line: 1, end: 9, text: undefined, problem: 'the object is longer than 8 bytes' },
    { line: 2, end: 17, text: '{"b": 2}', problem: undefined },
  ]);
});

test('a first line of JSON Lines that was cut is a line', () => {
  for (const first of ['{', '{ ', '{"a": 1,', '{ "a":']) {
    assert.equal(brief(`${first}\n{"b": 2}\n`), [[first], ['{"b": 2}']]);
  }
  assert.equal(brief(`{${' '.repeat(5000)}\n"a": 1}`).length, 2);
});

test.run();
