import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SpaceMarks } from '#src/prompt/space-marks.js';

// Expectations are where tokenizers 0.23 finds the added tokens of Gemma 3: engine/class-checkpoints.test.ts has the ids.

function rewritten(text: string): string[] {
  const marks = SpaceMarks.of(['  ', '   ', '<table>']);
  return (marks?.rewrite({ text, parseSpecial: true }) ?? []).map((piece) => piece.text);
}

test('runs of marks are tokens of their own, the longest first; another mark is a space', () => {
  assert.equal(rewritten('a ▁▁ b'), ['a ', '  ', ' b']);
  assert.equal(rewritten('▁▁▁▁▁'), ['   ', '  ']);
  assert.equal(rewritten('▁▁▁▁x▁'), ['   ', ' x ']);
  assert.equal(rewritten('a ▁ b'), ['a   b']);
  assert.equal(rewritten('no   marks'), ['no   marks']);
});

test('what special texts become stays', () => {
  const pieces = SpaceMarks.of(['  '])?.rewrite({ text: '▁▁<bos>', parseSpecial: false });
  assert.equal(pieces, [
    { text: '  ', parseSpecial: false },
    { text: '<bos>', parseSpecial: false },
  ]);
});

test('a vocabulary without such tokens needs nothing', () => {
  assert.is(SpaceMarks.of(['<table>', '\n\n', ' ']), undefined);
  assert.equal(SpaceMarks.of([], 3)?.rewrite({ text: '▁▁▁▁', parseSpecial: true }).length, 2);
});

test.run();
