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

// What the Python scorer does with such rows: `if item.get("input")`, and no check of anything else.
test('empty texts are scored', () => {
  assert.equal(toMessages({ instruction: 'x', output: '' }), pair('x', ''));
  assert.equal(toMessages({ instruction: '', input: 'x', output: 'y' }), pair('\nx', 'y'));
  assert.equal(toMessages({ instruction: '', output: 'y' }), pair('', 'y'));
  assert.equal(toMessages({ messages: [user, { role: 'assistant', content: '' }] }), pair('Hi', ''));
});

test('what Python calls false is no input', () => {
  for (const input of [0, -0, false, [], {}, '', null]) {
    assert.equal(toMessages({ instruction: 'x', input, output: 'y' }), pair('x', 'y'));
  }
});

test('an instruction beside messages: one of them empty, or both the same', async () => {
  const messages = [user, assistant];
  const columns = { instruction: 'x', output: 'y' };
  for (const both of [
    { ...columns, messages },
    { instruction: '', input: 'x', output: 'y', messages },
  ]) {
    const reason = /^the row is both Alpaca \("instruction", "output"\) and messages \("messages"\), and they are not/;
    await expectError('INFORM_INVALID_SAMPLE', reason, () => toMessages(both));
  }
  assert.equal(toMessages({ instruction: 'Hi', output: 'Hello', messages }), messages);
  for (const none of [null, '', undefined]) {
    assert.equal(toMessages({ instruction: none, input: none, output: none, messages }), messages);
    assert.equal(toMessages({ ...columns, messages: none }), pair('x', 'y'));
  }
  assert.equal(toMessages({ ...columns, messages: [] }), pair('x', 'y'));
  assert.equal(toMessages({ instruction: '', output: 'y', messages: [] }), pair('', 'y'));
});

test('history and system become the turns that they are', () => {
  const sample = { instruction: 'And now?', input: '', output: 'Bye' };
  const history = [
    ['Hi', 'Hello'],
    ['', 'More'],
  ];
  const turns = [user, assistant, ...(pair('', 'More') as unknown[]), ...(pair('And now?', 'Bye') as unknown[])];
  assert.equal(toMessages({ ...sample, history }), turns);
  for (const field of ['system', 'system_prompt', 'system_message']) {
    assert.equal(toMessages({ ...sample, history, [field]: 'Be brief.' }), [system, ...turns]);
    assert.equal(toMessages({ messages: [user, assistant], [field]: 'Be brief.' }), [system, user, assistant]);
    assert.equal(toMessages({ messages: [system, user, assistant], [field]: 'Be brief.' }), [system, user, assistant]);
    const empty = { role: 'system', content: '' };
    assert.equal(toMessages({ messages: [empty, user, assistant], [field]: 'Be brief.' }), [system, user, assistant]);
  }
  assert.equal(toMessages({ ...sample, system: 'Be brief.', system_prompt: 'Be brief.' })[0], system);
  assert.equal(toMessages({ ...sample, system: '', system_prompt: 'Be brief.' })[0], system);
  for (const none of [null, '', [], {}]) {
    const fields = { history: none, system: none, system_prompt: none, tools: none, functions: none, images: none };
    assert.equal(toMessages({ ...sample, ...fields }), pair('And now?', 'Bye'));
    assert.equal(toMessages({ messages: [user, assistant], ...fields }), [user, assistant]);
  }
});

test('an empty system message is left to the template', () => {
  const empty = { role: 'system', content: '' };
  assert.equal(toMessages({ messages: [empty, user, assistant] }), [empty, user, assistant]);
});

test('fields without a conversation are ignored', () => {
  const extra = {
    source: 'web',
    category: 'a',
    scores: [1],
    embeddings: [[1]],
    text: 'x',
    prompt: 'y',
    rating: Infinity,
  };
  assert.equal(toMessages({ ...extra, instruction: 'x', output: 'y' }), pair('x', 'y'));
});

const NOT_FINITE =
  " is NaN or Infinity, which Python's json.dumps writes and JSON does not have; write null for a missing value " +
  "(pandas' to_json does, and json.dumps(..., allow_nan=False) finds such values)";
const NO_PLACE = ' belongs to the conversation but cannot be put into the prompt; remove it or the sample';

const INVALID: [value: unknown, reason: string][] = [
  [null, 'The sample must be a JSON object but is null'],
  [undefined, 'The sample must be a JSON object but is missing'],
  [[], 'The sample must be a JSON object but is an array'],
  ['text', 'The sample must be a JSON object but is a string'],
  [5, 'The sample must be a JSON object but is a number'],
  [{}, '"instruction" is missing'],
  [{ output: 'x' }, '"instruction" is missing'],
  [{ instruction: 'x' }, '"output" is missing'],
  [{ instruction: 5, output: 'x' }, '"instruction" must be a string but is a number'],
  [{ instruction: 'x', output: null }, '"output" must be a string but is null'],
  [{ instruction: null, output: 'x' }, '"instruction" must be a string but is null'],
  [{ instruction: ['x'], output: 'x' }, '"instruction" must be a string but is an array'],
  [{ instruction: 'x', output: { text: 'x' } }, '"output" must be a string but is an object'],
  [{ instruction: 'x', output: true }, '"output" must be a string but is a boolean'],
  [{ instruction: 'x', input: '\uDC00', output: 'x' }, '"input" holds an unpaired surrogate and is not valid Unicode'],
  [{ instruction: 'a\uD800b', output: 'x' }, '"instruction" holds an unpaired surrogate and is not valid Unicode'],
  [{ instruction: 'é\uD800', output: 'x' }, '"instruction" holds an unpaired surrogate and is not valid Unicode'],
  [{ instruction: 'x', output: '\uDE00\uD83D' }, '"output" holds an unpaired surrogate and is not valid Unicode'],
  [{ messages: [] }, '"messages" is empty'],
  [{ messages: [], instruction: '' }, '"output" is missing'],
  [{ messages: [user, assistant], instruction: 'x' }, '"output" is missing'],
  ...(['instruction', 'input', 'output', 'system', 'history', 'tools'] as const).map((field): [unknown, string] => [
    { instruction: 'x', output: 'y', [field]: NaN },
    field === 'tools' ? `"tools"${NO_PLACE}` : `"${field}"${NOT_FINITE}`,
  ]),
  [{ messages: NaN }, `"messages"${NOT_FINITE}`],
  ...['tools', 'functions', 'documents', 'images', 'videos', 'audios', 'chat_template_kwargs'].flatMap(
    (field): [unknown, string][] => [
      [{ instruction: 'x', output: 'y', [field]: ['a'] }, `"${field}"${NO_PLACE}`],
      [{ messages: [user, assistant], [field]: { a: 1 } }, `"${field}"${NO_PLACE}`],
    ],
  ),
  ...['tool_calls', 'function_call', 'reasoning_content', 'thinking'].map((field): [unknown, string] => [
    { messages: [user, { ...assistant, [field]: 'x' }] },
    `"messages[1].${field}"${NO_PLACE}`,
  ]),
  [
    { messages: [user, assistant], history: [['a', 'b']] },
    '"messages" and "history" are both given; put the turns of the history into the messages',
  ],
  [
    { messages: [system, user, assistant], system: 'Be long.' },
    '"system" and the system message of "messages" are both given and differ; keep one',
  ],
  [
    { instruction: 'x', output: 'y', system: 'a', system_message: 'b' },
    '"system" and "system_message" are both given and differ; keep one',
  ],
  [{ instruction: 'x', output: 'y', system: ['a'] }, '"system" must be a string but is an array'],
  [{ instruction: 'x', output: 'y', history: 'a' }, '"history" must be an array but is a string'],
  [
    { instruction: 'x', output: 'y', history: [['a', 'b'], ['c']] },
    '"history[1]" must be a pair [question, answer] but is an array',
  ],
  [
    { instruction: 'x', output: 'y', history: [{ role: 'user', content: 'a' }] },
    '"history[0]" must be a pair [question, answer] but is an object',
  ],
  [{ instruction: 'x', output: 'y', history: [['a', null]] }, '"history[0][1]" must be a string but is null'],
  [{ messages: {} }, '"messages" must be an array but is an object'],
  [{ messages: 'Hi' }, '"messages" must be an array but is a string'],
  [{ messages: [user] }, 'the last of "messages" must be the assistant\'s but is the user\'s'],
  [{ messages: [system] }, 'the last of "messages" must be the assistant\'s but is the system\'s'],
  [{ messages: [user, system, assistant] }, '"messages[1]" is a system message, which may only come first'],
  [{ messages: [null, assistant] }, '"messages[0]" must be a JSON object but is null'],
  [{ messages: [{ content: 'x' }, assistant] }, '"messages[0].role" is missing'],
  [
    { messages: [{ role: 'tool', content: 'x' }, assistant] },
    '"messages[0].role" must be "system", "developer", "user" or "assistant" but is "tool"',
  ],
  [
    { messages: [{ role: 1, content: 'x' }, assistant] },
    '"messages[0].role" must be "system", "developer", "user" or "assistant" but is a number',
  ],
  [{ messages: [user, { role: 'assistant' }] }, '"messages[1].content" is missing'],
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

test('ids: any JSON value, absent and null', async () => {
  for (const id of ['', 'a', 0, -0, 1.5, 2 ** 53]) assert.is(toId(id), id);
  assert.is(toId(undefined), undefined);
  assert.is(toId(null), undefined);
  for (const id of [true, false, {}, [1], { a: [] }]) assert.is(toId(id), id);
  await expectError('INFORM_INVALID_SAMPLE', '"id" must be a JSON value but is a bigint', () => toId(5n));
  await expectError('INFORM_INVALID_SAMPLE', '"id" must be a finite number', () => toId(Infinity));
  await expectError('INFORM_INVALID_SAMPLE', '"id" must be a finite number', () => toId(NaN));
});

test.run();
