import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addedPiece, isSentencePiece, mergeScores, runsOfSpaces, type Pieces } from '#src/convert/sentencepiece.js';
import { TOKEN_TYPE } from '#src/gguf/token-types.js';
import { expectError } from '../../support/assert/expect-error.js';

// That the scores give Hugging Face's tokens is the business of engine/class-checkpoints.test.ts, with real vocabularies. Here:
// what is refused because they could not.

const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

interface Hand {
  pieces?: readonly string[];
  merges?: readonly (readonly [string, string])[];
  added?: readonly string[];
  bytes?: readonly string[];
}

function scoresOf({ pieces = [], merges = [], added = [], bytes = BYTES }: Hand): number[] {
  const texts = [...bytes, ...added, ...pieces];
  const vocabulary = new Map(texts.map((text, id) => [text, id]));
  const types = Int32Array.from(texts, (text) =>
    bytes.includes(text) ? TOKEN_TYPE.byte : added.includes(text) ? TOKEN_TYPE.userDefined : TOKEN_TYPE.normal,
  );
  const given: Pieces = { vocabulary, merges, added: new Set(added) };
  return [...mergeScores(given, types, 'tokenizer.json')].slice(bytes.length);
}

const AB: Hand = {
  pieces: ['ab', 'abc', 'a', 'b', 'c'],
  merges: [
    ['a', 'b'],
    ['ab', 'c'],
  ],
};

test('pieces in the order of their merges are numbered, as SentencePiece numbers them; added tokens have -1000', () => {
  assert.equal(scoresOf({ ...AB, added: ['<t>'] }), [-1000, -0, -1, -2, -3, -4]);
});

test('pieces in another order have the places of their merges', () => {
  assert.equal(scoresOf({ ...AB, pieces: ['abc', 'ab', 'a', 'b', 'c'] }), [-1, -0, -2, -2, -2]);
});

test('what llama.cpp would merge in another way is refused by name', async () => {
  const cases: [RegExp, Hand][] = [
    [/no token <0x0A> for a byte/, { ...AB, bytes: BYTES.filter((text) => text !== '<0x0A>') }],
    [/the token "ab" without one for "b"/, { pieces: ['ab', 'a'] }],
    [/does not merge "a" and "b"/, { ...AB, merges: [] }],
    [/does not merge "b" and "c"/, { pieces: ['ab', 'bc', 'a', 'b', 'c'], merges: [['a', 'b']] }],
    [
      /merges "a" and "x", which are not all tokens/,
      {
        ...AB,
        merges: [
          ['a', 'b'],
          ['ab', 'c'],
          ['a', 'x'],
        ],
      },
    ],
    [
      /the merges that make "abc" one after the other/,
      {
        pieces: ['ab', 'bc', 'abc', 'a', 'b', 'c'],
        merges: [
          ['ab', 'c'],
          ['a', 'b'],
          ['b', 'c'],
          ['a', 'bc'],
        ],
      },
    ],
  ];
  for (const [message, hand] of cases) {
    await expectError('INFORM_UNSUPPORTED_MODEL', message, () => Promise.resolve().then(() => scoresOf(hand)));
  }
});

const FIRST: Hand['merges'] = [
  ['▁▁', '▁'],
  ['▁', '▁▁'],
  ['▁', '▁'],
];

function runsOf(merges: Hand['merges'] = [], pieces: readonly string[] = ['▁a', '▁', 'a']): unknown {
  const added = ['▁▁', '▁▁▁'];
  const vocabulary = new Map([...added, ...pieces].map((text, id) => [text, id]));
  return runsOfSpaces({ vocabulary, merges, added: new Set(added) }, 'p')?.by;
}

test('runs of spaces are found before all others where merging gives the longest first, else merged', async () => {
  assert.is(runsOf([...FIRST, ['▁', 'a']]), 'finding');
  assert.is(runsOf([['▁', 'a'], ...FIRST]), 'merging'); // of two spaces and an a, the second one belongs to the a
  assert.is(runsOf(FIRST.toReversed()), 'merging'); // four spaces are two and two
  assert.is(runsOf([...FIRST, ['▁▁', 'a']], ['▁▁a', '▁', 'a']), 'merging');
  await expectError('INFORM_UNSUPPORTED_MODEL', /does not merge spaces to each of them/, () =>
    Promise.resolve().then(() => runsOf(FIRST.slice(1, 2))),
  );
});

test('a tab may be a piece instead of a byte', () => {
  const bytes = BYTES.filter((text) => text !== '<0x09>');
  assert.equal(scoresOf({ pieces: ['\t', 'a'], bytes }), [-0, -1]);
});

test('added tokens: runs of marks are runs of spaces, other marks and spaces are refused', async () => {
  assert.is(addedPiece('▁▁▁', 'p'), '   ');
  assert.is(addedPiece('<t> x', 'p'), '<t> x');
  for (const content of ['▁', 'a▁b', ' ', '  ']) {
    const piece = (): Promise<unknown> => Promise.resolve().then(() => addedPiece(content, 'p'));
    await expectError('INFORM_UNSUPPORTED_MODEL', /whose spaces llama\.cpp would find/, piece);
  }
});

test('byte-pair encoding with tokens for bytes is of this kind', () => {
  const model = { type: 'BPE', byte_fallback: true };
  assert.ok(isSentencePiece({ model }));
  assert.not.ok(isSentencePiece({ model: { ...model, byte_fallback: false } }));
  assert.not.ok(isSentencePiece({ model: { ...model, type: 'Unigram' } }));
});

test.run();
