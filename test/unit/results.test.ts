import { spawn } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '../../src/errors.js';
import { RejectSink } from '../../src/io/rejects.js';
import { type OutputOptions, openResults, resultLine } from '../../src/io/results.js';
import type { InputRow } from '../../src/io/rows.js';
import { expectError } from '../support/expect-error.js';
import { fileIn, tempFolder } from '../support/temp-folder.js';
import { testIf } from '../support/test-if.js';

const folder = tempFolder();
let made = 0;

/** A path where nothing is yet. */
function newPath(): string {
  return join(folder, `out-${made++}.jsonl`);
}

test('the line of a result is exactly as promised', async () => {
  assert.is(resultLine('1', 4.96875), '{"id": 1, "score": 4.96875}\n');
  assert.is(resultLine('12345678901234567890', -0.5), '{"id": 12345678901234567890, "score": -0.5}\n');
  assert.is(resultLine('"a\\"b"', 1e-7), '{"id": "a\\"b", "score": 1e-7}\n');
  for (const score of [NaN, Infinity, -Infinity]) {
    await expectError('INFORM_NON_FINITE_SCORE', /sample 7 is/, () => resultLine('7', score));
  }
});

test('a file appears under its name only when it is whole', async () => {
  const path = newPath();
  const sink = await openResults(path);
  await sink.write('1', 0.5);
  await sink.write('"b"', -2);
  assert.not.ok(existsSync(path));
  assert.is(readFileSync(`${path}.partial`, 'utf8'), '{"id": 1, "score": 0.5}\n{"id": "b", "score": -2}\n');
  await sink.finish();
  assert.is(readFileSync(path, 'utf8'), '{"id": 1, "score": 0.5}\n{"id": "b", "score": -2}\n');
  assert.not.ok(existsSync(`${path}.partial`));
  assert.is(sink.rejectsPath, `${path}.rejects.jsonl`);
});

test('a run without scores ends in an empty file', async () => {
  const path = newPath();
  await (await openResults(path)).finish();
  assert.is(readFileSync(path, 'utf8'), '');
});

test('an abandoned run keeps what was scored, and leaves nothing where nothing was', async () => {
  const path = newPath();
  const sink = await openResults(path);
  await sink.write('1', 0.5);
  assert.is(await sink.abandon(), `${path}.partial`);
  assert.is(readFileSync(`${path}.partial`, 'utf8'), '{"id": 1, "score": 0.5}\n');
  assert.not.ok(existsSync(path));

  const other = newPath();
  assert.is(await (await openResults(other)).abandon(), undefined);
  assert.not.ok(existsSync(other) || existsSync(`${other}.partial`));
});

test('a score that is no number is refused and not written', async () => {
  const path = newPath();
  const sink = await openResults(path);
  await sink.write('1', 0.5);
  await expectError('INFORM_NON_FINITE_SCORE', /sample 2/, () => sink.write('2', NaN));
  await sink.finish();
  assert.is(readFileSync(path, 'utf8'), '{"id": 1, "score": 0.5}\n');
});

test('an existing output is replaced only when asked, and only at the end', async () => {
  const path = fileIn(folder, 'old.jsonl', 'old');
  const message = `${path} exists already. Pass --overwrite to replace it.`;
  await expectError('INFORM_OUTPUT_UNWRITABLE', message, () => openResults(path));
  await expectError('INFORM_OUTPUT_UNWRITABLE', message, () => openResults(path, { overwrite: false }));
  assert.not.ok(existsSync(`${path}.partial`));
  const sink = await openResults(path, { overwrite: true });
  await sink.write('1', 1);
  assert.is(readFileSync(path, 'utf8'), 'old');
  await sink.finish();
  assert.is(readFileSync(path, 'utf8'), '{"id": 1, "score": 1}\n');
});

test('two runs with one output: the second is refused, or takes over and the first says so', async () => {
  const path = newPath();
  const first = await openResults(path);
  await expectError('INFORM_OUTPUT_UNWRITABLE', /one is still going on/, () => openResults(path));
  const second = await openResults(path, { overwrite: true });
  await first.write('"first"', 1);
  await second.write('"second"', 2);
  await expectError('INFORM_OUTPUT_UNWRITABLE', /taken over by another run/, () => first.finish());
  assert.is(await first.abandon(), undefined);
  await second.finish();
  assert.is(readFileSync(path, 'utf8'), '{"id": "second", "score": 2}\n');
});

test('the scores of an unfinished run are not thrown away unasked', async () => {
  const path = newPath();
  writeFileSync(`${path}.partial`, '{"id": 1, "score": 0.5}\n');
  await expectError('INFORM_OUTPUT_UNWRITABLE', /\.partial is there already: a run that did not finish left it/, () =>
    openResults(path),
  );
  assert.is(readFileSync(`${path}.partial`, 'utf8'), '{"id": 1, "score": 0.5}\n');
  const sink = await openResults(path, { overwrite: true });
  await sink.finish();
  assert.is(readFileSync(path, 'utf8'), '');
});

test('a file that someone else makes during the run is not replaced', async () => {
  const path = newPath();
  const sink = await openResults(path);
  await sink.write('1', 0.5);
  writeFileSync(path, 'theirs');
  await expectError('INFORM_OUTPUT_UNWRITABLE', /during the run\. The scores are in .*\.partial\.$/, () =>
    sink.finish(),
  );
  assert.is(readFileSync(path, 'utf8'), 'theirs');
  assert.is(await sink.abandon(), `${path}.partial`);
  assert.is(readFileSync(`${path}.partial`, 'utf8'), '{"id": 1, "score": 0.5}\n');
});

test('an output that cannot be written is found before any scoring', async () => {
  mkdirSync(join(folder, 'directory'));
  const cases: [string, RegExp][] = [
    [join(folder, 'nowhere', 'out.jsonl'), /nowhere.* cannot be created: its folder does not exist\./],
    [join(fileIn(folder, 'file', ''), 'out.jsonl'), /its folder does not exist\./],
    [join(folder, 'directory'), /directory is a directory\. Name a file\.$/],
  ];
  for (const [path, message] of cases) {
    for (const overwrite of [false, true]) {
      await expectError('INFORM_OUTPUT_UNWRITABLE', message, () => openResults(path, { overwrite }));
    }
  }
});

test('no input is written over, under whatever name', async () => {
  const data = fileIn(folder, 'data.jsonl', 'data');
  linkSync(data, join(folder, 'hard.jsonl'));
  symlinkSync(data, join(folder, 'soft.jsonl'));
  const partial = fileIn(folder, 'in.jsonl.partial', 'data');
  const rejects = fileIn(folder, 'in.jsonl.rejects.jsonl', 'data');
  const cases: [output: string, input: string][] = [
    [data, data],
    [data, join(folder, '.', 'directory', '..', 'data.jsonl')],
    [join(folder, 'hard.jsonl'), data],
    [data, join(folder, 'soft.jsonl')],
    [join(folder, 'soft.jsonl'), data],
    [join(folder, 'in.jsonl'), partial],
    [join(folder, 'in.jsonl'), rejects],
  ];
  for (const [output, input] of cases) {
    await expectError(
      'INFORM_OUTPUT_UNWRITABLE',
      new RegExp(`would be written over, but is the input ${input}\\.`),
      () => openResults(output, { overwrite: true, inputs: ['-', join(folder, 'other.jsonl'), input] }),
    );
    for (const path of [data, partial, rejects]) assert.is(readFileSync(path, 'utf8'), 'data');
  }
});

test('a link is written through', async () => {
  const target = fileIn(folder, 'target.jsonl', 'old');
  const link = join(folder, 'link.jsonl');
  symlinkSync(target, link);
  const sink = await openResults(link, { overwrite: true });
  await sink.write('1', 1);
  await sink.finish();
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.is(readFileSync(target, 'utf8'), '{"id": 1, "score": 1}\n');
});

const onDevices = testIf(existsSync('/dev/null'));
onDevices('a device is written to, never replaced', async () => {
  const sink = await openResults('/dev/null');
  await sink.write('1', 1);
  await sink.finish();
  assert.ok(lstatSync('/dev/null').isCharacterDevice());
  assert.not.ok(existsSync('/dev/null.partial'));
  assert.is(sink.rejectsPath, undefined);
});

const onFullDevice = testIf(existsSync('/dev/full'));
onFullDevice('a full disk is told as such', async () => {
  const sink = await openResults('/dev/full');
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
  const sink = await openResults('-', { stdout: slow });
  let finished = false;
  const writing = sink.write('1', 0.5).then(() => (finished = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.not.ok(finished);
  release();
  await writing;
  assert.equal(taken, ['{"id": 1, "score": 0.5}\n']);
  assert.is(sink.rejectsPath, undefined);
  assert.is(await sink.abandon(), undefined);
});

function failing(code: string): OutputOptions {
  const error = Object.assign(new Error(code), { code });
  return {
    stdout: new Writable({
      write(_chunk, _encoding, done) {
        done(error);
      },
    }),
  };
}

test('a reader that has left is no error, and nothing more is written', async () => {
  const sink = await openResults('-', failing('EPIPE'));
  assert.not.ok(sink.readerGone.aborted);
  await sink.write('1', 0.5);
  assert.ok(sink.readerGone.aborted);
  await sink.write('2', 0.5);
  await sink.finish();
});

test('any other failure of a stream is an error', async () => {
  const sink = await openResults('-', failing('ENOSPC'));
  await expectError('INFORM_OUTPUT_UNWRITABLE', /^Standard output .*the disk is full/, () => sink.write('1', 0.5));
  await expectError('INFORM_OUTPUT_UNWRITABLE', /^Standard output /, () => sink.write('2', 0.5));
  assert.not.ok(sink.readerGone.aborted);
});

test('a real pipe whose reader leaves ends quietly', async () => {
  const script = `
    import { openResults } from ${JSON.stringify(new URL('../../src/io/results.js', import.meta.url).href)};
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

test('rejected rows: a file with the first of them, and one object a line', async () => {
  const path = newPath();
  const sink = await RejectSink.open(path, false);
  assert.not.ok(existsSync(path));
  const why = new InformError('INFORM_INVALID_SAMPLE', '"output" is missing');
  const text = '{"id": 1.0, "instruction": "é\\""}';
  await sink.write(row({ id: { value: 1, json: '1.0' }, text }), why);
  await sink.write(row({ file: '<stdin>' }), why);
  await sink.close();
  const [first, second, end] = readFileSync(path, 'utf8').split('\n');
  assert.is(
    first,
    '{"file": "in.jsonl", "line": 3, "row": 2, "id": 1.0, "code": "INFORM_INVALID_SAMPLE", ' +
      `"reason": "\\"output\\" is missing", "sample": ${JSON.stringify(text)}}`,
  );
  assert.equal(JSON.parse(second ?? ''), {
    file: '<stdin>',
    line: 3,
    row: 2,
    code: 'INFORM_INVALID_SAMPLE',
    reason: '"output" is missing',
  });
  assert.is(end, '');
});

test('a rejected row of more than a megabyte is named but not repeated', async () => {
  const path = newPath();
  const sink = await RejectSink.open(path, false);
  const why = new InformError('INFORM_INVALID_SAMPLE', 'no');
  await sink.write(row({ text: 'x'.repeat(1e6) }), why);
  await sink.write(row({ text: 'x'.repeat(1e6 + 1) }), why);
  await sink.write(row({ text: 'é'.repeat(5e5 + 1) }), why);
  await sink.close();
  const samples = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { sample?: string }).sample?.length);
  assert.equal(samples, [1e6, undefined, undefined]);
});

test('rejects of an earlier run go only when asked, and then also when this run has none', async () => {
  const path = fileIn(folder, 'stale.rejects.jsonl', 'stale');
  await expectError('INFORM_OUTPUT_UNWRITABLE', /^.*stale\.rejects\.jsonl exists already\./, () =>
    RejectSink.open(path, false),
  );
  assert.is(readFileSync(path, 'utf8'), 'stale');
  await (await RejectSink.open(path, true)).close();
  assert.not.ok(existsSync(path));
});

test.run();
