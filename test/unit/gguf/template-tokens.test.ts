import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ggufNumber, ggufString, ggufStrings } from '#src/gguf/metadata.js';
import { templateTokensEntry, templateTokensOf } from '#src/gguf/template-tokens.js';
import type { GgufValue } from '#src/gguf/types.js';
import { expectError } from '../../support/assert/expect-error.js';

const IDS: [string, GgufValue][] = [
  ['tokenizer.ggml.tokens', ggufStrings(['a', '<s>', '<sep>'])],
  ['tokenizer.ggml.bos_token_id', ggufNumber('uint32', 1)],
  ['tokenizer.ggml.seperator_token_id', ggufNumber('uint32', 2)],
  ['tokenizer.ggml.padding_token_id', ggufNumber('uint32', 3)],
];

test("of another converter's file: the texts of the ids that it has", () => {
  assert.equal(templateTokensOf(new Map(IDS), 'm'), { bos_token: '<s>', sep_token: '<sep>' });
  assert.equal(templateTokensOf(new Map(), 'm'), {});
});

test('what is written for the template comes before the ids', () => {
  const tokens = { pad_token: 'é"\n', boi: '' };
  assert.equal(templateTokensOf(new Map([...IDS, templateTokensEntry(tokens)]), 'm'), tokens);
  assert.equal(templateTokensOf(new Map([...IDS, templateTokensEntry({})]), 'm'), {});
});

test('a damaged key is said', async () => {
  for (const value of [ggufString(''), ggufString('[]'), ggufString('{"a": 1}'), ggufNumber('uint32', 1)]) {
    await expectError('INFORM_INVALID_MODEL_FILE', /^m has a damaged inform\.template\.special_tokens/, () => {
      templateTokensOf(new Map([['inform.template.special_tokens', value]]), 'm');
    });
  }
});

test.run();
