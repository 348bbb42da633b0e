import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sampleRows } from '#src/evaluate/sample-rows.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').filter(Boolean);
}

test('some rows at random, in their order, the same each time; without an id they have their numbers', async () => {
  const rows = Array.from({ length: 1000 }, (_, i) => ({ instruction: `Q ${i}`, output: 'A' }));
  const data = fileIn(folder, 'data.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const [one, two] = [join(folder, 'one.jsonl'), join(folder, 'two.jsonl')];
  assert.is(await sampleRows([data], 100, one), 100);
  await sampleRows([data], 100, two);
  assert.is(readFileSync(one, 'utf8'), readFileSync(two, 'utf8'));
  const found = linesOf(one).map((line) => JSON.parse(line) as { id: number; instruction: string });
  assert.is(found.length, 100);
  for (const { id, instruction } of found) assert.is(instruction, `Q ${id}`);
  assert.equal(found.map(({ id }) => id), found.map(({ id }) => id).sort((a, b) => a - b)); // prettier-ignore
  // The mean of 100 of the numbers 0 to 999 lies within four standard errors of their own.
  const mean = found.reduce((sum, { id }) => sum + id, 0) / 100;
  assert.ok(Math.abs(mean - 499.5) < (4 * 288.7) / 10, String(mean));
});

test('a row with an id stays as it is written, on one line; fewer rows are taken whole', async () => {
  const data = fileIn(
    folder,
    'data.json',
    '[{"id": 1.50,\n "instruction": "Q", "output": "A\\nB"}, {"id": "x", "instruction": "Q", "output": "A"}]',
  );
  const output = join(folder, 'whole.jsonl');
  assert.is(await sampleRows([data], 500, output), 2);
  assert.equal(linesOf(output), [
    '{"id": 1.50,  "instruction": "Q", "output": "A\\nB"}',
    '{"id": "x", "instruction": "Q", "output": "A"}',
  ]);
  const empty = fileIn(folder, 'empty.jsonl', '');
  await expectError('INFORM_INVALID_SAMPLE', /holds no rows/, () => sampleRows([empty], 5, output));
});

test.run();
