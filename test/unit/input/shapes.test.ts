import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FieldMap, suggestMap, valueAt } from '#src/input/field-map.js';
import type { Message } from '#src/input/sample.js';
import { MOST_ANSWERS, SampleReader, type ReaderOptions } from '#src/input/sample-reader.js';
import { expectError } from '../../support/assert/expect-error.js';

function turns(...contents: string[]): Message[] {
  return contents.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content }));
}

const SYSTEM: Message = { role: 'system', content: 'Be brief.' };
const user = { role: 'user', content: 'Q' };
const assistant = { role: 'assistant', content: 'A' };

function conversations(row: unknown, options?: ReaderOptions): Message[][] {
  return new SampleReader(options).read(row).conversations;
}

const READ: [row: Record<string, unknown>, shape: string, conversations: Message[][]][] = [
  [{ instruction: 'Q', output: 'A', text: '<|im_start|>', prompt: 'x' }, 'Alpaca', [turns('Q', 'A')]],
  [{ messages: [user, assistant] }, 'messages', [turns('Q', 'A')]],
  [
    { messages: [{ role: 'developer', content: 'Be brief.' }, user, assistant] },
    'messages',
    [[SYSTEM, ...turns('Q', 'A')]],
  ],
  [
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Q1' },
            { type: 'text', text: ' Q2' },
          ],
        },
        assistant,
      ],
    },
    'messages',
    [turns('Q1 Q2', 'A')],
  ],
  [
    {
      messages: [
        { from: 'human', value: 'Q' },
        { from: 'gpt', value: 'A' },
      ],
    },
    'messages',
    [turns('Q', 'A')],
  ],
  [
    {
      conversations: [
        { from: 'system', value: 'Be brief.' },
        { from: 'human', value: 'Q' },
        { from: 'gpt', value: 'A' },
      ],
    },
    'ShareGPT',
    [[SYSTEM, ...turns('Q', 'A')]],
  ],
  ...['assistant', 'chatgpt', 'bing', 'bard'].map((from): [Record<string, unknown>, string, Message[][]] => [
    {
      conversation: [
        { from: 'user', value: 'Q' },
        { from, value: 'A' },
      ],
      system: 'Be brief.',
    },
    'ShareGPT',
    [[SYSTEM, ...turns('Q', 'A')]],
  ]),
  [{ conversations: [user, assistant] }, 'ShareGPT', [turns('Q', 'A')]],
  [{ prompt: 'Q', response: 'A' }, 'prompt and response', [turns('Q', 'A')]],
  [{ prompt: 'Q', completion: 'A' }, 'prompt and completion', [turns('Q', 'A')]],
  [{ prompt: [user], completion: [assistant] }, 'prompt and completion', [turns('Q', 'A')]],
  [{ question: 'Q', answer: 'A' }, 'question and answer', [turns('Q', 'A')]],
  [{ query: 'Q', answer: 'A' }, 'query and answer', [turns('Q', 'A')]],
  [{ instruction: 'Q', context: '', response: 'A', category: 'x' }, 'Dolly', [turns('Q', 'A')]],
  [{ instruction: 'Q', context: 'C', response: 'A' }, 'Dolly', [turns('Q\nC', 'A')]],
  [{ prompt: 'Q', output: 'A' }, 'prompt and output', [turns('Q', 'A')]],
  [{ prompt: 'Q', response: '' }, 'prompt and response', [turns('Q', '')]],
  [{ prompt: 'Q', chosen: 'A', rejected: 'B' }, 'preference pairs', [turns('Q', 'A'), turns('Q', 'B')]],
  [
    { system: 'Be brief.', question: 'Q', chosen: 'A', rejected: 'B' },
    'preference pairs',
    [
      [SYSTEM, ...turns('Q', 'A')],
      [SYSTEM, ...turns('Q', 'B')],
    ],
  ],
  [
    { chosen: [user, assistant], rejected: [user, { ...assistant, content: 'B' }] },
    'preference pairs',
    [turns('Q', 'A'), turns('Q', 'B')],
  ],
  [
    {
      prompt: 'Q',
      messages: [user, assistant],
      chosen: [user, assistant],
      rejected: [user, { ...assistant, content: 'B' }],
    },
    'preference pairs',
    [turns('Q', 'A'), turns('Q', 'B')],
  ],
  [
    {
      conversations: [{ from: 'human', value: 'Q' }],
      chosen: { from: 'gpt', value: 'A' },
      rejected: { from: 'gpt', value: 'B' },
    },
    'preference pairs',
    [turns('Q', 'A'), turns('Q', 'B')],
  ],
  [{ prompt: 'Q', responses: ['A', 'B', 'C'] }, 'several answers', ['A', 'B', 'C'].map((answer) => turns('Q', answer))],
  [
    {
      instruction: 'Q',
      completions: [
        { model: 'x', response: 'A' },
        { model: 'y', response: 'B' },
      ],
    },
    'several answers',
    [turns('Q', 'A'), turns('Q', 'B')],
  ],
  // Two shapes that say the same.
  [{ prompt: 'Q', response: 'A', messages: [user, assistant] }, 'messages', [turns('Q', 'A')]],
  [
    { instruction: 'Q', output: 'A', chosen: 'A', rejected: 'B' },
    'preference pairs',
    [turns('Q', 'A'), turns('Q', 'B')],
  ],
];

for (const [row, shape, expected] of READ) {
  test(`read as ${shape}: ${JSON.stringify(row)}`, () => {
    const reading = new SampleReader().read(row);
    assert.is(reading.shape.name, shape);
    assert.equal(reading.conversations, expected);
    const answers = shape === 'preference pairs' ? 'pair' : shape === 'several answers' ? 'list' : 'one';
    assert.is(reading.answers, answers);
  });
}

const REFUSED: [row: Record<string, unknown>, reason: RegExp][] = [
  [
    { prompt: 'Q', response: 'A', question: 'Q', answer: 'B' },
    /^the row is both prompt and response \("prompt", "response"\) and question/,
  ],
  [{ instruction: 'Q', output: 'A', chosen: 'B', rejected: 'C' }, /^the row is both preference pairs .* and Alpaca/],
  [{ instruction: 'Q', output: '', messages: [user, assistant] }, /^the row is both Alpaca .* and messages/],
  [
    { messages: [{ role: 'user', content: [{ type: 'image_url' }] }, assistant] },
    /^"messages\[0\]\.content\[0\]\.type" must be "text" but is "image_url"/,
  ],
  [
    { messages: [user, { role: 'assistant', content: null, tool_calls: [{}] }] },
    /^"messages\[1\]\.tool_calls" belongs to the conversation/,
  ],
  [{ messages: [user, { role: 'tool', content: 'x' }, assistant] }, /^"messages\[1\]\.role" must be .* but is "tool"/],
  [
    {
      conversations: [
        { from: 'human', value: 'Q' },
        { from: 'observation', value: 'x' },
      ],
    },
    /^"conversations\[1\]\.from" must be "system", "human".* but is "observation"/,
  ],
  [
    {
      conversations: [
        { from: 'human', value: 'Q' },
        { from: '__proto__', value: 'x' },
      ],
    },
    /\.from" must be/,
  ],
  [
    { conversations: [{ from: 'human', value: 'Q' }] },
    /^the last of "conversations" must be the assistant's but is the user's/,
  ],
  [{ prompt: '\n\nHuman: Q\n\nAssistant:', response: 'A' }, /^"prompt" is a text in Anthropic HH markup/],
  [{ prompt: '<|im_start|>user\nQ<|im_end|>\n', response: 'A' }, /^"prompt" is a text in ChatML markup/],
  [{ prompt: '<s>[INST] Q [/INST]', completion: 'A' }, /^"prompt" is a text in Llama 2 markup/],
  [
    { chosen: '\n\nHuman: Q\n\nAssistant: A', rejected: '\n\nHuman: Q\n\nAssistant: B' },
    /^"chosen" is a text in Anthropic HH markup/,
  ],
  [{ chosen: 'A', rejected: 'B' }, /^"prompt" is missing, and "chosen" has no question in it/],
  [
    { prompt: 'Q', chosen: [{ ...user, content: 'X' }, assistant], rejected: 'B' },
    /^"chosen" is a conversation that does not begin with/,
  ],
  [
    { prompt: 'Q', responses: Array.from({ length: MOST_ANSWERS + 1 }, () => 'A') },
    /^"responses" has 4097 answers; 4096 are the most/,
  ],
  [{ prompt: 'Q', responses: ['A', 5] }, /^"responses\[1\]" must be a string but is a number/],
  [{ prompt: 'Q' }, /^"response" is missing/],
  [{ instruction: 'Q', input: 'I', context: 'C', response: 'A' }, /^"input" and "context" are both given; keep one/],
];

for (const [row, reason] of REFUSED) {
  test(`refused: ${JSON.stringify(row).slice(0, 100)}`, async () => {
    await expectError('INFORM_INVALID_SAMPLE', reason, () => new SampleReader().read(row));
  });
}

test('a map reads fields from where they are, and only shapes that have them', () => {
  const row = { question: 'Q', 'best.answer': 'A', best: { 'long.text': 'B' }, answer: 'C', talk: [user, assistant] };
  assert.equal(conversations(row, { map: ['instruction=question', 'output=best.answer'] }), [turns('Q', 'A')]);
  assert.equal(conversations(row, { map: ['instruction=question', 'output=best.long.text'] }), [turns('Q', 'B')]);
  assert.equal(conversations(row, { map: ['messages=talk'] }), [turns('Q', 'A')]);
  const both = { instruction: 'Q', output: 'A', messages: [user, { ...assistant, content: 'B' }] };
  assert.equal(conversations(both, { map: ['instruction=instruction', 'output=output'] }), [turns('Q', 'A')]);
  assert.equal(conversations(both, { map: ['messages=messages'] }), [turns('Q', 'B')]);
  assert.is(valueAt(row, 'constructor.name'), undefined);
});

test('a map that makes no sense is a configuration error', async () => {
  await expectError(
    'INFORM_INVALID_CONFIG',
    /^map names "score"\. It is FIELD=PATH, FIELD .*: instruction, /,
    () => new FieldMap(['score=x']),
  );
  await expectError(
    'INFORM_INVALID_CONFIG',
    /names messages and output, which no sample has together/,
    () => new FieldMap(['messages=x', 'output=y']),
  );
});

test('a system message for conversations that have none', () => {
  const system = 'Be brief.';
  assert.equal(conversations({ prompt: 'Q', response: 'A' }, { system }), [[SYSTEM, ...turns('Q', 'A')]]);
  const own = { role: 'system', content: 'Be long.' } as const;
  assert.equal(conversations({ messages: [own, user, assistant] }, { system }), [[own, ...turns('Q', 'A')]]);
  assert.equal(conversations({ prompt: 'Q', response: 'A', system: 'Be long.' }, { system }), [
    [own, ...turns('Q', 'A')],
  ]);
});

test('the map that would read rows is found by the names and kinds of their fields', () => {
  assert.is(suggestMap({ id: 'x', q: 'a', best_answer: 'b' }), 'instruction=q,output=best_answer');
  assert.is(suggestMap({ meta: { source: 'x' }, talk: [{ from: 'human', value: 'a' }] }), 'messages=talk');
  assert.is(suggestMap({ a: { b: { text_in: 'x', solution: 'y' } } }), 'instruction=a.b.text_in,output=a.b.solution');
  assert.is(suggestMap({ n: 1, only: 'x' }), undefined);
  assert.is(suggestMap({ 'a,b': 'x', 'c=d': 'y' }), undefined);
});

test.run();
