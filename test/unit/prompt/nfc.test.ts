import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Composer, nfc } from '#src/prompt/nfc.js';
import { packageRoot } from '#src/util/package-root.js';

const MARKS = ['\u0334', '\u0323', '\u0301', '\u0345'];

// Asked of the tokenizers library by test/reference/make_nfc_golden.py.
const GOLDEN = JSON.parse(readFileSync(path.join(packageRoot(), 'test', 'fixtures', 'nfc.json'), 'utf8')) as {
  planes: string[];
};

test('every character is composed as the tokenizers library composes it', () => {
  // Beyond the third plane there are no letters but the tags and private ones of 14 to 16.
  for (const plane of [0, 1, 2, 14]) {
    const digest = createHash('sha256');
    for (let code = plane << 16; code < (plane + 1) << 16; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const character = String.fromCodePoint(code);
      const around = MARKS.map((mark) => `z${mark}${character}z${character}${mark}`).join('');
      digest.update(`${nfc(`${character}|a${character}|${around}`)}\n`);
    }
    assert.is(digest.digest('hex'), GOLDEN.planes[plane], `plane ${plane}`);
  }
});

test('pairs of scripts that Unicode added later stay apart', () => {
  assert.is(nfc('e\u0301 \u{1611e}\u{1611e} e\u0301'), '\u00e9 \u{1611e}\u{1611e} \u00e9');
});

test('the texts of added tokens are not composed with what follows them', () => {
  const composer = new Composer(['<|end|>', '<|end'], ['<t>']);
  const mark = '\u0338'; // with ">" before it: one character, "not greater than"
  assert.equal(composer.rewrite({ text: 'no accents <|end|>', parseSpecial: true }), [
    { text: 'no accents <|end|>', parseSpecial: true },
  ]);
  assert.equal(composer.rewrite({ text: `e\u0301<|end|>${mark}<t>${mark}>${mark}`, parseSpecial: true }), [
    { text: '\u00e9', parseSpecial: false },
    { text: '<|end|>', parseSpecial: true },
    { text: mark, parseSpecial: false },
    { text: '<t>', parseSpecial: true },
    { text: `${mark}\u226f`, parseSpecial: false },
  ]);
  // Where special texts are not parsed, a control token's text is text.
  assert.equal(composer.rewrite({ text: `<|end|>${mark}<t>${mark}`, parseSpecial: false }), [
    { text: '<|end|\u226f', parseSpecial: false },
    { text: '<t>', parseSpecial: false },
    { text: mark, parseSpecial: false },
  ]);
  assert.equal(new Composer([], []).rewrite({ text: 'e\u0301', parseSpecial: true }), [
    { text: '\u00e9', parseSpecial: false },
  ]);
});

test.run();
