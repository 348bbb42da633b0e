// The documents that list options are held against the table.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { load } from 'js-yaml';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultOptions } from '#src/options/check.js';
import { MODEL_OPTIONS, OPTIONS, snakeCase, type Affects, type OptionRow } from '#src/options/table.js';
import { packageRoot } from '#src/util/package-root.js';

const FACTS = {
  key: 'example',
  scope: 'model',
  kind: { type: 'boolean' },
  fallback: false,
  help: 'an example',
} as const;
// @ts-expect-error A row must say what it affects: the journal compares by it.
const SILENT: OptionRow = FACTS;
assert.is(SILENT.affects, undefined);

function read(...parts: string[]): string {
  return readFileSync(path.join(packageRoot(), ...parts), 'utf8');
}

function namesThatAffect(what: Affects): string[] {
  return OPTIONS.filter(({ affects }) => affects === what).map(({ key }) => snakeCase(key));
}

test('configs/all-options.yaml has every key once, at its default', () => {
  const found = load(read('configs', 'all-options.yaml')) as Record<string, unknown>;
  const defaults = Object.entries(defaultOptions()).map(([key, value]) => {
    // A key without a value stands for "none".
    const none = value === undefined || (Array.isArray(value) && value.length === 0);
    return [snakeCase(key), none ? null : value];
  });
  assert.equal(found, Object.fromEntries(defaults));
});

test("docs/api.md lists the model's options with their defaults", () => {
  const rows = [...read('docs', 'api.md').matchAll(/^\| `(\w+)` +\| (\S*) +\|/gm)].map(([, key, fallback]) => [
    key,
    fallback,
  ]);
  const options = new Map(MODEL_OPTIONS.map(({ key, fallback }) => [key as string, fallback]));
  for (const [key = '', fallback] of rows.filter(([key = '']) => options.has(key))) {
    const value = options.get(key);
    assert.is(fallback, value === undefined ? '' : typeof value === 'string' ? `\`'${value}'\`` : String(value), key);
  }
  const listed = rows.map(([key]) => key);
  for (const key of options.keys()) assert.ok(listed.includes(key), `docs/api.md does not list ${key}`);
});

test('docs/reliability.md lists what a run may not change when it is resumed', () => {
  const text = read('docs', 'reliability.md').replaceAll(/\s+/g, ' ');
  const [, always = '', whereExact = ''] =
    /- (`max_length`.+?); and where that is true also (.+?) and the version/.exec(text) ?? [];
  const names = (list: string): string[] => [...list.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  assert.equal(names(always).sort(), namesThatAffect('score').sort());
  assert.equal(names(whereExact).sort(), namesThatAffect('rounding').sort());
});

test.run();
