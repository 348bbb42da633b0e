import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SpacePrefixer } from '#src/prompt/space-prefix.js';

// What tokenizers 0.23's Metaspace makes of the same texts, with `<x>` and `bb` as added tokens.
const CASES: [text: string, first: string, unlessSpaced: string][] = [
  ['a', '▁a', '▁a'],
  [' a', ' a', ' a'],
  ['▁a', '▁a', '▁a'],
  ['<x>a', '<x>a', '<x>▁a'],
  ['<x> a', '<x> a', '<x> a'],
  ['a<x>a<x>\na', '▁a<x>a<x>\na', '▁a<x>▁a<x>▁\na'],
  [' <x>bba', ' <x>bba', ' <x>bb▁a'],
  ['bba', 'bba', 'bb▁a'],
  ['a bb', '▁a bb', '▁a bb'],
  ['bb<x>bb a', 'bb<x>bb a', 'bb<x>bb a'],
  ['<x>', '<x>', '<x>'],
  ['a<x>▁a', '▁a<x>▁a', '▁a<x>▁a'],
];

function prefixed(
  where: 'first' | 'unless_spaced',
  text: string,
  { isFirst = true, parseSpecial = true } = {},
): string {
  const pieces = new SpacePrefixer(where, ['<x>'], ['bb']).rewrite({ text, parseSpecial }, isFirst);
  assert.ok(pieces.every((piece) => piece.parseSpecial === parseSpecial));
  return pieces.map((piece) => piece.text).join('|');
}

test('a space stands where Metaspace puts one', () => {
  for (const [text, first, unlessSpaced] of CASES) {
    assert.is(prefixed('first', text), first);
    assert.is(prefixed('unless_spaced', text), unlessSpaced);
  }
});

test('the start of the prompt is that of its first piece; special texts that are text are none', () => {
  assert.is(prefixed('first', 'a', { isFirst: false }), 'a');
  assert.is(prefixed('unless_spaced', 'a', { isFirst: false }), '▁a');
  assert.is(prefixed('first', '<x>a', { parseSpecial: false }), '▁<x>a');
  assert.is(prefixed('unless_spaced', 'a<x>abb c<x>', { parseSpecial: false }), '▁a<x>abb c<x>');
});

test.run();
