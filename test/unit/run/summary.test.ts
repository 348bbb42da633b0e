import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatSummary } from '#src/cli/summary-text.js';
import { quantile } from '#src/report/statistics.js';
import { RunStats } from '#src/run/run-stats.js';
import { Random } from '../../support/random.js';

function stats(scores: readonly number[], members: { truncated?: (index: number) => boolean } = {}): RunStats {
  const run = new RunStats();
  scores.forEach((score, index) => {
    const truncated = members.truncated?.(index) ?? false;
    run.addScored({ idJson: String(index), score, tokens: 10, truncated, holdsSpecialText: false });
  });
  return run;
}

test('mean and standard deviation by hand', () => {
  // Squared distances from the mean 5: 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32; over n - 1 = 7.
  const run = stats([2, 4, 4, 4, 5, 5, 7, 9]);
  assert.is(run.mean, 5);
  assert.ok(Math.abs((run.standardDeviation ?? 0) - Math.sqrt(32 / 7)) < 1e-15);
  assert.is(run.min, 2);
  assert.is(run.max, 9);
});

test('none, one and two scores', () => {
  assert.is(stats([]).mean, undefined);
  assert.is(stats([]).standardDeviation, undefined);
  assert.is(stats([-3]).mean, -3);
  assert.is(stats([-3]).standardDeviation, undefined);
  assert.is(stats([1, 3]).standardDeviation, Math.SQRT2);
});

test('a large common offset costs no accuracy', () => {
  // The textbook formula (mean of squares less square of mean) gives rubbish here.
  const run = stats([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]);
  assert.is(run.mean, 1e9 + 10);
  assert.ok(Math.abs((run.standardDeviation ?? 0) - Math.sqrt(30)) < 1e-6);
});

test('random scores: the same as two passes over them', () => {
  const random = new Random(6);
  for (let round = 0; round < 100; round++) {
    const scores = Array.from({ length: 2 + random.below(500) }, () => (random.next() - 0.5) * 40);
    const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
    const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
    const run = stats(scores);
    assert.ok(Math.abs((run.mean ?? NaN) - mean) < 1e-12);
    assert.ok(Math.abs((run.standardDeviation ?? NaN) - Math.sqrt(squares / (scores.length - 1))) < 1e-12);
    assert.is(run.min, Math.min(...scores));
    assert.is(run.max, Math.max(...scores));
  }
});

test('the summary of a plain run', () => {
  // The mean is 5.25 / 4; the squared distances from it add up to 23.421875; over 3, and the root of it: 2.7942.
  assert.is(
    formatSummary(stats([1, 2, 4.5, -2.25]), { seconds: 2, maxLength: 4096, output: 'out.jsonl' }),
    [
      'Scored  4 samples (40 tokens) in 2.0 s: 2.00 samples/s, 20 tokens/s',
      'Scores  mean 1.313, standard deviation 2.794, min -2.250, max 4.500',
      'Output  out.jsonl',
      '',
    ].join('\n'),
  );
});

test('the summary of a run with everything', () => {
  const run = stats(
    Array.from({ length: 2500 }, () => 1),
    { truncated: (index) => index >= 1000 },
  );
  run.addScored({ idJson: '"last"', score: 1, tokens: 1_000_000, truncated: false, holdsSpecialText: true });
  run.addRejected();
  run.addRejected();
  assert.is(
    formatSummary(run, { seconds: 20, maxLength: 4096, rejects: 'out.jsonl.rejects.jsonl' }),
    [
      'Scored    2,501 samples (1,025,000 tokens) in 20 s: 125 samples/s, 51,250 tokens/s',
      'Rejected  2 samples, see out.jsonl.rejects.jsonl',
      'Scores    mean 1.000, standard deviation 0.000, min 1.000, max 1.000',
      'Note      1 sample with the text of special tokens in the content',
      'Warning   1,500 samples were longer than max_length (4,096 tokens) and cut: ids 1000, 1001, 1002, ' +
        '1003, 1004, 1005, 1006, 1007, 1008, 1009 and 1,490 more',
      '',
    ].join('\n'),
  );
});

test('one of each, and none at all', () => {
  const one = stats([0.5], { truncated: () => true });
  one.addRejected();
  assert.is(
    formatSummary(one, { seconds: 0.5, maxLength: 8 }),
    [
      'Scored    1 sample (10 tokens) in 0.5 s: 2.00 samples/s, 20 tokens/s',
      'Rejected  1 sample',
      'Scores    mean 0.500, min 0.500, max 0.500',
      'Warning   1 sample was longer than max_length (8 tokens) and cut: id 0',
      '',
    ].join('\n'),
  );
  const none = new RunStats();
  none.addRejected();
  assert.is(
    formatSummary(none, { seconds: 0, maxLength: 8 }),
    'Scored    0 samples (0 tokens) in 0.0 s\nRejected  1 sample\n',
  );
});

test('the ids of ten truncated samples are kept, however many there are', () => {
  const run = stats(
    Array.from({ length: 1e5 }, () => 0),
    { truncated: () => true },
  );
  assert.is(run.truncated, 1e5);
  assert.equal(run.firstTruncatedIds, ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
});

test('quantiles as NumPy counts them, to a 65,000th of the range, whatever the order', () => {
  // np.quantile(np.arange(101) ** 2 / 100 - 30, [0.05, 0.25, 0.5, 0.75, 0.95])
  const scores = Array.from({ length: 101 }, (_, i) => i ** 2 / 100 - 30);
  const orders = [scores, scores.toReversed(), scores.toSorted((a, b) => Math.sin(1e4 * a) - Math.sin(1e4 * b))];
  for (const order of orders) {
    const { counts } = stats(order);
    const found = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1].map((share) => counts.quantile(share));
    for (const [at, expected] of [-30, -29.75, -23.75, -5, 26.25, 60.25, 70].entries()) {
      assert.ok(Math.abs((found[at] ?? NaN) - expected) <= (2 * 100) / 65536, `${found[at]} for ${expected}`);
    }
  }
});

test('a run of any scores: all are in the histogram, and quantiles stay within the range', () => {
  const random = new Random(11);
  for (let round = 0; round < 40; round++) {
    const scale = 10 ** (random.below(40) - 6);
    const scores = Array.from({ length: 1 + random.below(300) }, () => Math.fround((random.next() - 0.3) * scale));
    const { counts } = stats(scores);
    const sorted = scores.toSorted((a, b) => a - b);
    assert.is(
      counts.histogram(10).reduce((sum, { count }) => sum + count, 0),
      scores.length,
    );
    const range = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0);
    for (const share of [0, 0.3, 0.5, 1]) {
      const expected = quantile(sorted, share);
      assert.ok(Math.abs(counts.quantile(share) - expected) <= Math.max(range / 32768, 2 ** -20), `${share}`);
    }
  }
});

test('the histogram: a line for each bin, in blocks or in ASCII, no wider than the terminal', () => {
  // np.mean, np.std(ddof=1) and np.quantile of the same.
  const run = stats([...Array.from({ length: 40 }, (_, i) => i / 10), ...Array.from({ length: 9 }, () => 3.5), -1.25]);
  const context = { seconds: 0, maxLength: 8 };
  assert.is(
    formatSummary(run, { ...context, chart: { columns: 40, blocks: false } }),
    [
      'Scored     50 samples (500 tokens) in 0.0 s',
      'Scores     mean 2.165, standard deviation 1.300, min -1.250, max 3.900',
      'Quantiles  5 % 0.145, 25 % 1.125, median 2.350, 75 % 3.500, 95 % 3.655',
      '           -1.5 to -1.0   1  #',
      '           -1.0 to -0.5   0',
      '           -0.5 to  0.0   0',
      '            0.0 to  0.5   5  ####',
      '            0.5 to  1.0   5  ####',
      '            1.0 to  1.5   5  ####',
      '            1.5 to  2.0   5  ####',
      '            2.0 to  2.5   5  ####',
      '            2.5 to  3.0   5  ####',
      '            3.0 to  3.5   5  ####',
      '            3.5 to  4.0  14  ###########',
      '',
    ].join('\n'),
  );
  const wide = formatSummary(run, { ...context, chart: { columns: 200, blocks: true } })
    .split('\n')
    .slice(3, -1);
  assert.is(wide.at(-1), `            3.5 to  4.0  14  ${'█'.repeat(50)}`);
  assert.is(wide[3], `            0.0 to  0.5   5  ${'█'.repeat(17)}▉`);
  const narrow = formatSummary(run, { ...context, chart: { columns: 10, blocks: true } });
  assert.not.match(narrow, /[█▏]/);
  // A log has the numbers alone.
  assert.not.match(formatSummary(run, context), / to /);
});

test.run();
