import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readExamples, type JudgedAnswer } from '#src/cli/demo/examples.js';
import { countOrdered, formatTable } from '#src/cli/demo/table.js';

const ANSWERS: JudgedAnswer[] = [
  { id: '7-good', instruction: 'Why?', output: 'Because\n\nof  this.', win_rate: 0.975 },
  { id: '7-bad', instruction: 'Why?', output: 'No.', win_rate: 0 },
  { id: '8-good', instruction: 'How?', output: `👍🏽${'x'.repeat(100)}`, win_rate: 1 },
  { id: '8-bad', instruction: 'How?', output: 'So.', win_rate: 0.001 },
];

const LONG: JudgedAnswer[] = [
  { id: '9-good', instruction: 'word '.repeat(50), output: 'x'.repeat(200), win_rate: 0.5 },
];

test('an instruction stands over its answers, which fit the width', () => {
  const lines = formatTable(ANSWERS, [1.234, -10, 0, 100.5], 60).split('\n');
  assert.equal(lines.slice(0, 5), [
    '  judged    win rate     score  answer',
    '',
    'Why?',
    '  good        97.5 %      1.23  Because of this.',
    '  bad          0.0 %    -10.00  No.',
  ]);
  assert.is(lines[6], 'How?');
  // The hand and its colour are one character.
  assert.is(lines[7], `  good       100.0 %      0.00  👍🏽${'x'.repeat(26)}…`);
  assert.is(lines.length, 9);
});

test('a narrow or a very wide terminal gets a table of a width that can be read', () => {
  const longest = (width: number): number => {
    const lines = formatTable(LONG, [0], width).split('\n');
    return Math.max(...lines.map((line) => line.length));
  };
  assert.is(longest(10), 60);
  assert.is(longest(1000), 100);
});

test('pairs are counted within an instruction, and equal scores are in no order', () => {
  assert.equal(countOrdered(ANSWERS, [1, 0, 0, 1]), { ordered: 1, pairs: 2 });
  assert.equal(countOrdered(ANSWERS, [1, 1, 2, 1]), { ordered: 1, pairs: 2 });
});

test('the shipped examples are five instructions with a good, a mediocre and a bad answer each', async () => {
  const answers = await readExamples();
  assert.is(answers.length, 15);
  assert.equal(
    answers.map(({ id }) => id.replace(/^\d+-/, '')),
    Array.from({ length: 5 }, () => ['good', 'mediocre', 'bad']).flat(),
  );
  for (const [i, { instruction, win_rate }] of answers.entries()) {
    if (i % 3 === 0) continue;
    assert.is(instruction, answers[i - 1]?.instruction);
    assert.ok(win_rate < (answers[i - 1]?.win_rate ?? NaN));
  }
});

test.run();
