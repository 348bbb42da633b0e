import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { mergeShards } from '#src/run/merge.js';
import { addRows, fingerprint, finishedRows, inputRow, openJournaled } from '../../support/journal.js';
import { expectError } from '../../support/assert/expect-error.js';
import { tempFolder } from '../../support/temp-folder.js';

// Journals whose checksums are right and whose fields are not: edited by hand, or by another version.

const folder = tempFolder();
const RUN = fingerprint({ shard: '1/1', head: { file: 'h.gguf', digest: 'dd' } });
const GOOD = await finishedShard();

async function finishedShard(): Promise<string> {
  const path = join(folder, 'good.jsonl');
  const output = await openJournaled(path, { keepJournal: true });
  await output.start(RUN, RUN.inputs);
  await addRows(output, 0, 6);
  await output.finish(6);
  return readFileSync(`${path}.journal`, 'utf8');
}

/** The journal with one text replaced in the first line that has it, whose checksum is made to fit. */
function edited(text: string, by: string): string {
  let done = false;
  const lines = GOOD.trimEnd().split('\n');
  const result = lines.map((line) => {
    if (done || !line.includes(text)) return `${line}\n`;
    done = true;
    return sealed(line.replace(/, "crc": "[0-9a-f]{8}"\}$/, '').replace(text, () => by));
  });
  assert.ok(done, text);
  return result.join('');
}

function sealed(body: string): string {
  return `${body}, "crc": "${crc32(body).toString(16).padStart(8, '0')}"}\n`;
}

const HEADER: [text: string, by: string][] = [
  ['"format": 1', '"format": 2'],
  ['"format": 1', '"format": "1"'],
  ['"format": 1, ', ''],
  ['"began": "', '"began": 5, "x": "'],
  ['"version": "1.2.3"', '"version": null'],
  ['"version": "1.2.3", ', ''],
  ['"model": {', '"model": null, "x": {'],
  ['"model": {', '"model": [], "x": {'],
  ['"bytes":1000', '"bytes":"many"'],
  ['"bytes":1000', '"bytes":-1'],
  ['"digest":"aa"', '"digest":5'],
  ['"modified":"', '"modified":7,"x":"'],
  ['"head": {', '"head": 5, "x": {'],
  ['"digest":"dd"', '"digest":null'],
  ['"options": {', '"options": null, "x": {'],
  ['"max_length":4096', '"max_length":null'],
  ['"max_length":4096', '"max_length":[4096]'],
  ['"shard": "1/1"', '"shard": "0/1"'],
  ['"shard": "1/1"', '"shard": 11'],
  ['"shard": "1/1"', '"shard": "2/2"'],
  ['"inputs": [', '"inputs": null, "x": ['],
  ['"inputs": [', '"inputs": {}, "x": ['],
  ['"inputs": [', '"inputs": [null], "x": ['],
  ['"bytes":99', '"bytes":1.5'],
  ['"sha256":"bb"', '"sha256":9'],
];

const ROWS: [text: string, by: string][] = [
  ['{"row": 0', '{"row": -1'],
  ['{"row": 0', '{"row": "0"'],
  ['{"row": 0', '{"row": 0.5'],
  ['{"row": 0', '{"row": null'],
  ['{"row": 0, ', '{"row": 1e300, '],
  ['"digest": "', '"digest": 5, "x": "'],
  ['"tokens": 10', '"tokens": -1'],
  ['"tokens": 10', '"tokens": "10"'],
  ['"tokens": 10', '"tokens": 1.5'],
  ['"truncated": true', '"truncated": 1'],
  ['"special": true', '"special": "yes"'],
  ['"result": {"id": 0, "score": 0}', '"result": {}'],
  ['"result": {"id": 0, "score": 0}', '"result": {"id": 0}'],
  ['"result": {"id": 0, "score": 0}', '"result": {"score": 0}'],
  ['"result": {"id": 0, "score": 0}', '"result": null'],
  ['"result": {"id": 0, "score": 0}', '"result": {"id": 0, "score": 0, "more": 1}'],
  ['"result": {"id": 0, "score": 0}', '"outcome": {"id": 0, "score": 0}'],
  ['"score": 0}', '"score": NaN}'],
  ['"score": 0}', '"score": 1e999}'],
  ['"score": 0}', '"score": -Infinity}'],
  ['"score": 0}', '"score": null}'],
  ['"score": 0}', '"score": "0"}'],
  ['"id": 0, "score"', '"id": , "score"'],
  ['"id": 0, "score"', '"id": zero, "score"'],
  ['"reject": {', '"reject": null, "x": {'],
  ['"row": 3, "code"', '"row": 4, "code"'],
  ['"code": "INFORM_INVALID_SAMPLE"', '"code": 5'],
  ['"reason": "no"', '"reason": {}'],
  ['"end": {', '"end": null, "x": {'],
  ['"end": {"rows":6', '"end": {"rows":-6'],
  ['"end": {"rows":6', '"end": {"rows":"6"'],
  ['"output":"', '"output":5,"x":"'],
  ['"rejects":"', '"rejects":5,"x":"'],
  ['"end": {', '"konec": {'],
];

let made = 0;

for (const [text, by] of [...HEADER, ...ROWS]) {
  test(`a right checksum and wrong fields get a sentence: ${text} as ${by}`, async () => {
    const path = join(folder, `${made++}.jsonl`);
    const journal = edited(text, by);
    writeFileSync(`${path}.journal`, journal);
    const output = await openJournaled(path);
    const sentence = /was edited, or written by another version: the checksum of line \d is right, but .*--restart/;
    await expectError('INFORM_CANNOT_RESUME', sentence, () => output.start(RUN, RUN.inputs));
    await output.abandon();
    assert.is(readFileSync(`${path}.journal`, 'utf8'), journal, 'it is left alone');
    const paths = { output: join(folder, 'merged.jsonl'), rejects: join(folder, 'merged.jsonl.rejects.jsonl') };
    await expectError('INFORM_INVALID_SHARDS', /the checksum of line \d is right, but/, () =>
      mergeShards([path], paths),
    );
  });
}

test('members that this version does not know change nothing', async () => {
  const path = join(folder, 'more.jsonl');
  writeFileSync(`${path}.journal`, edited('"tokens": 10', '"seconds": 1, "tokens": 10'));
  const output = await openJournaled(path);
  assert.is((await output.start(RUN, RUN.inputs)).rows, 6);
  await output.abandon();
});

test("an id that is not the row's is refused, of a result and of a reject", async () => {
  for (const [text, by, row] of [
    ['"id": 0, "score"', '"id": 7, "score"', 0],
    ['"id": 0, "score"', '"id": "0", "score"', 0],
    ['"row": 3, "code"', '"row": 3, "id": 4, "code"', 3],
  ] as const) {
    const path = join(folder, `id-${made++}.jsonl`);
    writeFileSync(`${path}.journal`, edited(text, by));
    const output = await openJournaled(path);
    await output.start(RUN, RUN.inputs);
    const records = await finishedRows(output);
    for (const record of records.filter((other) => other.row !== row)) output.checkRow(record, inputRow(record.row));
    const wrong = records.find((record) => record.row === row);
    assert.throws(
      () => {
        if (wrong) output.checkRow(wrong, inputRow(row));
      },
      (error: unknown) =>
        error instanceof InformError &&
        /has another id for the row in in\.jsonl, line \d: it was edited/.test(error.message),
    );
    await output.abandon();
  }
});

test.run();
