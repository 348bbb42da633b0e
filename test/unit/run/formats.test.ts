import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { membersOf } from '#src/input/json-scan.js';
import { type InputRow, readRows } from '#src/input/rows.js';
import { rowDigest, type RowRecord } from '#src/run/journal/records.js';
import { writeOutputs } from '#src/run/journal/write-outputs.js';
import { formatOf, makePieces, type OutputFormat } from '#src/run/output/formats/make-pieces.js';
import { rejectLine } from '#src/run/output/rejects.js';
import { resultLine } from '#src/run/output/results.js';
import type { RowScores } from '#src/run/output/row-scores.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

const LINES = [
  '{"id": 12345678901234567890, "instruction": "a, \\"b\\"",  "output": "c\\nd", "n": 1.50, "tags": ["x", 1]}',
  '{"instruction": broken',
  '{}',
  '{"id":"x","instruction":" é\u2028","output":"","n":NaN,"ok":true,"big":9007199254740993}',
];
const SCORES: (RowScores | undefined)[] = [1.5, undefined, { chosen: 2, rejected: -0.25 }, -3e-7];

async function inputRows(): Promise<InputRow[]> {
  const rows: InputRow[] = [];
  for await (const row of readRows([fileIn(folder, 'in.jsonl', `${LINES.join('\n')}\n`)])) rows.push(row);
  return rows;
}

async function records(): Promise<RowRecord[]> {
  return (await inputRows()).map((row): RowRecord => {
    const scores = SCORES[row.row];
    const facts = { row: row.row, digest: rowDigest(row), tokens: 1, truncated: false, holdsSpecialText: false };
    if (scores !== undefined) {
      const id = row.id?.json ?? String(row.row);
      return { kind: 'score', ...facts, json: resultLine(id, scores).trimEnd() };
    }
    const error = new InformError('INFORM_INVALID_SAMPLE', 'a "bad" row');
    return { kind: 'reject', ...facts, json: rejectLine(row, error).trimEnd() };
  });
}

async function written(format: OutputFormat, join: boolean, results?: RowRecord[]): Promise<Buffer> {
  const found = results ?? (await records());
  const output = path.join(folder, `out-${String(join)}.${format}`);
  const again = (): AsyncGenerator<InputRow> => readRows([path.join(folder, 'in.jsonl')]);
  async function* all(): AsyncGenerator<RowRecord> {
    for (const record of found) yield await Promise.resolve(record);
  }
  const pieces = makePieces(format, join ? again : undefined, 'InfOrmScorer')(all);
  const paths = { output, rejects: `${output}.rejects` };
  await writeOutputs(paths, pieces, { hasRejects: true, beforeNames: () => Promise.resolve() });
  assert.match(readFileSync(paths.rejects, 'utf8'), /^\{"file": .*"reason": "a \\"bad\\" row".*\}\n$/);
  return readFileSync(output);
}

test('joined lines: each row as it is written, with its score or why it has none', async () => {
  const [first = '', broken = '', , last = ''] = LINES;
  assert.is(
    (await written('jsonl', true)).toString(),
    [
      `${first.slice(0, -1)}, "score": 1.5}`,
      `{"row": ${JSON.stringify(broken)}, "score": null, "reject_reason": "a \\"bad\\" row"}`,
      '{"scores": {"chosen": 2, "rejected": -0.25}, "margin": 2.25}',
      `${last.slice(0, -1)}, "score": -3e-7}`,
      '',
    ].join('\n'),
  );
});

// As Python's csv module writes and reads: RFC 4180.
test('CSV: a column for each field, texts as they are, other values as JSON with all their digits', async () => {
  assert.is(
    (await written('csv', true)).toString(),
    [
      'id,instruction,output,n,tags,score,row,reject_reason,scores,margin,ok,big',
      '12345678901234567890,"a, ""b""","c\nd",1.50,"[""x"", 1]",1.5,,,,,,',
      ',,,,,,"{""instruction"": broken","a ""bad"" row",,,,',
      ',,,,,,,,"{""chosen"": 2, ""rejected"": -0.25}",2.25,,',
      'x," é\u2028",,NaN,,-3e-7,,,,,true,9007199254740993',
      '',
    ].join('\r\n'),
  );
  assert.is((await written('csv', false)).toString().split('\r\n')[0], 'id,score,scores,margin');
});

test('Parquet: typed columns, read back by hyparquet', async () => {
  const { buffer, byteOffset, length } = await written('parquet', true);
  const file = buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
  const rows = await parquetReadObjects({ file });
  assert.is(rows.length, 4);
  const [first, broken, pair, last] = rows;
  assert.is(first?.['id'], '12345678901234567890');
  assert.is(first?.['instruction'], 'a, "b"');
  assert.is(first?.['n'], 1.5);
  assert.is(first?.['tags'], '["x", 1]');
  assert.is(first?.['score'], 1.5);
  assert.is(broken?.['score'], null);
  assert.is(broken?.['reject_reason'], 'a "bad" row');
  assert.is(pair?.['margin'], 2.25);
  assert.is(last?.['big'], 9007199254740993n);
  assert.is(last?.['ok'], true);
  assert.ok(Number.isNaN(last?.['n']));
  assert.is(last?.['id'], 'x');
});

test("lines as OpenDataArena's toolkit writes them", async () => {
  assert.is(
    (await written('oda', false)).toString(),
    [
      '{"id": 12345678901234567890, "scores": {"InfOrmScorer": {"score": 1.5}}}',
      '{"id": 2, "scores": {"InfOrmScorer": {"scores": {"chosen": 2, "rejected": -0.25}, "margin": 2.25}}}',
      '{"id": "x", "scores": {"InfOrmScorer": {"score": -3e-7}}}',
      '',
    ].join('\n'),
  );
});

test('a row that is not the one that was scored ends the writing', async () => {
  const results = await records();
  const [first] = results;
  if (first !== undefined) first.digest = '0'.repeat(16);
  await expectError('INFORM_INPUT_CHANGED', /^Row 0 of the input is not the one that was scored/, () =>
    written('jsonl', true, results),
  );
});

test('the format is that of the name, unless it is said', () => {
  assert.is(formatOf('a.CSV', undefined), 'csv');
  assert.is(formatOf('a.parquet', undefined), 'parquet');
  assert.is(formatOf('a.parquet', 'jsonl'), 'jsonl');
  assert.is(formatOf('scores', undefined), 'jsonl');
});

test('members of an object as they are written', () => {
  const text = ' { "a" : 1.50 , "b\\n":[1, {"c": "}"}],"a": "x\\"y" ,"d":null}';
  assert.equal(membersOf(text), [
    ['a', '"x\\"y"'],
    ['b\n', '[1, {"c": "}"}]'],
    ['d', 'null'],
  ]);
  assert.equal(membersOf('{}'), []);
});

test.run();
