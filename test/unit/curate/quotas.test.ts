import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseRange, parseShare, rowsOf } from '#src/curate/criteria.js';
import { equalQuotas } from '#src/curate/quotas.js';
import { fitLength, withoutLength } from '#src/curate/length-bias.js';
import { expectError } from '../../support/assert/expect-error.js';
import { Random } from '../../support/random.js';

test('a number is shared equally, up to what each group has', () => {
  assert.equal(equalQuotas([10, 10, 10], 10), [4, 3, 3]);
  assert.equal(equalQuotas([1, 10, 10], 10), [1, 5, 4]);
  assert.equal(equalQuotas([1, 2, 100], 10), [1, 2, 7]);
  assert.equal(equalQuotas([1, 2, 3], 10), [1, 2, 3]);
  assert.equal(equalQuotas([0, 4], 2), [0, 2]);
  assert.equal(equalQuotas([], 3), []);
});

test('no group gives more than it has, all that is asked for is given, and nobody gets two more than another who could', () => {
  const random = new Random(3);
  for (let round = 0; round < 300; round++) {
    const sizes = Array.from({ length: 1 + random.below(8) }, () => random.below(20));
    const total = random.below(120);
    const quotas = equalQuotas(sizes, total);
    const sum = (numbers: readonly number[]): number => numbers.reduce((all, number) => all + number, 0);
    assert.is(sum(quotas), Math.min(total, sum(sizes)));
    const open = quotas.filter((quota, i) => quota < (sizes[i] ?? 0));
    for (const [i, quota] of quotas.entries()) {
      assert.ok(quota <= (sizes[i] ?? 0));
      for (const other of open)
        assert.ok(quota <= other + 1, `${JSON.stringify(sizes)} ${total} ${JSON.stringify(quotas)}`);
    }
  }
});

test('shares and ranges are read, and what is none is refused', async () => {
  assert.equal(
    [parseShare('20%'), parseShare('0.5 %'), parseShare('5000')],
    [{ share: 0.2 }, { share: 0.005 }, { rows: 5000 }],
  );
  for (const text of ['', '0', '0%', '101%', '1.5', '-3', '5 rows']) {
    await expectError('INFORM_INVALID_ARGUMENT', /--top takes/, () => parseShare(text));
  }
  assert.equal(parseRange('-1.5, 3'), { min: -1.5, max: 3 });
  for (const text of ['1', '3,1', ',2', '1,2,3', 'a,b']) {
    await expectError('INFORM_INVALID_ARGUMENT', /--between takes/, () => parseRange(text));
  }
  assert.equal([rowsOf({ share: 0.2 }, 10), rowsOf({ share: 0.01 }, 10), rowsOf({ rows: 50 }, 10)], [2, 1, 10]);
});

test("length's part is the least-squares line through ln(1 + length)", () => {
  const lengths = [0, 1, 5, 20, 100];
  const scores = lengths.map((length) => 2 - 0.5 * Math.log(1 + length));
  const model = fitLength(lengths, scores);
  assert.ok(Math.abs(model.slope + 0.5) < 1e-12 && Math.abs(model.intercept - 2) < 1e-12);
  assert.ok(Math.abs(model.correlation + 1) < 1e-12);
  assert.ok(Math.abs(withoutLength(model, 20, scores[3] ?? 0)) < 1e-12);
  // All of one length: nothing to explain.
  assert.equal(fitLength([3, 3], [1, 2]), { intercept: 1.5, slope: 0, correlation: 0 });
});

test.run();
