import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findJsonProblem } from '#src/input/json-problem.js';
import { MAX_DEPTH, rawId, scanJson } from '#src/input/json-scan.js';
import { Random } from '../../support/random.js';

const RAW_IDS: [text: string, id: string | undefined][] = [
  ['{"id": 1}', '1'],
  ['{"id":12345678901234567890}', '12345678901234567890'],
  ['{ "id" \n:\t1.0 , "a": 2 }', '1.0'],
  ['{"a": {"id": 5}, "id": -1.50E+02}', '-1.50E+02'],
  ['{"a": [{"id": 5}], "b": "\\"id\\": 6"}', undefined],
  ['{"id": 1, "id": 2.0}', '2.0'],
  ['{"id": 1, "id": "x"}', undefined],
  ['{"id": "x", "id": 3.10}', '3.10'],
  ['{"id": 1, "a": "id"}', '1'],
  ['{"a": "id", "b": 7, "id": 1e2}', '1e2'],
  ['{"\\u0069d": 4.0}', '4.0'],
  ['{"i\\u0064": 4.0}', '4.0'],
  ['{"\\u0069\\u0064": 4.0}', '4.0'],
  ['{"\\\\id": 4.0}', undefined],
  ['{"id\\\\": 4.0}', undefined],
  ['{"Id": 1, "ID": 2, "id ": 3}', undefined],
  ['{"id": null}', undefined],
  ['{"id": {"id": 1.0}}', '{"id": 1.0}'],
  ['{"id": [1.0, "]", 2] }', '[1.0, "]", 2]'],
  ['{"id": [\n  1,\r\n  {"a": 1e2}\n]\n}', '[ 1, {"a": 1e2} ]'],
  ['{"id": true}', undefined],
  ['{"id": 7}', '7'],
  ['{"id": NaN, "a": 1}', 'NaN'],
  ['{"id": "1"}', undefined],
  ['{"a": "\\\\", "id": 0.10}', '0.10'],
  ['{"a": "\\\\\\"", "id": 0.10}', '0.10'],
  ['{"id": -0}', '-0'],
  ['[{"id": 1}]', undefined],
  ['"id"', undefined],
  ['5', undefined],
  ['{}', undefined],
];

for (const [text, id] of RAW_IDS) {
  test(`the id of ${text}`, () => {
    assert.is(rawId(text), id);
    if (id !== undefined && id !== 'NaN') assert.equal((JSON.parse(text) as { id: unknown }).id, JSON.parse(id));
  });
}

test('random objects: a numeric id comes out as it was written', () => {
  const random = new Random(4);
  const keys = ['"id"', '"\\u0069d"', '"a"', '"id\\""', '"\\\\"', '"é"'] as const;
  const values = [
    '1.0',
    '-2.50e1',
    '"x"',
    '"id"',
    '"\\"id\\":9"',
    '{"id":8}',
    '[{"id":7}]',
    'null',
    '"a\\\\"',
  ] as const;
  for (let round = 0; round < 3000; round++) {
    let expected: string | undefined;
    const members = Array.from({ length: random.below(6) }, () => {
      const [key, value] = [random.pick(keys), random.pick(values)];
      if (JSON.parse(key) === 'id') expected = /^[-\d[{]/.test(value) ? value : undefined;
      return `${random.pick(['', ' ', '\n'])}${key} :${value}`;
    });
    const text = `{${members.join(',')}}`;
    assert.is(rawId(text), expected, text);
  }
});

test('a hundred thousand digits or quotes are no trouble', () => {
  const digits = '1'.repeat(1e5);
  assert.is(rawId(`{"id": ${digits}}`), digits);
  const text = `{"a": ${JSON.stringify('"\\'.repeat(1e5))}, "id": 1.0}`;
  assert.is(rawId(text), '1.0');
  assert.is(rawId(`{"a": "${'\\\\'.repeat(1e5)}", "id": 1.0}`), '1.0');
});

test('the depth is bounded, brackets in strings not counted', () => {
  const nested = (depth: number): string => '[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2);
  assert.is(scanJson(nested(MAX_DEPTH)).tooDeep, false);
  assert.is(scanJson(`[${nested(MAX_DEPTH)}]`).tooDeep, true);
  assert.is(scanJson('['.repeat(1e6)).tooDeep, true);
  assert.is(scanJson(JSON.stringify(['['.repeat(1e5)])).tooDeep, false);
  assert.is(scanJson(`[${'[],'.repeat(1000)}1]`).tooDeep, false);
});

const PROBLEMS: [text: string, at: number, problem: string][] = [
  ['', 0, 'it ends too early'],
  ['{"a": 1', 7, 'it ends too early'],
  ['{"a": x}', 6, 'unexpected "x"'],
  ["{'a': 1}", 1, 'unexpected "\'"'],
  ['{"a": NaN}', 6, 'unexpected "N"'],
  ['{"a": None}', 6, 'unexpected "N"'],
  ['{"a": 1,}', 8, 'unexpected "}"'],
  ['{"a" 1}', 5, 'unexpected "1"'],
  ['{a: 1}', 1, 'unexpected "a"'],
  ['{"a": 01}', 7, 'unexpected "1"'],
  ['{"a": .5}', 6, 'unexpected "."'],
  ['{"a": +5}', 6, 'unexpected "+"'],
  ['{"a": 5.}', 8, 'unexpected "}"'],
  ['{"a": -}', 7, 'unexpected "}"'],
  ['{"a": 1e}', 8, 'unexpected "}"'],
  ['{"a": tru}', 9, 'unexpected "}"'],
  ['{"a": "b', 6, 'this string is not closed'],
  ['{"a": "b\\', 6, 'this string is not closed'],
  ['{"a": "b\\u00', 6, 'this string is not closed'],
  ['{"a": "b\n"}', 8, 'a line break or control character inside a string'],
  ['{"a": "\\x"}', 8, 'a bad escape inside a string'],
  ['{"a": "\\u12G4"}', 11, 'a bad escape inside a string'],
  ['{} {}', 3, 'unexpected "{"'],
  ['[1 2]', 3, 'unexpected "2"'],
  ['[1}', 2, 'unexpected "}"'],
  ['[1,]', 3, 'unexpected "]"'],
  ['😀', 0, 'unexpected "😀"'],
  ['\uFEFF{}', 0, 'unexpected "\uFEFF"'],
  ['{"a":\u00a01}', 5, 'unexpected "\u00a0"'],
];

for (const [text, at, problem] of PROBLEMS) {
  test(`what is wrong with ${JSON.stringify(text)}`, () => {
    assert.throws(() => JSON.parse(text) as unknown);
    assert.equal(findJsonProblem(text), { at, problem });
  });
}

test('random damage: a problem is found exactly when JSON.parse refuses, and where it says', () => {
  const random = new Random(5);
  const alphabet = '{}[]",:\\u0123eE+-.tfn /x\n\t\u0001é😀'.split('') as [string, ...string[]];
  const bases = [
    '{"id": 1, "a": [true, false, null, -1.5e+3, "x\\u00e9\\n"], "b": {"c": {}}}',
    '[[], {}, "", 0, -0.0, 1E5, {"a": [1, 2]}]',
    '"text"',
    '-12.5',
  ] as const;
  let refused = 0;
  let placed = 0;
  for (let round = 0; round < 30_000; round++) {
    let text: string = random.pick(bases);
    for (let change = random.below(3); change >= 0; change--) {
      const at = random.below(text.length + 1);
      const drop = random.below(3);
      text = text.slice(0, at) + (random.below(3) === 0 ? '' : random.pick(alphabet)) + text.slice(at + drop);
    }
    const message = refusal(text);
    const found = findJsonProblem(text);
    assert.is(found !== undefined, message !== undefined, text);
    if (message === undefined || found === undefined) continue;
    refused++;
    // JSON.parse places an unclosed string at the end of the text; we place it where the string begins.
    const position = /at position (\d+)/.exec(message)?.[1];
    if (position === undefined || found.problem === 'this string is not closed') continue;
    placed++;
    assert.is(found.at, Number(position), `${text}: ${message}`);
  }
  assert.ok(refused > 10_000 && placed > 3_000, `${refused} refused, ${placed} placed`);
});

function refusal(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test.run();
