import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReadToken } from '#src/gguf/scoring-rules.js';
import { readPosition } from '#src/prompt/read-position.js';

// The rule is that of GenericForSequenceClassification in transformers 5.23 (modeling_layers.py):
// `(token_indices * non_pad_mask).argmax(-1)`, and -1 where config.json has no pad token.

const PAD: ReadToken = { kind: 'last_non_pad', padTokenId: 9 };

const CASES: [tokens: number[], last: number, lastNonPad: number][] = [
  [[1, 2, 3], 2, 2],
  [[1, 2, 9], 2, 1],
  [[1, 9, 9, 9], 3, 0],
  [[1, 9, 2, 9, 9], 4, 2], // pad tokens before the last other one do not count
  [[9, 9, 3], 2, 2],
  [[3, 9], 1, 0],
  [[3], 0, 0],
  [[9], 0, 0],
  [[9, 9, 9], 2, 0], // all products are 0, and argmax takes the first
];

test('the last token, and the last one that is not the pad token', () => {
  for (const [tokens, last, lastNonPad] of CASES) {
    const ids = Int32Array.from(tokens);
    assert.is(readPosition(ids, { kind: 'last' }), last, tokens.join(' '));
    assert.is(readPosition(ids, PAD), lastNonPad, tokens.join(' '));
  }
});

test('a pad token where what is read then is not known', () => {
  const rule: ReadToken = { kind: 'last_without_pad', padTokenId: 9 };
  assert.is(readPosition(Int32Array.of(1, 2, 3), rule), 2);
  assert.throws(() => readPosition(Int32Array.of(1, 9, 3), rule), /holds the text of the model's pad token \(id 9\)/);
});

test.run();
