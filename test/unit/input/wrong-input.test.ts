import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { type InputRow, readRows } from '#src/input/rows.js';
import { checkedConversation } from '#src/input/sample.js';
import { refuseWrongInput } from '#src/input/wrong-input.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const GOOD = { instruction: 'x', output: 'y' };

async function read(text: string, areAll = true): Promise<InputRow[]> {
  const rows: InputRow[] = [];
  for await (const row of refuseWrongInput(readRows([fileIn(folder, 'rows', text)]), areAll)) rows.push(row);
  return rows;
}

function lines(...values: unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

const IN_A_FORM = /^The rows of .*rows are in a form that is not read: the first, on line 1, is /;

const WRONG: [what: string, text: string, said: RegExp[]][] = [
  [
    'ShareGPT',
    lines({ conversations: [{ from: 'human', value: 'a' }] }),
    [IN_A_FORM, /ShareGPT.*"conversations" of "from" and "value".*Rename "conversations" to "messages"/],
  ],
  ['preference pairs', lines({ prompt: 'a', chosen: 'b', rejected: 'c' }), [IN_A_FORM, /preference pair.*two samples/]],
  [
    'prompt and completion',
    lines({ prompt: 'a', completion: 'b' }),
    [IN_A_FORM, /Rename "prompt" to "instruction"\. Rename "completion" to "output"\.$/],
  ],
  [
    'prompt and completion of turns',
    lines({ prompt: [{ role: 'user', content: 'a' }], completion: [{ role: 'assistant', content: 'b' }] }),
    [IN_A_FORM, /Put the messages of both, one list after the other, into "messages"\.$/],
  ],
  ['prompt and response', lines({ prompt: 'a', response: 'b' }), [IN_A_FORM, /a pair of "prompt" and "response"/]],
  ['question and answer', lines({ question: 'a', answer: 'b' }), [IN_A_FORM, /a pair of "question" and "answer"/]],
  [
    'Dolly',
    lines({ instruction: 'a', context: 'b', response: 'c' }),
    [IN_A_FORM, /Rename "response" to "output"\. A "context" becomes the "input"\.$/],
  ],
  ['columns', lines({ instruction: ['a', 'b'], output: ['c', 'd'] }), [IN_A_FORM, /by columns.*lines=True/]],
  ['columns with row numbers', lines({ instruction: { 0: 'a' }, output: { 0: 'b' } }), [IN_A_FORM, /by columns/]],
  [
    'a wrapper',
    lines({ version: '1.0', data: [GOOD, GOOD] }),
    [
      IN_A_FORM,
      /rows in its "data" \(its fields: "version", "data"\)\. Make lines of them: jq -c '\.\["data"\]\[\]' FILE/,
    ],
  ],
  ['CSV', 'id,instruction,output\n1,a,b\n', [/rows is not JSON: its line 1 is "id,instruction,output"\. .*read_csv/]],
  ['plain text', 'Hello there\nyou\n', [/is not JSON: its line 1 is "Hello there"\. A sample is a JSON object/]],
  ['texts', lines('a', 'b'), [/are no objects: the first, on line 1, is a string\. A sample is/]],
  [
    'other fields',
    lines({ q: 1, a: 2 }),
    [/are no samples: the first, on line 1, has the fields "q", "a"\. A sample is/],
  ],
];

for (const [what, text, said] of WRONG) {
  test(`a wrong file is one sentence: ${what}`, async () => {
    for (const message of said) await expectError('INFORM_INPUT_UNREADABLE', message, () => read(text));
  });
}

test('the first hundred rows are enough, and nothing after them is read', async () => {
  const wrong = { conversations: [{ from: 'human', value: 'a' }] };
  let read = 0;
  async function* endless(): AsyncGenerator<InputRow> {
    for (;;) {
      const text = JSON.stringify(wrong);
      yield await Promise.resolve({ ok: true, file: 'f', line: ++read, row: read - 1, bytes: 0, id: undefined, value: wrong, text });
    }
  } // prettier-ignore
  await expectError('INFORM_INPUT_UNREADABLE', /ShareGPT/, async () => {
    for await (const row of refuseWrongInput(endless(), false)) assert.unreachable(String(row.line));
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

test('among good rows, such a row is rejected with what it is', () => {
  const found = checkedConversation({ conversations: [{ from: 'human', value: 'a' }] });
  assert.instance(found, InformError);
  assert.match((found as InformError).message, /^the row is a ShareGPT conversation .* Rename "conversations"/);
});

test.run();
