import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spacePrefixOf } from '#src/convert/space-prefix.js';
import { expectError } from '../../support/assert/expect-error.js';

// That each rule gives Hugging Face's tokens: engine/class-checkpoints.test.ts and unit/prompt/space-prefix.test.ts.

const REPLACE = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
const PREPEND = { type: 'Prepend', prepend: '▁' };
const METASPACE = { type: 'Metaspace', replacement: '▁', split: false };

function added(normalized: boolean): Parameters<typeof spacePrefixOf>[1] {
  return [{ id: 0, content: '<x>', special: true, normalized }];
}

test('where a space is put is read from the normalizer or from Metaspace', () => {
  const split = { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false };
  const sequence = { type: 'Sequence', normalizers: [PREPEND, REPLACE] };
  const cases: [string, Parameters<typeof spacePrefixOf>[0]][] = [
    ['none', { normalizer: REPLACE, pre_tokenizer: split }],
    ['none', { normalizer: REPLACE }],
    ['none', { normalizer: { type: 'Sequence', normalizers: [REPLACE] }, pre_tokenizer: null }],
    ['every', { normalizer: sequence, pre_tokenizer: null }],
    ['first', { normalizer: null, pre_tokenizer: { ...METASPACE, prepend_scheme: 'first' } }],
    ['unless_spaced', { normalizer: null, pre_tokenizer: { ...METASPACE, prepend_scheme: 'always' } }],
    ['unless_spaced', { pre_tokenizer: { ...METASPACE, add_prefix_space: true } }],
    ['none', { pre_tokenizer: { ...METASPACE, prepend_scheme: 'never' } }],
    ['none', { pre_tokenizer: { ...METASPACE, add_prefix_space: false } }],
  ];
  for (const [prefix, tokenizer] of cases) assert.is(spacePrefixOf(tokenizer, added(false), 'p'), prefix);
  // Nothing is changed before that token is looked for.
  const first = { pre_tokenizer: { ...METASPACE, prepend_scheme: 'first' } };
  assert.is(spacePrefixOf(first, added(true), 'p'), 'first');
});

test('other ways are refused by name', async () => {
  const cases: [RegExp, Parameters<typeof spacePrefixOf>[0], boolean?][] = [
    [/changes texts by null/, { normalizer: null, pre_tokenizer: null }],
    [/changes texts by .*Prepend/, { normalizer: { type: 'Sequence', normalizers: [REPLACE, PREPEND] } }],
    [
      /changes texts by .*NFKC/,
      { normalizer: { type: 'Sequence', normalizers: [{ type: 'NFKC' }, PREPEND, REPLACE] } },
    ],
    [/changes texts by .*Replace/, { normalizer: REPLACE, pre_tokenizer: { ...METASPACE, prepend_scheme: 'first' } }],
    [/splits texts by .*Metaspace/, { pre_tokenizer: { type: 'Metaspace', replacement: '▁' } }],
    [/splits texts by .*Metaspace/, { pre_tokenizer: { ...METASPACE, replacement: '_' } }],
    [/splits texts by .*Whitespace/, { normalizer: REPLACE, pre_tokenizer: { type: 'Whitespace' } }],
    [/looks for the token "<x>" in text that it changed/, { normalizer: REPLACE }, true],
  ];
  for (const [message, tokenizer, normalized = false] of cases) {
    await expectError('INFORM_UNSUPPORTED_MODEL', message, () =>
      Promise.resolve().then(() => {
        spacePrefixOf(tokenizer, added(normalized), 'p');
      }),
    );
  }
});

test.run();
