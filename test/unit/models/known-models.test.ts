import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { knownRewardToken, RECIPES } from '#src/convert/recipes.js';
import { parseHubId } from '#src/models/hub/hub-id.js';
import { fileGigabytes, formatGigabytes, KNOWN_MODELS, TOLD_TYPES } from '#src/models/known-models.js';
import { packageRoot } from '#src/util/package-root.js';
import { tableIn } from '../../support/markdown-table.js';

test('every known model is of a class with a row, and fetched without a flag', () => {
  for (const { id, className } of KNOWN_MODELS) {
    assert.is(parseHubId(id)?.repository, id);
    const rows = RECIPES.filter((recipe) => recipe.className === className);
    const isLogit = knownRewardToken(id) !== undefined;
    assert.ok(
      rows.some(({ head }) => (head.rowOfToken === true) === isLogit),
      id,
    );
  }
});

test('the list in docs/models.md is that of the known models', () => {
  const text = readFileSync(path.join(packageRoot(), 'docs', 'models.md'), 'utf8');
  const rows = tableIn(text.slice(text.indexOf('## Known models')), 'model');
  const expected = KNOWN_MODELS.map((model) => [
    model.id,
    `\`${model.className}\``,
    ...TOLD_TYPES.map((type) => formatGigabytes(fileGigabytes(model, type))),
    model.licence,
    model.results.join('; '),
  ]);
  assert.equal(rows, expected);
});

test('sizes are near those that the code lays out for INF-ORM (docs/models.md)', () => {
  const [inform] = KNOWN_MODELS;
  if (inform === undefined) throw new Error('no model');
  for (const [type, gigabytes] of [
    ['q4_k_m', 42.1],
    ['q8_0', 74],
    ['bf16', 139.2],
  ] as const) {
    assert.ok(Math.abs(fileGigabytes(inform, type) / gigabytes - 1) < 0.01, type);
  }
});

test.run();
