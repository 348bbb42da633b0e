import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Engine } from '#src/engine/engine.js';
import { ChatTemplate } from '#src/prompt/chat-template.js';
import { Encoder, type EncoderOptions, type EncodingRules } from '#src/prompt/encoder.js';
import { expectError } from '../../support/assert/expect-error.js';

// A tokenizer of letters: `a` is 1, `b` is 2.
const ENGINE = {
  info: { specialTokens: [] },
  tokenize: (texts: string[]) =>
    Promise.resolve(texts.map((text) => Int32Array.from(text, (letter) => letter.charCodeAt(0) - 96))),
} as unknown as Engine;

const CLS = 99;

function encoder(rules: Partial<EncodingRules>, options: Partial<EncoderOptions> = {}): Encoder {
  const template = new ChatTemplate('{{ messages[0].content }}', {});
  const all: EncodingRules = {
    addedBosId: 1,
    truncationSide: 'right',
    tokensWithoutRow: [],
    readToken: { kind: 'last' },
    suffixTokenId: undefined,
    alwaysBos: false,
    ...rules,
  };
  return new Encoder(ENGINE, template, { maxLength: 5, specialTokens: 'parse', rules: all, ...options });
}

async function encoded(text: string, ...how: Parameters<typeof encoder>): Promise<[number[], boolean]> {
  const [result] = await encoder(...how).encode([[{ role: 'user', content: text }]]);
  if (result === undefined || result instanceof Error) throw result ?? new Error('no result');
  return [[...result.tokens], result.truncated];
}

test('the suffix token stands behind what truncation leaves, within max_length', async () => {
  const rules = { suffixTokenId: CLS };
  assert.equal(await encoded('bc', rules), [[1, 2, 3, CLS], false]);
  assert.equal(await encoded('bcd', rules), [[1, 2, 3, 4, CLS], false]);
  assert.equal(await encoded('bcdef', rules), [[1, 2, 3, 4, CLS], true]);
  assert.equal(await encoded('abcdef', rules), [[1, 2, 3, 4, CLS], true]);
  assert.equal(await encoded('bcdef', { ...rules, truncationSide: 'left' }), [[1, 4, 5, 6, CLS], true]);
  assert.equal(await encoded('bcdef', { ...rules, addedBosId: undefined }), [[2, 3, 4, 5, CLS], true]);
});

test('a class whose pipeline adds BOS to every text', async () => {
  assert.equal(await encoded('abc', {}), [[1, 2, 3], false]);
  assert.equal(await encoded('abc', { alwaysBos: true }), [[1, 1, 2, 3], false]);
  assert.equal(await encoded('abc', { alwaysBos: true, addedBosId: undefined }), [[1, 2, 3], false]);
});

test('a max_length that leaves no room for a text', async () => {
  await expectError('INFORM_INVALID_CONFIG', /max_length is 2, which leaves no room for a text/, () =>
    Promise.resolve().then(() => encoder({ suffixTokenId: CLS }, { maxLength: 2 })),
  );
  assert.equal(await encoded('bcd', { suffixTokenId: CLS }, { maxLength: 3 }), [[1, 2, CLS], true]);
});

test.run();
