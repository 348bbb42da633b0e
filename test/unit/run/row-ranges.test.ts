import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RowRanges } from '#src/run/journal/row-ranges.js';
import { Random } from '../../support/random.js';

test('numbers in any order: each is new once, and the counts are those of a set', () => {
  const random = new Random(20261128);
  for (let round = 0; round < 200; round++) {
    const ranges = new RowRanges();
    const set = new Set<number>();
    for (let step = 0; step < 60; step++) {
      const number = random.below(40);
      assert.is(ranges.add(number), !set.has(number));
      set.add(number);
      const end = Math.max(...set) + 1;
      assert.equal([ranges.count, ranges.end, ranges.missing], [set.size, end, end - set.size]);
    }
  }
});

test('nothing at first', () => {
  const { count, end, missing } = new RowRanges();
  assert.equal([count, end, missing], [0, 0, 0]);
});

test.run();
