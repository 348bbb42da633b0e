import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { measure } from '#src/compare/measure.js';
import { Random } from '#src/util/random.js';
import { packageRoot } from '#src/util/package-root.js';

interface Golden {
  a: number[];
  b: number[];
  mean: number;
  bias: number;
  largest: number;
  percentile99: number;
  pearson: number | null;
  spearman: number | null;
  kendall: number | null;
  pairs: [number, number | null][];
  top: number[];
  threshold: number;
  dropped: number;
  added: number;
}

const GOLDENS = JSON.parse(
  readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'comparison-goldens.json'), 'utf8'),
) as { cases: Golden[]; interval: { a: number[]; b: number[]; low: number; high: number } };

function near(actual: number | null | undefined, expected: number | null | undefined, what: string): void {
  if (expected === null) assert.is(actual, null, what);
  else assert.ok(Math.abs((actual ?? NaN) - (expected ?? NaN)) < 1e-9, `${what}: ${actual} for ${expected}`);
}

test("the measures are SciPy's and NumPy's, also where most scores are tied", () => {
  for (const { a, b, ...golden } of GOLDENS.cases) {
    const found = measure(Float64Array.from(a), Float64Array.from(b), {
      threshold: golden.threshold,
      resamples: 20,
    });
    const name = `${a.length} rows`;
    near(found.deviation.mean.value, golden.mean, `${name}, mean`);
    near(found.deviation.bias.value, golden.bias, `${name}, bias`);
    near(found.deviation.largest, golden.largest, `${name}, largest`);
    near(found.deviation.percentile99, golden.percentile99, `${name}, percentile`);
    near(found.pearson.value, golden.pearson, `${name}, Pearson`);
    near(found.spearman.value, golden.spearman, `${name}, Spearman`);
    near(found.kendall.value, golden.kendall, `${name}, Kendall`);
    for (const [i, { pairs, agreement }] of found.pairs.entries()) {
      assert.is(pairs, golden.pairs[i]?.[0], `${name}, pairs of gap ${i}`);
      near(agreement.value, golden.pairs[i]?.[1], `${name}, agreement at gap ${i}`);
    }
    for (const [i, { overlap }] of found.top.entries()) near(overlap.value, golden.top[i], `${name}, top ${i}`);
    const [flips] = found.flips;
    assert.equal([flips?.dropped, flips?.added], [golden.dropped, golden.added], name);
    near(flips?.share.value, (golden.dropped + golden.added) / a.length, `${name}, flips`);
  }
});

test("intervals are about as SciPy's bootstrap has them, the same each time, and hold the value", () => {
  const { a, b, low, high } = GOLDENS.interval;
  const found = measure(Float64Array.from(a), Float64Array.from(b));
  assert.ok(Math.abs((found.spearman.low ?? NaN) - low) < 0.1 * (high - low), `${found.spearman.low} for ${low}`);
  assert.ok(Math.abs((found.spearman.high ?? NaN) - high) < 0.1 * (high - low), `${found.spearman.high} for ${high}`);
  const few = (): unknown => measure(Float64Array.from(a), Float64Array.from(b), { resamples: 20 });
  assert.equal(few(), few());
  const { value, low: least, high: most } = found.deviation.mean;
  assert.ok((least ?? NaN) < (value ?? NaN) && (value ?? NaN) < (most ?? NaN));
});

test('of many rows some are resampled, and the interval is that of all', () => {
  const random = new Random(3);
  const a = Float64Array.from({ length: 20_000 }, () => random.next());
  // The mean of 20,000 values that are spread evenly over [0, 1) varies by sqrt(1 / 12 / 20,000) = 0.00204.
  const b = a.map((value) => value + random.next());
  const { intervals, deviation } = measure(a, b, { resamples: 300 });
  assert.equal(intervals, { resamples: 300, rows: 5000 });
  const width = (deviation.bias.high ?? NaN) - (deviation.bias.low ?? NaN);
  assert.ok(Math.abs(width / (2 * 1.96 * 0.00204) - 1) < 0.2, String(width));
});

test('scores that are all the same have no correlation, and identical ones no deviation', () => {
  const flat = measure(Float64Array.from([1, 1, 1]), Float64Array.from([1, 2, 3]));
  assert.equal([flat.pearson.value, flat.spearman.value, flat.kendall.value], [null, null, null]);
  const scores = Float64Array.from([3, 1, 2]);
  const same = measure(scores, scores);
  assert.equal([same.deviation.largest, same.deviation.bias.value, same.kendall.value], [0, 0, 1]);
  assert.ok(same.flips.every(({ dropped, added }) => dropped === 0 && added === 0));
});

test.run();
