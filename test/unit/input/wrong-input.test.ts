import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type InputRow, readRows } from '#src/input/rows.js';
import { SampleReader } from '#src/input/sample-reader.js';
import { linesOf, lookAtInputs } from '#src/input/look-at-inputs.js';
import { refuseWrongInput } from '#src/input/wrong-input.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const GOOD = { instruction: 'x', output: 'y' };

async function read(text: string, areAll = true, map: string[] = []): Promise<InputRow[]> {
  const rows: InputRow[] = [];
  const reader = new SampleReader({ map });
  for await (const row of refuseWrongInput(readRows([fileIn(folder, 'rows', text)]), reader, areAll)) rows.push(row);
  return rows;
}

async function look(text: string): Promise<string[]> {
  return linesOf(await lookAtInputs([fileIn(folder, 'rows', text)], new SampleReader(), {}));
}

function lines(...values: unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

const IN_A_FORM = /^The rows of .*rows are in a form that is not read: the first, on line 1, is /;

const WRONG: [what: string, text: string, said: RegExp[]][] = [
  [
    'a conversation under another name',
    lines({ data: { talk: [{ from: 'human', value: 'a' }] } }),
    [/are no samples: the first, on line 1, has the fields "data"\. If .* read them with --map messages=data\.talk$/],
  ],
  [
    'a question without its answer',
    lines({ id: 'a', prompt: 'a', best_answer: 'b' }),
    [
      /has the fields "id", "prompt", "best_answer", and "response" is missing\. .*--map instruction=prompt,output=best_answer$/,
    ],
  ],
  [
    'a text in markup',
    lines({ text: '<|im_start|>user\na<|im_end|>' }),
    [/"text" is a text in ChatML markup, with the turns/],
  ],
  ['columns', lines({ instruction: ['a', 'b'], output: ['c', 'd'] }), [IN_A_FORM, /by columns.*lines=True/]],
  ['columns with row numbers', lines({ instruction: { 0: 'a' }, output: { 0: 'b' } }), [IN_A_FORM, /by columns/]],
  [
    'a wrapper of another name',
    lines({ version: '1.0', everything: [GOOD, GOOD] }),
    [
      IN_A_FORM,
      /rows in its "everything" \(its fields: "version", "everything"\)\. Make lines of them: jq -c '\.\["everything"\]\[\]' FILE/,
    ],
  ],
  [
    'CSV',
    'id,q,best_answer\n1,a,b\n',
    [/has the fields "id", "q", "best_answer"\. .*--map instruction=q,output=best_answer$/],
  ],
  ['plain text', 'Hello there\nyou\n', [/is not JSON: its line 1 is "Hello there"\. A sample is an object/]],
  ['texts', lines('a', 'b'), [/are no objects: the first, on line 1, is a string\. A sample is/]],
  [
    'other fields',
    lines({ q: 1, a: 2 }),
    [/are no samples: the first, on line 1, has the fields "q", "a"\. A sample is/],
  ],
  [
    'other fields with texts',
    lines({ q: 'x', a: 'y' }),
    [/has the fields "q", "a"\. If these are the right ones, read them with --map instruction=q,output=a$/],
  ],
];

for (const [what, text, said] of WRONG) {
  test(`a wrong file is one sentence: ${what}`, async () => {
    for (const message of said) await expectError('INFORM_INPUT_UNREADABLE', message, () => read(text));
  });
}

test('the first hundred rows are enough, and nothing after them is read', async () => {
  const wrong = { talk: [{ from: 'human', value: 'a' }] };
  let read = 0;
  async function* endless(): AsyncGenerator<InputRow> {
    for (;;) {
      const text = JSON.stringify(wrong);
      yield await Promise.resolve({ ok: true, file: 'f', line: ++read, row: read - 1, bytes: 0, id: undefined, value: wrong, text });
    }
  } // prettier-ignore
  await expectError('INFORM_INPUT_UNREADABLE', /--map messages=talk$/, async () => {
    for await (const row of refuseWrongInput(endless(), new SampleReader(), false))
      assert.unreachable(String(row.line));
  });
  assert.is(read, 100);
});

test('one good row among the first ones, or a damaged one, and all are given in their order', async () => {
  const wrong = { q: 1 };
  for (const text of [lines(wrong, wrong, GOOD, wrong), `${lines(wrong)}{"a": \n${lines(wrong)}`]) {
    const rows = await read(text);
    assert.equal(
      rows.map(({ line }) => line),
      rows.map((_, index) => index + 1),
    );
    assert.ok(rows.length >= 3);
  }
  // Other shards may have good ones.
  assert.is((await read(lines(wrong, wrong), false)).length, 2);
  assert.equal(await read(''), []);
});

test('a map that names a field which is not there is said with the fields that are', async () => {
  await expectError(
    'INFORM_INPUT_UNREADABLE',
    /have no "best\.text", which the map names: .* has the fields "q", "best"\.$/,
    () => read(lines({ q: 'x', best: { words: 'y' } }), true, ['instruction=q', 'output=best.text']),
  );
  const rows = await read(lines({ q: 'x', best: { text: 'y' } }), true, ['instruction=q', 'output=best.text']);
  assert.is(rows.length, 1);
});

test('a hundred rows of a known shape without one that can be scored are enough, and a few are not', async () => {
  const image = { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] };
  await expectError('INFORM_INPUT_UNREADABLE', /cannot be scored, line 1 because .*type" must be "text"/, () =>
    look(lines(...Array.from({ length: 100 }, () => image))),
  );
  assert.equal(await look(lines(image, image)), []);
});

test('before anything else is done, each input is looked at and said', async () => {
  const talk = {
    conversations: [
      { from: 'human', value: 'a' },
      { from: 'gpt', value: 'b' },
    ],
  };
  assert.match((await look(lines(talk)))[0] ?? '', /rows: JSON Lines, read as ShareGPT$/);
  assert.match((await look(lines(GOOD, '{')))[0] ?? '', /rows: JSON Lines, read as Alpaca$/);
  assert.match((await look(JSON.stringify([GOOD])))[0] ?? '', /rows: a JSON array, read as Alpaca$/);
  assert.equal(await look(''), []);
  await expectError('INFORM_INPUT_UNREADABLE', /are no samples/, () => look(lines({ q: 1 })));
});

test.run();
