import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type InputRow, readRows } from '#src/input/rows.js';
import type { InputFormat } from '#src/input/containers/raw-rows.js';
import { linesOf, lookAtInputs, refuseToFollow } from '#src/input/look-at-inputs.js';
import { SampleReader } from '#src/input/sample-reader.js';
import { packageRoot } from '#src/util/package-root.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

interface TableFile {
  name: string;
  bytes: string;
  rows: unknown[];
}

// What pyarrow and Python's csv, gzip, lzma and zstandard read of the same bytes: test/reference/make_table_files.py.
const { files } = JSON.parse(
  gunzipSync(readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'table-files.json.gz'))).toString(),
) as { files: TableFile[] };

const PAIR = { instruction: 'x', output: 'y' };

async function read(
  bytes: Buffer | string,
  name = 'rows',
): Promise<{ rows: InputRow[]; format: InputFormat | undefined }> {
  const rows: InputRow[] = [];
  let format: InputFormat | undefined;
  const onFormat = (found: InputFormat): void => {
    format = found;
  };
  for await (const row of readRows([fileIn(folder, name, bytes)], { onFormat })) rows.push(row);
  return { rows, format };
}

function fileNamed(name: string): Buffer {
  return Buffer.from(files.find((file) => file.name === name)?.bytes ?? '', 'base64');
}

/** As the fixture writes rows: of integers beyond 2^53 the digits. */
function plain(text: string | undefined): unknown {
  return JSON.parse((text ?? '').replace(/(?<=[:[,])\d{16,}/g, '"$&"'));
}

for (const { name, bytes, rows: expected } of files) {
  test(`as Python reads it: ${name}`, async () => {
    const { rows, format } = await read(Buffer.from(bytes, 'base64'), 'any-name');
    assert.equal(rows.map(({ text }) => plain(text)), expected); // prettier-ignore
    assert.ok(rows.every(({ ok }) => ok));
    assert.match(format?.name ?? '', { '.parquet': /^Parquet$/, csv: /CSV/, tsv: /TSV/ }[path.extname(name)] ?? /./);
    const ends = rows.map(({ bytes: end }) => end);
    assert.ok(ends.every((end, at) => end >= (ends[at - 1] ?? 0) && end <= Buffer.from(bytes, 'base64').length));
    assert.equal(rows.map(({ row }) => row), [...rows.keys()]); // prettier-ignore
  });
}

test('64-bit ids keep their digits', async () => {
  const { rows } = await read(fileNamed('snappy.parquet'));
  assert.match(rows[0]?.text ?? '', /"big":9007199254740993,/);
});

test('lines of a table are those of the file', async () => {
  const { rows } = await read('instruction,output\r\n"a\r\nb",c\r\n\r\nd,e\r\n"f",g');
  assert.equal(rows.map(({ line }) => line), [2, 5, 6]); // prettier-ignore
});

test('a row of a table with other fields, or without UTF-8, is rejected and no other', async () => {
  const bad = Buffer.from('instruction,output\na,b,c\nd\n');
  const { rows } = await read(Buffer.concat([bad, Buffer.from([0x65, 0xff, 0x2c, 0x66, 0x0a]), Buffer.from('g,h\n')]));
  const reasons = rows.map((row) => (row.ok ? row.value : row.error.message));
  assert.equal(reasons, [
    'the row has 3 fields and the header 2',
    'the row has 1 fields and the header 2',
    'the field "instruction" is not valid UTF-8',
    { instruction: 'g', output: 'h' },
  ]);
});

test('a quote out of place ends a table by its line, before a model is looked for', async () => {
  const rows = Array.from({ length: 500 }, (_, index) => `q${index},a\n`).join('');
  const input = fileIn(folder, 'quotes.csv', `instruction,output\n${rows}"x" y,z\n${rows}`);
  const message = /quotes\.csv cannot be read as CSV: Invalid Closing Quote \(line 502\)\. A field with a quote/;
  await expectError('INFORM_INPUT_UNREADABLE', message, () => lookAtInputs([input], new SampleReader(), {}));
});

test('lists in the cells of a table are read as JSON', () => {
  const messages = JSON.stringify([{ role: 'user', content: 'Q' }, { role: 'assistant', content: 'A' }]); // prettier-ignore
  const [turns = []] = new SampleReader().read({ messages, id: '1' }).conversations;
  assert.is(turns.length, 2);
});

const WRAPPED: [text: string, name: string, rows: number][] = [
  [JSON.stringify({ data: [PAIR, PAIR] }), 'data', 2],
  [JSON.stringify({ version: '1', n: [1, [2]], o: { a: '}' }, rows: [PAIR], more: 'x [' }), 'rows', 1],
  [JSON.stringify({ info: { a: 1 }, train: [PAIR, PAIR, PAIR] }, undefined, 2), 'train', 3],
];

for (const [text, name, count] of WRAPPED) {
  test(`the list in one object: ${text.slice(0, 60)}`, async () => {
    const { rows, format } = await read(text);
    assert.is(format?.name, `JSON, rows in "${name}"`);
    assert.equal(rows.map((row) => row.ok && row.value), Array.from({ length: count }, () => PAIR)); // prettier-ignore
  });
}

test('lists that are no wrapper stay what they are, and a second list is said', async () => {
  const lines = `${JSON.stringify({ data: [PAIR] })}\n${JSON.stringify({ data: [PAIR] })}\n`;
  assert.is((await read(lines)).format?.name, 'JSON Lines');
  const talk = JSON.stringify({ data: [{ role: 'user', content: 'x' }] });
  assert.is((await read(talk)).format?.name, 'JSON Lines');
  const two = await read(JSON.stringify({ train: [PAIR], test: [PAIR] }));
  const [, second] = two.rows;
  assert.match(
    second?.ok === false ? second.error.message : '',
    /another list follows "train"; only the first one is read/,
  );
});

test('bombs, damage and what cannot be read from its end are refused by name', async () => {
  const bomb = gzipSync(Buffer.alloc(70 * 2 ** 20, 0x20));
  await expectError('INFORM_INPUT_UNREADABLE', /gzip-compressed and unpacks to more than 500 times its size/, () =>
    read(bomb),
  );
  for (const ending of ['gz', 'xz', 'zst']) {
    const packed = fileNamed(`lines.jsonl.${ending}`);
    await expectError(
      'INFORM_INPUT_UNREADABLE',
      /-compressed and cannot be unpacked: .*Is it damaged or cut off\?$/,
      () => read(packed.subarray(0, packed.length - 20)),
    );
  }
  const parquet = fileNamed('snappy.parquet');
  await expectError('INFORM_INPUT_UNREADABLE', /is a Parquet file and is gzip-compressed, .* Unpack it first/, () =>
    read(gzipSync(parquet)),
  );
  await expectError('INFORM_INPUT_UNREADABLE', /Is it cut off\?$/, () => read(parquet.subarray(0, parquet.length - 9)));
  await expectError('INFORM_INPUT_UNREADABLE', /bzip2-compressed/, () => read('BZh91AY'));
});

test('how a table is read is said with its rows and columns', async () => {
  const input = fileIn(folder, 'rows.parquet', fileNamed('snappy.parquet'));
  const looks = await lookAtInputs([input], new SampleReader(), {});
  assert.equal(linesOf(looks), [
    `${input}: Parquet, 20 rows, columns conversations, source, weight, big, tags, meta: read as ShareGPT`,
  ]);
  await expectError('INFORM_INVALID_CONFIG', /rows\.parquet is Parquet\. Leave it out/, () => {
    refuseToFollow(looks);
  });
});

test.run();
