import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { counted, formatCount, formatDuration } from '#src/util/format.js';
import { bytesStatus } from '#src/util/progress-status.js';

test('durations and counts', () => {
  const cases: [number, string][] = [
    [0, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [3599.4, '59 min 59 s'],
    [3599.6, '1 h 0 min'],
    [7265, '2 h 1 min'],
    [86_399, '1 d 0 h'],
    [1e6, '11 d 14 h'],
  ];
  for (const [seconds, text] of cases) assert.is(formatDuration(seconds), text);
  assert.is(formatCount(1234567), '1,234,567');
});

test('a count has its noun in the singular or the plural', () => {
  assert.equal(
    [0, 1, 2, 1234].map((count) => counted(count, 'score')),
    ['0 scores', '1 score', '2 scores', '1,234 scores'],
  );
});

test('work in bytes has a share, even where there are none', () => {
  assert.equal(bytesStatus('Copying', 500e6, 2e9), {
    label: 'Copying',
    fraction: 0.25,
    timeLeft: true,
    details: ['500.0 MB of 2.00 GB'],
  });
  assert.is(bytesStatus('Copying', 0, 0).fraction, 1);
});

test.run();
