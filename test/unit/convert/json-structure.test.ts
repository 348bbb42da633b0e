import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { structureProblem } from '#src/convert/json-structure.js';
import { Random } from '../../support/random.js';

test('keys that one object has twice', () => {
  const cases: [string, string][] = [
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"b":2,"\\u0061":3}', 'a'],
    ['[{"x":{"y":{},"y" \n\t: 1}}]', 'y'],
    ['{"a\\"b":1,"a\\"b":1}', 'a"b'],
    ['{"":1,"":1}', ''],
    ['{"a":[{"b":1}],"a":1}', 'a'],
    ['{"__proto__":1,"__proto__":1}', '__proto__'],
  ];
  for (const [json, key] of cases) assert.is(structureProblem(json), `has the key ${JSON.stringify(key)} twice`, json);
});

test('keys that only look it', () => {
  for (const json of [
    '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}',
    '{"a":"a","b":"a"}',
    '["a","a"]',
    '{"a":["b","b"]}',
    '{"a":"{\\"x\\":1,\\"x\\":2}"}',
    '{"a\\\\":1,"a":2}',
    '"a"',
    '12',
    '{}',
  ]) {
    assert.is(structureProblem(json), undefined, json);
  }
});

/** JSON of nested objects with few different keys, and whether one of them repeats: the truth, by construction. */
function randomJson(random: Random, depth: number): { json: string; repeats: boolean } {
  const kind = depth === 0 ? 0 : random.below(3);
  if (kind === 0) return { json: random.pick(['1', '"a"', '"\\"{:"', 'null', '[]', '{}']), repeats: false };
  const parts = Array.from({ length: random.below(4) }, () => randomJson(random, depth - 1));
  const repeats = parts.some((part) => part.repeats);
  const space = random.pick(['', ' ', '\n\t']);
  if (kind === 1) return { json: `[${space}${parts.map(({ json }) => json).join(`${space},`)}]`, repeats };
  const keys = parts.map(() => random.pick(['a', 'b', '\\\\', '\\"', ':', '{', 'é', ']']));
  const entries = parts.map(({ json }, i) => `"${keys[i] ?? ''}"${space}:${space}${json}`);
  return { json: `{${entries.join(',')}}`, repeats: repeats || new Set(keys).size < keys.length };
}

test('nesting', () => {
  assert.is(structureProblem('['.repeat(100) + ']'.repeat(100)), undefined);
  assert.is(structureProblem('['.repeat(101)), 'is nested more than 100 levels deep');
  assert.is(structureProblem('{"a":'.repeat(1_000_000)), 'is nested more than 100 levels deep');
});

test('random JSON', () => {
  const random = new Random(8);
  let repeating = 0;
  for (let round = 0; round < 3000; round++) {
    const { json, repeats } = randomJson(random, 5);
    JSON.parse(json);
    assert.is(structureProblem(json) !== undefined, repeats, json);
    if (repeats) repeating++;
  }
  assert.ok(repeating > 200 && repeating < 2800, `${repeating} of 3000 repeat a key`);
});

test.run();
