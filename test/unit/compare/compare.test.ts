import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { failedChecks, parseAtMost } from '#src/compare/checks.js';
import { compare } from '#src/compare/compare.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
let made = 0;

function file(rows: readonly unknown[]): string {
  return fileIn(folder, `rows-${made++}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

test('rows are matched by their ids in any order, and what only one file has is counted', async () => {
  const a = file([
    { id: 'x', score: 1 },
    { id: 'y', score: 2 },
    { id: 'z', score: 3 },
    { id: 'only a', score: 9 },
  ]);
  const b = file([
    { id: 'z', score: 3.5 },
    { id: 'w', score: null },
    { id: 'x', score: 1 },
    { id: 'y', score: 1.75 },
  ]);
  const { rows, deviation, worst } = await compare({ a, b });
  assert.equal(rows, { matched: 3, onlyInA: 1, onlyInB: 0, withoutScoreInA: 0, withoutScoreInB: 1 });
  assert.is(deviation.largest, 0.5);
  assert.is(deviation.bias.value, 0.25 / 3);
  assert.equal(worst, [
    { id: '"z"', a: 3, b: 3.5 },
    { id: '"y"', a: 2, b: 1.75 },
    { id: '"x"', a: 1, b: 1 },
  ]);
});

test('an id that stands in several rows needs the same ids in the same order', async () => {
  const a = file([7, 7, 8].map((id, score) => ({ id, score })));
  const b = file([7, 7, 8].map((id) => ({ id, score: 0 })));
  assert.is((await compare({ a, b })).rows.matched, 3);
  const c = file([7, 8].map((id) => ({ id, score: 0 })));
  await expectError('INFORM_SCORES_DO_NOT_FIT', /has the id 7 in the lines 1 and 2/, () => compare({ a, b: c }));
});

test('files that have no row in common, or no scores, are refused', async () => {
  const a = file([{ id: 1, score: 1 }]);
  await expectError('INFORM_SCORES_DO_NOT_FIT', /no id in common \(the first are 1 and "1"\)/, () =>
    compare({ a, b: file([{ id: '1', score: 1 }]) }),
  );
  await expectError('INFORM_SCORES_DO_NOT_FIT', /line 1 is no result/, () => compare({ a, b: file([{ id: 1 }]) }));
  await expectError('INFORM_SCORES_DO_NOT_FIT', /hold no scores/, () => compare({ a: file([]), b: file([]) }));
});

test('the texts of the rows that differ most are those of the data, also of several answers and of ids that repeat', async () => {
  const data = file([
    { id: 1, prompt: 'First?', chosen: 'good', rejected: 'bad' },
    { id: 1, prompt: 'Second?', chosen: 'better', rejected: 'worse' },
    { id: 2, prompt: 'Not scored?', response: 'no' },
    { id: 3, prompt: 'Third?', responses: ['zero', 'one'] },
  ]);
  const scores = (shift: number): string =>
    file([
      { id: 1, scores: { chosen: 1 + shift, rejected: 0 }, margin: 1 },
      { id: 1, scores: { chosen: 1, rejected: 0 - 2 * shift }, margin: 1 },
      { id: 3, scores: [4, 5 + 3 * shift] },
    ]);
  const { worst } = await compare({ a: scores(0), b: scores(1), data });
  assert.equal(
    worst.slice(0, 3).map(({ id, answer, text }) => [id, answer, text?.asked, text?.answered]),
    [
      ['3', '1', 'Third?', 'one'],
      ['1', 'rejected', 'Second?', 'worse'],
      ['1', 'chosen', 'First?', 'good'],
    ],
  );
  await expectError('INFORM_SCORES_DO_NOT_FIT', /line 2 has a score for id 1, and none of the 1 rows/, () =>
    compare({ a: scores(0), b: scores(1), data: file([{ id: 1, prompt: 'First?', chosen: 'a', rejected: 'b' }]) }),
  );
});

test('checks fail where a limit is passed, and where what they ask is not defined', async () => {
  const a = file([1, 2, 3, 4].map((score, id) => ({ id, score })));
  const b = file([1, 3, 2, 4].map((score, id) => ({ id, score })));
  const comparison = await compare({ a, b, threshold: 2.5 });
  assert.equal(failedChecks(comparison, { maxDeviation: 1, minSpearman: 0.8, maxFlips: parseAtMost('2') }), []);
  assert.equal(failedChecks(comparison, { maxDeviation: 0.9, minSpearman: 0.9, maxFlips: parseAtMost('49.9%') }), [
    'the largest deviation is 1, above 0.9',
    "Spearman's correlation is 0.8, not 0.9 or more",
    '2 rows flip at the threshold 2.5, more than 1.996',
  ]);
  const flat = await compare({ a: file([{ id: 0, score: 1 }]), b: file([{ id: 0, score: 1 }]) });
  assert.equal(failedChecks(flat, { minSpearman: 0 }), ["Spearman's correlation is not defined, not 0 or more"]);
  for (const text of ['-1', '200%', 'many', '']) {
    await expectError('INFORM_INVALID_ARGUMENT', /--max-flips takes/, () =>
      Promise.resolve().then(() => parseAtMost(text)),
    );
  }
});

test.run();
