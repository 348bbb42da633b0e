import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { readRows, type InputRow } from '#src/input/rows.js';
import { rejectLine } from '#src/run/output/rejects.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const FOLDER = tempFolder();

async function read(text: string): Promise<InputRow[]> {
  const rows: InputRow[] = [];
  for await (const row of readRows([fileIn(FOLDER, 'rows.jsonl', text)])) rows.push(row);
  return rows;
}

const ERROR = new InformError('INFORM_INVALID_SAMPLE', '"output" is missing');

test('rejects are read as the rows that they were, under the ids that those had', async () => {
  const first = await read('{"id": 1e2, "a": 1}\n{"a": 2}\nnot JSON\n');
  const rejects = first.map((row) => rejectLine(row, ERROR)).join('');
  const again = await read(rejects);
  assert.equal(
    again.map(({ ok, text, id, row, line }) => [ok, text, id?.json, row, line]),
    [
      [true, '{"id": 1e2, "a": 1}', '1e2', 0, 1],
      [true, '{"a": 2}', '1', 1, 2],
      [false, 'not JSON', '2', 2, 3],
    ],
  );
  // Rejected once more, in another order, they keep their ids.
  const third = await read(
    again
      .toReversed()
      .map((row) => rejectLine(row, ERROR))
      .join(''),
  );
  assert.equal(
    third.map(({ text, id }) => [text, id?.json]),
    again.toReversed().map(({ text, id }) => [text, id?.json]),
  );
});

test('a reject without its row says where that stands; a row with such names is a row', async () => {
  const large = { ok: false, file: 'x.jsonl', line: 7, row: 6, bytes: 0, error: ERROR, id: undefined, text: undefined };
  const own =
    '{"file": "a", "line": 1, "row": 0, "code": "INFORM_INVALID_SAMPLE", "reason": "b", "sample": "{}", "instruction": "c"}\n';
  const [first, second] = await read(rejectLine(large as InputRow, ERROR) + own);
  assert.ok(first?.ok === false && second?.ok === true);
  assert.match(first.error.message, /was not kept with its reason; score it from x\.jsonl, line 7/);
  assert.is(first.id?.json, '6');
  assert.is((second.value as { instruction: string }).instruction, 'c');
});

test.run();
