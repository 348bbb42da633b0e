import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pairAccuracy } from '../../support/judged-pairs.js';
import { kendall } from '../../support/assert/kendall.js';

// What the tests and benchmarks of the embedded model judge by.

test("Kendall's tau", () => {
  assert.is(kendall([1, 2, 3], [10, 20, 30]), 1);
  assert.is(kendall([1, 2, 3], [3, 2, 1]), -1);
  // Of six pairs five are in the same order and one is not.
  assert.ok(Math.abs(kendall([1, 2, 3, 4], [1, 2, 4, 3]) - 4 / 6) < 1e-12);
  // A tie in one of two pairs that the other list orders: (1 + 1 + 0) / sqrt(3 * 2).
  assert.ok(Math.abs(kendall([1, 2, 3], [1, 2, 2]) - 2 / Math.sqrt(6)) < 1e-12);
});

test('the accuracy over pairs: only clear ones, only within an instruction, ties count half', () => {
  const answers = [
    { instruction_id: 1, win_rate: 0.9 },
    { instruction_id: 2, win_rate: 0.1 },
    { instruction_id: 1, win_rate: 0.2 },
    { instruction_id: 1, win_rate: 0.7 },
  ];
  assert.equal(pairAccuracy(answers, [3, 9, 1, 1]), { accuracy: 0.75, pairs: 2 });
  assert.equal(pairAccuracy(answers, [0, 9, 1, 2]), { accuracy: 0.5, pairs: 2 });
});

test.run();
