import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Progress, type ProgressMode } from '#src/cli/terminal-progress.js';
import { scoringStatus } from '#src/run/scoring-status.js';
import { type ProgressStatus } from '#src/util/progress-status.js';

const ERASE = '\r\u001b[K';

function setUp(mode: ProgressMode, terminal?: { columns?: number }) {
  const written: string[] = [];
  const clock = { ms: 5000 };
  const stream = {
    write: (text: string) => written.push(text),
    isTTY: terminal !== undefined,
    columns: terminal?.columns,
  };
  const progress = new Progress({ mode, stream, now: () => clock.ms });
  return { progress, written, clock };
}

const loading = (fraction: number): ProgressStatus => ({ label: 'Loading model', fraction });

test('a bar shows at once and is redrawn at most ten times a second', () => {
  const { progress, written, clock } = setUp('bar', { columns: 80 });
  for (let ms = 0; ms < 2000; ms++) {
    clock.ms = ms;
    progress.update(loading(ms / 2000));
  }
  assert.is(written.length, 20);
  for (const line of written) assert.ok(line.startsWith(`${ERASE}Loading model  `));
});

test('a bar tells its share in cells and in percent', () => {
  const { progress, written, clock } = setUp('bar', { columns: 80 });
  for (const fraction of [0, 0.43, 0.999, 1, 1.5, -1]) {
    progress.update(loading(fraction));
    clock.ms += 100;
  }
  const shown = written.map((line) => line.slice(ERASE.length));
  const bar = (full: number): string => '█'.repeat(full) + '░'.repeat(30 - full);
  assert.equal(
    shown,
    [
      [0, 0],
      [12, 43],
      [29, 99],
      [30, 100],
      [30, 100],
      [0, 0],
    ].map(([cells = 0, percent]) => `Loading model  ${bar(cells)}  ${percent} %`),
  );
});

test('no line is as wide as the terminal, whatever its width', () => {
  const status = scoringStatus({ samples: 1234567, tokens: 1e9, seconds: 3600, bytes: 5, totalBytes: 10 });
  for (let columns = 0; columns <= 130; columns++) {
    const { progress, written, clock } = setUp('bar', { columns });
    progress.update(status);
    clock.ms += 60_000;
    progress.update(status);
    for (const line of written) assert.ok(line.length - ERASE.length < Math.max(columns, 1), `${columns}: ${line}`);
  }
});

test('a narrow terminal loses the bar before the numbers', () => {
  const { progress, written } = setUp('bar', { columns: 30 });
  progress.update(loading(0.43));
  assert.equal(written, [`${ERASE}Loading model  ███░░░░░  43 %`]);
  const narrower = setUp('bar', { columns: 29 });
  narrower.progress.update(loading(0.43));
  assert.equal(narrower.written, [`${ERASE}Loading model  43 %`]);
});

test('the bar is taken away at the end, once, and only where one was', () => {
  const { progress, written } = setUp('bar', { columns: 80 });
  progress.clear();
  assert.equal(written, []);
  progress.update(loading(0.5));
  progress.clear();
  progress.clear();
  assert.is(written.length, 2);
  assert.is(written.at(-1), ERASE);
});

test('a note stands on a line of its own and the bar comes back', () => {
  const { progress, written } = setUp('bar', { columns: 80 });
  progress.update(loading(0.5));
  progress.note('3 samples were cut.');
  progress.update(loading(0.5));
  assert.equal(written.slice(1, 3), [ERASE, '3 samples were cut.\n']);
  assert.is(written.length, 4);
});

test('the time left goes by what is done, and starts anew with a new label', () => {
  const { progress, written, clock } = setUp('bar', { columns: 200 });
  const scoring = (fraction: number): ProgressStatus => ({ label: 'Scoring', fraction, timeLeft: true });
  progress.update(loading(0.5));
  clock.ms += 60_000;
  progress.update(scoring(0));
  clock.ms += 30_000;
  progress.update(scoring(0.25));
  clock.ms += 30_000;
  progress.update(scoring(1));
  assert.match(written[1] ?? '', /0 %$/);
  assert.match(written[2] ?? '', /25 % {2}1 min 30 s left$/);
  assert.match(written[3] ?? '', /100 % {2}0\.0 s left$/);
});

test('what was done before a resumed run began does not count for the time left', () => {
  const { progress, written, clock } = setUp('bar', { columns: 200 });
  const scoring = (fraction: number): ProgressStatus => ({ label: 'Scoring', fraction, timeLeft: true });
  progress.update(scoring(0.9));
  clock.ms += 10_000;
  progress.update(scoring(0.91));
  assert.not.match(written[0] ?? '', /left/);
  assert.match(written[1] ?? '', /91 % {2}1 min 30 s left$/);
});

test('the time left goes by the last minute alone', () => {
  const { progress, written, clock } = setUp('bar', { columns: 200 });
  const at = (fraction: number): void => {
    progress.update({ label: 'Scoring', fraction, timeLeft: true });
  };
  // A slow hour for the first tenth, then a percent a second.
  for (let minute = 0; minute <= 60; minute++, clock.ms += 60_000) at((0.1 * minute) / 60);
  for (let second = 0; second < 62; second++, clock.ms += 1000) at(0.1 + second / 100);
  assert.match(written.at(-1) ?? '', /71 % {2}(29|30) s left$/);
});

test('a narrow terminal loses whole parts: the details first, the time left last', () => {
  const status = {
    label: 'Scoring',
    fraction: 0.5,
    timeLeft: true,
    details: ['1,236 of about 3,200 samples', '51 tokens/s'],
  };
  const line = (columns: number): string => {
    const { progress, written, clock } = setUp('bar', { columns });
    progress.update({ ...status, fraction: 0 });
    clock.ms += 30_000;
    progress.update(status);
    return (written[1] ?? '').slice(ERASE.length);
  };
  assert.is(line(80), 'Scoring  █████░░░░░  50 %  1,236 of about 3,200 samples  51 tokens/s  30 s left');
  assert.is(line(68), 'Scoring  50 %  1,236 of about 3,200 samples  51 tokens/s  30 s left');
  assert.is(line(67), 'Scoring  █████░░░░░  50 %  1,236 of about 3,200 samples  30 s left');
  assert.is(line(40), 'Scoring  ██████░░░░░░░  50 %  30 s left');
  assert.is(line(22), 'Scoring  30 s left');
  assert.is(line(16), 'Scoring');
});

test('without a terminal: one line every ten seconds, and none before', () => {
  const { progress, written, clock } = setUp('auto');
  const began = clock.ms;
  for (let seconds = 0; seconds <= 35; seconds++) {
    clock.ms = began + seconds * 1000;
    progress.update({ label: 'Loading model', fraction: seconds / 100, details: ['x'] });
  }
  assert.equal(written, ['Loading model: 10 %, x\n', 'Loading model: 20 %, x\n', 'Loading model: 30 %, x\n']);
  progress.clear();
  assert.is(written.length, 3);
  progress.note('A warning.');
  assert.is(written.at(-1), 'A warning.\n');
});

test('without a terminal a new label waits ten seconds again', () => {
  const { progress, written, clock } = setUp('plain', { columns: 80 });
  progress.update({ label: 'One' });
  clock.ms += 9999;
  progress.update({ label: 'One' });
  progress.update({ label: 'Two' });
  clock.ms += 9999;
  progress.update({ label: 'Two' });
  assert.equal(written, []);
  clock.ms += 1;
  progress.update({ label: 'Two' });
  assert.equal(written, ['Two\n']);
});

test('none is silent but for notes, auto goes by the terminal', () => {
  const none = setUp('none', { columns: 80 });
  none.progress.update(loading(0.5));
  none.clock.ms += 60_000;
  none.progress.update(loading(0.6));
  none.progress.clear();
  assert.equal(none.written, []);
  none.progress.note('A warning.');
  assert.equal(none.written, ['A warning.\n']);

  const terminal = process.env['TERM'];
  try {
    process.env['TERM'] = 'xterm';
    const bar = setUp('auto', {});
    bar.progress.update(loading(0.5));
    assert.is(bar.written.length, 1);
    process.env['TERM'] = 'dumb';
    const dumb = setUp('auto', {});
    dumb.progress.update(loading(0.5));
    assert.is(dumb.written.length, 0);
  } finally {
    if (terminal === undefined) delete process.env['TERM'];
    else process.env['TERM'] = terminal;
  }
});

test('scoring: the share goes by bytes; without a total there is none', () => {
  assert.equal(scoringStatus({ samples: 1200, tokens: 51_234, seconds: 10, bytes: 25, totalBytes: 100 }), {
    label: 'Scoring',
    fraction: 0.25,
    timeLeft: true,
    details: ['1,200 of about 4,800 samples', '5,123 tokens/s'],
  });
  const piped = { samples: 0, tokens: 0, seconds: 0, bytes: 0, totalBytes: undefined };
  assert.equal(scoringStatus(piped), {
    label: 'Scoring',
    fraction: undefined,
    timeLeft: true,
    details: ['0 samples'],
  });
  const { progress, written } = setUp('bar', { columns: 80 });
  progress.update(scoringStatus({ ...piped, samples: 5, tokens: 100, seconds: 2 }));
  assert.equal(written, [`${ERASE}Scoring  5 samples  50 tokens/s`]);
});

test.run();
