import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import type { InputRow } from '#src/input/rows.js';
import { RejectNotes } from '#src/run/reject-notes.js';
import { RowNotes } from '#src/run/row-notes.js';

function invalid(reason: string): InformError {
  return new InformError('INFORM_INVALID_SAMPLE', reason);
}

test('of equal rejects five are named and the others counted', () => {
  const said: string[] = [];
  const rejects = new RejectNotes((line) => said.push(line));
  for (let line = 1; line <= 2000; line++) {
    rejects.add(
      `f, line ${line}`,
      invalid(line % 2 === 0 ? '"output" is missing' : `bad at column ${line}: unexpected "${line}"`),
    );
  }
  assert.is(said.length, 10);
  rejects.sumUp();
  assert.equal(said, [
    'Rejected f, line 1: bad at column 1: unexpected "1" [INFORM_INVALID_SAMPLE]',
    'Rejected f, line 2: "output" is missing [INFORM_INVALID_SAMPLE]',
    'Rejected f, line 3: bad at column 3: unexpected "3" [INFORM_INVALID_SAMPLE]',
    'Rejected f, line 4: "output" is missing [INFORM_INVALID_SAMPLE]',
    'Rejected f, line 5: bad at column 5: unexpected "5" [INFORM_INVALID_SAMPLE]',
    'Rejected f, line 6: "output" is missing [INFORM_INVALID_SAMPLE]',
    'Rejected f, line 7: bad at column 7: unexpected "7" [INFORM_INVALID_SAMPLE]',
    'Rejected f, line 8: "output" is missing [INFORM_INVALID_SAMPLE]',
    'Rejected f, line 9: bad at column 9: unexpected "9" [INFORM_INVALID_SAMPLE]',
    'Rejected f, line 10: "output" is missing [INFORM_INVALID_SAMPLE]',
    'Rejected 995 more like f, line 9: bad at column 9: unexpected "9" [INFORM_INVALID_SAMPLE]',
    'Rejected 995 more like f, line 10: "output" is missing [INFORM_INVALID_SAMPLE]',
  ]);
  assert.is(
    rejects.nothingScored(2000).message,
    'Each of the 2,000 rows was rejected (the first, f, line 1: bad at column 1: unexpected "1"), so nothing was scored and no output is written.',
  );
});

test('a hundred thousand reasons take few lines', () => {
  const said: string[] = [];
  const rejects = new RejectNotes((line) => said.push(line));
  for (let line = 1; line <= 1e5; line++)
    rejects.add(`f, line ${line}`, invalid(`"${line.toString(26).replaceAll(/\d/g, 'x')}"`));
  rejects.sumUp();
  assert.ok(said.length < 100, `${said.length} lines`);
  assert.match(said.at(-1) ?? '', /^Rejected [\d,]+ more for other reasons$/);
});

function row(number: number, id: string | undefined, value: object = {}): InputRow {
  const place = { file: 'f', line: number + 1, row: number, bytes: 0, text: '' };
  return { ok: true, ...place, value, id: id === undefined ? undefined : { value: id, json: id } };
}

test('ids that are the numbers of other rows are said once, in either order', () => {
  const without = 'Samples without an "id" get their 0-based row number as id (first: f line ';
  const collide =
    'Some samples have as "id" what others have as row number, so that ids are not unique (first: f line ';
  const cases: [ids: (string | undefined)[], said: string[]][] = [
    [['5', '"1"', '1.0', 'true', '{"a": 2}', '-5', '99999999999999'], []],
    [['0', '0', '1'], []],
    [[undefined, undefined], [`${without}1).`]],
    [
      ['1', undefined, undefined, '2'],
      [`${without}2).`, `${collide}2).`],
    ],
    [
      [undefined, undefined, '0', '1'],
      [`${without}1).`, `${collide}3).`],
    ],
    [['5', '40000', undefined, '70000000'], [`${without}3).`]],
  ];
  for (const [ids, expected] of cases) {
    const said: string[] = [];
    const notes = new RowNotes((line) => said.push(line));
    assert.equal(
      ids.map((id, index) => notes.idOf(row(index, id))),
      ids.map((id, index) => id ?? String(index)),
    );
    assert.equal(said, expected);
  }
});

test.run();
