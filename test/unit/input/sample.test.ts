import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toId, toMessages } from '#src/input/sample.js';
import { expectError } from '../../support/assert/expect-error.js';

function pair(question: string, answer: string): unknown {
  return [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ];
}

test('an instruction, its input on a line of its own, and the output', () => {
  assert.equal(toMessages({ instruction: 'Add.', input: '1 2', output: '3' }), pair('Add.\n1 2', '3'));
  assert.equal(toMessages({ instruction: 'Add.', output: '3' }), pair('Add.', '3'));
  assert.equal(toMessages({ instruction: 'Add.', input: '', output: '3' }), pair('Add.', '3'));
  assert.equal(toMessages({ instruction: 'Add.', input: null, output: '3' }), pair('Add.', '3'));
  assert.equal(toMessages({ instruction: 'Add.', input: undefined, output: '3' }), pair('Add.', '3'));
});

test('nothing is trimmed, and white space alone is text', () => {
  const sample = { instruction: ' Add.\n', input: ' ', output: '\n3 ' };
  assert.equal(toMessages(sample), pair(' Add.\n\n ', '\n3 '));
  assert.equal(toMessages({ instruction: ' ', output: '\t' }), pair(' ', '\t'));
});

test('a conversation is taken as it is, other fields left out', () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Hi', name: 'Ann' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: 'Bye' },
    { role: 'assistant', content: 'Bye' },
  ];
  const expected = messages.map(({ role, content }) => ({ role, content }));
  assert.equal(toMessages({ messages, instruction: null, output: 'x', extra: 1 }), expected);
});

test('a pair of surrogates is text like any other', () => {
  assert.equal(toMessages({ instruction: '😀', output: '\uD83D\uDE00' }), pair('😀', '😀'));
});

const user = { role: 'user', content: 'Hi' };
const assistant = { role: 'assistant', content: 'Hello' };
const system = { role: 'system', content: 'Be brief.' };

const INVALID: [value: unknown, reason: string][] = [
  [null, 'The sample must be a JSON object but is null'],
  [undefined, 'The sample must be a JSON object but is missing'],
  [[], 'The sample must be a JSON object but is an array'],
  ['text', 'The sample must be a JSON object but is a string'],
  [5, 'The sample must be a JSON object but is a number'],
  [{}, '"instruction" is missing'],
  [{ output: 'x' }, '"instruction" is missing'],
  [{ instruction: 'x' }, '"output" is missing'],
  [{ instruction: '', output: 'x' }, '"instruction" is empty'],
  [{ instruction: 'x', output: '' }, '"output" is empty'],
  [{ instruction: 5, output: 'x' }, '"instruction" must be a string but is a number'],
  [{ instruction: 'x', output: null }, '"output" must be a string but is null'],
  [{ instruction: null, output: 'x' }, '"instruction" must be a string but is null'],
  [{ instruction: ['x'], output: 'x' }, '"instruction" must be a string but is an array'],
  [{ instruction: 'x', output: { text: 'x' } }, '"output" must be a string but is an object'],
  [{ instruction: 'x', output: true }, '"output" must be a string but is a boolean'],
  [{ instruction: 'x', input: 0, output: 'x' }, '"input" must be a string but is a number'],
  [{ instruction: 'x', input: '\uDC00', output: 'x' }, '"input" holds an unpaired surrogate and is not valid Unicode'],
  [{ instruction: 'a\uD800b', output: 'x' }, '"instruction" holds an unpaired surrogate and is not valid Unicode'],
  [{ instruction: 'é\uD800', output: 'x' }, '"instruction" holds an unpaired surrogate and is not valid Unicode'],
  [{ instruction: 'x', output: '\uDE00\uD83D' }, '"output" holds an unpaired surrogate and is not valid Unicode'],
  [
    { messages: [user, assistant], instruction: 'x', output: 'x' },
    '"messages" and "instruction" are both given; choose one',
  ],
  [{ messages: [], instruction: '' }, '"messages" and "instruction" are both given; choose one'],
  [{ messages: [] }, '"messages" is empty'],
  [{ messages: {} }, '"messages" must be an array but is an object'],
  [{ messages: 'Hi' }, '"messages" must be an array but is a string'],
  [{ messages: [user] }, 'the last of "messages" must be the assistant\'s but is the user\'s'],
  [{ messages: [system] }, 'the last of "messages" must be the assistant\'s but is the system\'s'],
  [{ messages: [user, system, assistant] }, '"messages[1]" is a system message, which may only come first'],
  [{ messages: [null, assistant] }, '"messages[0]" must be a JSON object but is null'],
  [{ messages: [{ content: 'x' }, assistant] }, '"messages[0].role" is missing'],
  [
    { messages: [{ role: 'tool', content: 'x' }, assistant] },
    '"messages[0].role" must be "system", "user" or "assistant" but is "tool"',
  ],
  [
    { messages: [{ role: 1, content: 'x' }, assistant] },
    '"messages[0].role" must be "system", "user" or "assistant" but is a number',
  ],
  [{ messages: [user, { role: 'assistant' }] }, '"messages[1].content" is missing'],
  [{ messages: [user, { role: 'assistant', content: '' }] }, '"messages[1].content" is empty'],
  [{ messages: [user, { role: 'assistant', content: null }] }, '"messages[1].content" must be a string but is null'],
  [
    { messages: [{ role: 'user', content: '\uD800' }, assistant] },
    '"messages[0].content" holds an unpaired surrogate and is not valid Unicode',
  ],
];

for (const [value, reason] of INVALID) {
  test(`refused: ${JSON.stringify(value)}`, async () => {
    await expectError('INFORM_INVALID_SAMPLE', reason, () => toMessages(value));
  });
}

test('members of "__proto__" are not members of the sample', async () => {
  const value: unknown = JSON.parse('{"__proto__": {"instruction": "x", "output": "y"}}');
  await expectError('INFORM_INVALID_SAMPLE', '"instruction" is missing', () => toMessages(value));
  assert.is(({} as Record<string, unknown>)['instruction'], undefined);
});

test('ids: strings and finite numbers, absent and null', async () => {
  for (const id of ['', 'a', 0, -0, 1.5, 2 ** 53]) assert.is(toId(id), id);
  assert.is(toId(undefined), undefined);
  assert.is(toId(null), undefined);
  const mustBe = '"id" must be a string or a number but is ';
  await expectError('INFORM_INVALID_SAMPLE', `${mustBe}an object`, () => toId({}));
  await expectError('INFORM_INVALID_SAMPLE', `${mustBe}an array`, () => toId([1]));
  await expectError('INFORM_INVALID_SAMPLE', `${mustBe}a boolean`, () => toId(false));
  await expectError('INFORM_INVALID_SAMPLE', '"id" must be a finite number', () => toId(Infinity));
  await expectError('INFORM_INVALID_SAMPLE', '"id" must be a finite number', () => toId(NaN));
});

test.run();
