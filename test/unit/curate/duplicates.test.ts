import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NearDuplicates } from '#src/curate/duplicates.js';
import { FUNCTIONS, signatureOf, similarity } from '#src/curate/min-hash.js';
import { wordsOf } from '#src/curate/text.js';
import { Random } from '../../support/random.js';

const random = new Random(7);

function words(count: number): string[] {
  return Array.from({ length: count }, () => `w${random.below(100_000)}`);
}

/** The true similarity, from the sets themselves. */
function jaccard(a: readonly string[], b: readonly string[]): number {
  const sets = [a, b].map((list) => new Set(list.slice(4).map((_, i) => list.slice(i, i + 5).join(' '))));
  const [left = new Set<string>(), right = new Set<string>()] = sets;
  const common = [...left].filter((run) => right.has(run)).length;
  return common / (left.size + right.size - common);
}

test('a signature estimates the similarity of the sets of five words in a row', () => {
  let worst = 0;
  for (const changed of [0, 1, 3, 8, 20, 60]) {
    for (let i = 0; i < 20; i++) {
      const text = words(200);
      const other = text.map((word, at) => (at < changed ? `other${word}` : word));
      worst = Math.max(worst, Math.abs(similarity(signatureOf(text), signatureOf(other)) - jaccard(text, other)));
    }
  }
  // Four standard errors of an estimate by 64 functions, at a similarity of a half.
  assert.ok(worst < 4 * Math.sqrt(0.25 / FUNCTIONS), String(worst));
});

test('texts that nearly agree are one group, others are not, wherever they stand', () => {
  const finder = new NearDuplicates();
  const texts = Array.from({ length: 3000 }, () => words(60));
  const copies = [5, 500, 2500].map((at) => (texts[at] ?? []).toSpliced(0, 1));
  for (const text of [...texts, ...copies]) finder.add(text);
  const groups = finder.groups();
  assert.equal([...groups.slice(3000)], [5, 500, 2500]);
  assert.is(new Set(groups.slice(0, 3000)).size, 3000);
});

test('words are the same whatever their case, form and punctuation; scripts without spaces give a word for each character', () => {
  assert.equal(wordsOf('Café, ＡＢＣ-1!\n«don’t»'), ['café', 'abc', '1', 'don', 't']);
  assert.equal(wordsOf('漢字kana'), ['漢', '字', 'kana']);
  assert.equal(wordsOf('हिन्दी में'), ['हिन्दी', 'में']);
  assert.equal(wordsOf(''), []);
});

test.run();
