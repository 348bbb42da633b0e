import { spawn } from 'node:child_process';
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { rejectLine } from '#src/run/output/rejects.js';
import { openResults, parseResultLine, resultLine, type ResultSink } from '#src/run/output/results.js';
import type { InputRow } from '#src/input/rows.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';
import { testIf } from '../../support/test-if.js';

const folder = tempFolder();

test('the line of a result is exactly as promised', async () => {
  assert.is(resultLine('1', 4.96875), '{"id": 1, "score": 4.96875}\n');
  assert.is(resultLine('12345678901234567890', -0.5), '{"id": 12345678901234567890, "score": -0.5}\n');
  assert.is(resultLine('"a\\"b"', 1e-7), '{"id": "a\\"b", "score": 1e-7}\n');
  for (const score of [NaN, Infinity, -Infinity]) {
    await expectError('INFORM_NON_FINITE_SCORE', /sample 7 is/, () => resultLine('7', score));
  }
});

test('the parts of a line are found again, whatever its id holds', () => {
  for (const [idJson, score] of [
    ['1', 4.96875],
    ['12345678901234567890', -1e-7],
    ['"a, \\"score\\": 5}"', 0],
    [JSON.stringify(', "score": 7}'), 0.5],
  ] as const) {
    assert.equal(parseResultLine(resultLine(idJson, score)), { idJson, score });
  }
});

test('a regular file, there or not, is no stream; a folder is no output', async () => {
  assert.is(await openResults(fileIn(folder, 'there', 'x')), undefined);
  assert.is(await openResults(join(folder, 'absent')), undefined);
  await expectError('INFORM_OUTPUT_UNWRITABLE', /is a directory\. Name a file\.$/, () => openResults(folder));
});

async function openStream(output: string, stdout?: Writable): Promise<ResultSink> {
  const sink = await openResults(output, undefined, stdout);
  if (sink === undefined) throw new Error(`${output} is no stream`);
  return sink;
}

const onDevices = testIf(existsSync('/dev/null'));
onDevices('a device is written to, never replaced', async () => {
  const sink = await openStream('/dev/null');
  await sink.write('1', 1);
  await sink.finish();
  assert.ok(lstatSync('/dev/null').isCharacterDevice());
  assert.not.ok(existsSync('/dev/null.journal'));
});

const onFullDevice = testIf(existsSync('/dev/full'));
onFullDevice('a full disk is told as such', async () => {
  const sink = await openStream('/dev/full');
  await expectError('INFORM_OUTPUT_UNWRITABLE', /the disk is full/, () => sink.write('1', 1));
  await sink.abandon();
});

test('a stream: each write waits until the stream has taken it', async () => {
  const taken: string[] = [];
  let release: () => void = () => undefined;
  const slow = new Writable({
    write(chunk: Buffer, _encoding, done) {
      release = () => {
        taken.push(chunk.toString());
        done();
      };
    },
  });
  const sink = await openStream('-', slow);
  let finished = false;
  const writing = sink.write('1', 0.5).then(() => (finished = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.not.ok(finished);
  release();
  await writing;
  assert.equal(taken, ['{"id": 1, "score": 0.5}\n']);
  await sink.abandon();
});

function failing(code: string): Writable {
  const error = Object.assign(new Error(code), { code });
  return new Writable({
    write(_chunk, _encoding, done) {
      done(error);
    },
  });
}

test('a reader that has left is no error, and nothing more is written', async () => {
  const sink = await openStream('-', failing('EPIPE'));
  assert.not.ok(sink.readerGone.aborted);
  await sink.write('1', 0.5);
  assert.ok(sink.readerGone.aborted);
  await sink.write('2', 0.5);
  await sink.finish();
});

test('any other failure of a stream is an error', async () => {
  const sink = await openStream('-', failing('ENOSPC'));
  await expectError('INFORM_OUTPUT_UNWRITABLE', /^Standard output .*the disk is full/, () => sink.write('1', 0.5));
  await expectError('INFORM_OUTPUT_UNWRITABLE', /^Standard output /, () => sink.write('2', 0.5));
  assert.not.ok(sink.readerGone.aborted);
});

test('a real pipe whose reader leaves ends quietly', async () => {
  const script = `
    import { openResults } from ${JSON.stringify(import.meta.resolve('#src/run/output/results.js'))};
    const sink = await openResults('-');
    let written = 0;
    for (; !sink.readerGone.aborted && written < 1e6; written++) await sink.write(String(written), 0.5);
    await sink.finish();
    console.error(written < 1e6 ? 'left' : 'never');
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { timeout: 30_000 });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.is(errors, 'left\n');
  assert.is(code, 0);
});

function row(members: Partial<InputRow>): InputRow {
  const error = new InformError('INFORM_INVALID_SAMPLE', 'the row is not valid UTF-8');
  return {
    ok: false,
    file: 'in.jsonl',
    line: 3,
    row: 2,
    bytes: 9,
    id: undefined,
    error,
    text: undefined,
    ...members,
  } as InputRow;
}

test('a rejected row: where it stands, why, and itself', () => {
  const why = new InformError('INFORM_INVALID_SAMPLE', '"output" is missing');
  const text = '{"id": 1.0, "instruction": "é\\""}';
  assert.is(
    rejectLine(row({ id: { value: 1, json: '1.0' }, text }), why),
    '{"file": "in.jsonl", "line": 3, "row": 2, "id": 1.0, "code": "INFORM_INVALID_SAMPLE", ' +
      `"reason": "\\"output\\" is missing", "sample": ${JSON.stringify(text)}}\n`,
  );
  assert.equal(JSON.parse(rejectLine(row({ file: '<stdin>' }), why)), {
    file: '<stdin>',
    line: 3,
    row: 2,
    code: 'INFORM_INVALID_SAMPLE',
    reason: '"output" is missing',
  });
});

test('a rejected row of more than a megabyte is named but not repeated', () => {
  const why = new InformError('INFORM_INVALID_SAMPLE', 'no');
  const samples = ['x'.repeat(1e6), 'x'.repeat(1e6 + 1), 'é'.repeat(5e5 + 1)].map(
    (text) => (JSON.parse(rejectLine(row({ text }), why)) as { sample?: string }).sample?.length,
  );
  assert.equal(samples, [1e6, undefined, undefined]);
});

test.run();
