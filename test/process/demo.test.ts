import { spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { finished, runCli } from '../support/children/cli.js';
import { tempFolder } from '../support/temp-folder.js';

const FOLDER = tempFolder();

test('the demo ranks judged answers in a table, and the file that it writes is scored the same', async () => {
  const demo = await runCli(['demo']);
  assert.is(demo.code, 0, demo.stderr);
  assert.is(demo.stderr, '');
  const samples = path.join(FOLDER, 'samples.jsonl');
  const written = await runCli(['demo', '--write', samples]);
  assert.is(written.code, 0, written.stderr);
  assert.is((await runCli(['demo', '--write', samples])).code, 1, 'it replaced a file unasked');
  const [, line = ''] = /Score them with: (.+)/.exec(written.stderr) ?? [];
  const scored = await finished(spawn(line, { shell: true }));
  assert.is(scored.code, 0, scored.stderr);
  assert.match(scored.stderr, /inform-mini, is a demonstration, not a judge of your data/);
  const scores = scored.stdout
    .trim()
    .split('\n')
    .map((row) => (JSON.parse(row) as { score: number }).score.toFixed(2));
  const shown = [...demo.stdout.matchAll(/^ {2}(?:good|mediocre|bad) +[\d.]+ % +(-?[\d.]+) /gm)].map(
    ([, score]) => score,
  );
  assert.is(shown.length, 15);
  assert.equal(shown, scores);
  const [, ordered, pairs] = /put (\d+) of (\d+) pairs in the order/.exec(demo.stdout) ?? [];
  assert.is(pairs, '15');
  // By chance it would be half of them.
  assert.ok(Number(ordered) >= 12, demo.stdout);
});

test.run();
