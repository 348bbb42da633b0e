import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { histogram, quantile, spreadOf, thresholdsOf } from '#src/report/statistics.js';
import { Random } from '../../support/random.js';

test("quantiles are NumPy's", () => {
  // numpy.quantile([1, 2, 4, 8, 16], [0, .05, .3, .5, .95, 1])
  const sorted = [1, 2, 4, 8, 16];
  const expected = [1, 1.2, 2.4, 4, 14.4, 16];
  for (const [i, share] of [0, 0.05, 0.3, 0.5, 0.95, 1].entries()) {
    assert.ok(Math.abs(quantile(sorted, share) - (expected[i] ?? NaN)) < 1e-12);
  }
  const { mean, deviation, count } = spreadOf([2, 4, 4, 4, 5, 5, 7, 9]);
  assert.equal([mean, count], [5, 8]);
  assert.ok(Math.abs(deviation - Math.sqrt(32 / 7)) < 1e-12);
  assert.is(spreadOf([3]).deviation, 0);
});

test('bins have one round width, hold every value once, and a single value has a bin', () => {
  const random = new Random(11);
  for (let round = 0; round < 50; round++) {
    const values = Array.from({ length: 200 }, () => (random.below(20_001) - 10_000) / (1 + random.below(1000)));
    const bins = histogram(values, 40);
    assert.is(
      bins.reduce((sum, { count }) => sum + count, 0),
      200,
    );
    for (const { from, to, count } of bins) {
      // Up to the rounding of the limits themselves.
      const slack = 1e-9 * Math.max(1, Math.abs(to));
      assert.is(values.filter((value) => value >= from - slack && value < to - slack).length >= count - 1, true);
    }
  }
  assert.equal(histogram([2.5, 2.5], 40), [{ from: 2, to: 3, count: 2 }]);
  assert.equal(
    histogram([0, 0.1, 0.3, 0.9], 10).map(({ from, count }) => [from, count]),
    [
      [0, 1],
      [0.1, 1],
      [0.2, 0],
      [0.3, 1],
      [0.4, 0],
      [0.5, 0],
      [0.6, 0],
      [0.7, 0],
      [0.8, 0],
      [0.9, 1],
    ],
  );
});

test('a threshold keeps what `select --min` would keep', () => {
  const random = new Random(12);
  const scores = Array.from({ length: 500 }, () => random.below(1000) / 64);
  const lengths = scores.map(() => random.below(300));
  for (const { score, rows, characters } of thresholdsOf(scores, lengths, 50)) {
    const kept = scores.map((value, i) => [value, lengths[i] ?? 0] as const).filter(([value]) => value >= score);
    assert.is(rows, kept.length);
    assert.is(
      characters,
      kept.reduce((sum, [, length]) => sum + length, 0),
    );
  }
});

test.run();
