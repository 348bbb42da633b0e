import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SampleReader } from '#src/input/sample-reader.js';
import { planShards, ShardPlan } from '#src/run/shards/plan.js';
import { rangesText } from '#src/run/shards/run-status.js';
import type { RowRange } from '#src/run/shards/shard.js';
import { formatShard, placeIn, readShard, rowsOf } from '#src/run/shards/shard.js';
import { Random } from '../../../support/random.js';
import { fileIn, tempFolder } from '../../../support/temp-folder.js';

const FOLDER = tempFolder();
const READER = new SampleReader();

/** Prompts with their answers, one after the other; each row says which prompt it is of. */
function bestOf(answers: number, prompts: number, random: Random): { of: number; line: string; bytes: number }[] {
  return Array.from({ length: prompts }, (_, prompt) => {
    const instruction = `${prompt}: ${'x'.repeat(random.below(3000))}`;
    return Array.from({ length: answers }, (_, answer) => {
      const output = 'y'.repeat(random.below(500));
      const line = JSON.stringify({ instruction, output });
      return { of: prompt, line, bytes: output.length + (answer === 0 ? instruction.length : 0) };
    });
  }).flat();
}

function plan(name: string, lines: readonly string[], count: number): Promise<RowRange[]> {
  return planShards([fileIn(FOLDER, name, `${lines.join('\n')}\n`)], count, READER, {});
}

test('ranges follow each other, cut where the prompt changes, and cost about the same', async () => {
  const rows = bestOf(8, 400, new Random(5));
  for (const count of [1, 4, 16]) {
    const ranges = await plan(
      'best-of-8.jsonl',
      rows.map(({ line }) => line),
      count,
    );
    assert.is(ranges.length, count);
    assert.is(ranges[0]?.from, 0);
    assert.is(ranges.at(-1)?.to, rows.length);
    const costs: number[] = [];
    for (const [i, { from, to, total }] of ranges.entries()) {
      assert.is(total, rows.length);
      assert.is(from, i === 0 ? 0 : ranges[i - 1]?.to);
      if (i > 0) assert.is.not(rows[from]?.of, rows[from - 1]?.of, 'no prompt is cut in two');
      costs.push(rows.slice(from, to).reduce((sum, { bytes }) => sum + bytes, 0));
    }
    const mean = costs.reduce((sum, cost) => sum + cost) / count;
    // A prompt with its eight answers is a fourth of a hundredth of it all.
    for (const cost of costs) assert.ok(Math.abs(cost - mean) < (rows.length / 400) * 6000, `${cost} of ${mean}`);
  }
});

test('one prompt that is most of the input, more shards than prompts, and bad rows: every row is in one range', async () => {
  const long = JSON.stringify({ instruction: 'z'.repeat(50_000), output: 'a' });
  const short = JSON.stringify({ instruction: 'q', output: 'a' });
  for (const lines of [[long, short, short], [short, long], ['{', long, 'x', short], ['{'], []]) {
    const ranges = await plan(`odd-${lines.length}.jsonl`, lines, 5);
    const rows = ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
    assert.equal(rows, [...lines.keys()]);
  }
});

test('more places than are kept are thinned out, and the ranges are still even', () => {
  const plan = new ShardPlan(7, READER, 1000);
  const rows = 20_000;
  for (let row = 0; row < rows; row++) {
    const value = { instruction: String(row), output: 'a' };
    plan.add({ ok: true, file: 'in.jsonl', line: row + 1, row, bytes: 0, value, id: undefined, text: '' });
  }
  for (const { from, to } of plan.ranges()) assert.ok(Math.abs(to - from - rows / 7) < 100, `${from} to ${to}`);
});

test('the same rows in two files and in one are cut alike', async () => {
  const lines = bestOf(4, 50, new Random(6)).map(({ line }) => line);
  const one = await plan('one.jsonl', lines, 3);
  fileIn(FOLDER, 'first.jsonl', `${lines.slice(0, 70).join('\n')}\n`);
  fileIn(FOLDER, 'second.jsonl', `${lines.slice(70).join('\n')}\n`);
  const inputs = ['first.jsonl', 'second.jsonl'].map((name) => path.join(FOLDER, name));
  assert.equal(await planShards(inputs, 3, READER, {}), one);
});

test('shards are told as schedulers write them', () => {
  assert.is(rangesText([1, 2, 3, 7, 9, 10], 0), '0-2,6,8-9');
  assert.is(rangesText([1, 3], 1), '1,3');
  assert.is(rangesText([], 0), '');
});

test('a shard is in a journal what it was, with rows and as version 0.1 wrote it', () => {
  const shard = { index: 2, count: 4, range: { from: 10, to: 30, total: 99 } };
  assert.equal(readShard(formatShard(shard)), shard);
  assert.equal(
    [rowsOf(shard, 99), placeIn(shard, 9), placeIn(shard, 10), placeIn(shard, 30)],
    [20, undefined, 0, undefined],
  );
  const old = readShard('2/4');
  assert.equal(old, { index: 2, count: 4 });
  assert.equal(
    [rowsOf(old, 9), placeIn({ index: 2, count: 4 }, 5), placeIn({ index: 2, count: 4 }, 6)],
    [2, 1, undefined],
  );
  for (const text of ['0/2', '3/2', '2/4 rows 30..10 of 99', '2/4 rows 0..100 of 99', 'x', 7, undefined]) {
    assert.is(readShard(text), undefined, String(text));
  }
});

test.run();
