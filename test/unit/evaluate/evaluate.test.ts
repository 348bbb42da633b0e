import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluateScores, type EvaluateOptions, type Evaluation } from '#src/evaluate/evaluate.js';
import { readItems } from '#src/evaluate/items.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const none = (): void => undefined;
const CONTEXT = { signal: new AbortController().signal, reporter: { update: none, note: none, clear: none } };
let made = 0;

function file(rows: readonly unknown[]): string {
  return fileIn(folder, `rows-${made++}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

function evaluated(options: EvaluateOptions, scores: string): Promise<Evaluation> {
  return evaluateScores(options, scores, CONTEXT);
}

test('rows have one or several right and wrong answers; a prompt is what the user says, whatever it looks like', async () => {
  const data = file([
    { id: 5, prompt: 'USER: hi ASSISTANT: hello', chosen: 'four', rejected: 'three', subset: 'x' },
    { prompt: 'Q?', chosen: ['a', 'bb'], rejected: ['ccc'], num_correct: 2 },
    {
      id: 'turns',
      prompt: [{ role: 'user', content: 'Q?' }],
      chosen: [{ role: 'assistant', content: 'a' }],
      rejected: 'b',
    },
  ]);
  const read = [];
  for await (const one of readItems([data])) read.push(one);
  assert.equal(
    read.map(({ item }) => item),
    [
      { idJson: '5', group: 'x', correct: 1, lengths: [4, 5] },
      { idJson: '1', group: '', correct: 2, lengths: [1, 2, 3] },
      { idJson: '"turns"', group: '', correct: 1, lengths: [1, 1] },
    ],
  );
  assert.equal(read[0]?.conversations[1], [
    { role: 'user', content: 'USER: hi ASSISTANT: hello' },
    { role: 'assistant', content: 'three' },
  ]);
});

test('a row that is no item ends it with its place', async () => {
  const data = file([
    { prompt: 'Q?', chosen: 'a', rejected: 'b' },
    { prompt: 'Q?', response: 'a' },
  ]);
  const scores = file([{ id: 0, scores: [1, 0] }]);
  await expectError('INFORM_INVALID_SAMPLE', /line 2: the row has no "chosen" and "rejected"/, () =>
    evaluated({ benchmark: 'pairs', data }, scores),
  );
});

/** Lengths 10 and 10, 20 and 10, 10 and 20, 11 and 10. */
const PAIRS = [
  [10, 10],
  [20, 10],
  [10, 20],
  [11, 10],
].map(([chosen = 0, rejected = 0], i) => ({
  id: i,
  prompt: 'Q?',
  chosen: 'a'.repeat(chosen),
  rejected: 'b'.repeat(rejected),
  source: i < 2 ? 'one' : 'two',
}));

test('pairs: a tie is a loss, and accuracies by length, margin and group', async () => {
  const scores = file([
    { id: 0, scores: { chosen: 1, rejected: 1 }, margin: 0 },
    { id: 1, scores: [3, 1] },
    { id: 2, scores: [0, 4] },
    { id: 3, scores: [2.5, 2] },
  ]);
  const found = await evaluated({ benchmark: 'pairs', data: file(PAIRS), by: 'source' }, scores);
  if (found.benchmark !== 'pairs') throw new Error(found.benchmark);
  assert.equal([found.all.accuracy.value, found.tiesHalf, found.all.ties, found.all.margin], [0.5, 0.625, 1, -0.375]);
  const { matched, longer, shorter, byLengthAlone } = found.lengths;
  assert.equal([matched.items, matched.accuracy.value], [2, 0.5]);
  assert.equal([longer.items, longer.accuracy.value], [1, 1]);
  assert.equal([shorter.items, shorter.accuracy.value], [1, 0]);
  // Longer in rows 1 and 3, equal in row 0.
  assert.is(byLengthAlone, 0.625);
  assert.equal(
    found.groups.map(({ name, accuracy }) => [name, accuracy.value]),
    [
      ['one', 0.5],
      ['two', 0.5],
    ],
  );
  // The margins are 0, 0.5, 2, 4: each is in one fifth, and one fifth is empty.
  assert.equal(found.margins.map(({ items }) => items).sort(), [0, 1, 1, 1, 1]);
});

test('rows without a score count nowhere and are counted; scores of other rows are refused', async () => {
  const data = file(PAIRS);
  const found = await evaluated(
    { benchmark: 'pairs', data },
    file([
      { id: 1, scores: [1, 0] },
      { id: 2, scores: null },
      { id: 3, scores: [1, 0] },
    ]),
  );
  assert.is(found.withoutScore, 2);
  if (found.benchmark === 'pairs') assert.equal([found.all.items, found.all.accuracy.value], [2, 1]);
  const refused: [RegExp, unknown][] = [
    [/line 1 has the scores of id 9, and none of the 4 rows/, { id: 9, scores: [1, 0] }],
    [/line 1 has 3 scores for id 0, which has 2 answers/, { id: 0, scores: [1, 0, 0] }],
    [/line 1 is no result of several answers/, { id: 0, score: 1 }],
  ];
  for (const [message, row] of refused) {
    await expectError('INFORM_SCORES_DO_NOT_FIT', message, () => evaluated({ benchmark: 'pairs', data }, file([row])));
  }
  await expectError('INFORM_INVALID_SAMPLE', /nothing to evaluate/, () =>
    evaluated({ benchmark: 'pairs', data }, file([])),
  );
});

test('rows of Ties say which prompt they are of', async () => {
  const data = file([{ id: 7, prompt: 'Q?', chosen: ['a'], rejected: ['b'], subset: 'Ties' }]);
  await expectError('INFORM_INVALID_SAMPLE', /subset Ties has the id 7/, () =>
    evaluated({ benchmark: 'rewardbench2', data }, file([{ id: 7, scores: [1, 0] }])),
  );
});

test.run();
