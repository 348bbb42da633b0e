import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cardOf, type Card } from '#src/evaluate/card.js';
import { cardPage, cardText } from '#src/evaluate/card-page.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
let made = 0;

function file(values: readonly object[]): string {
  return fileIn(folder, `file-${made++}.jsonl`, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}

function cardFor(rows: object[], original: object[], model: object[], threshold?: number): Promise<Card> {
  const files = { rows: file(rows), original: file(original), model: file(model) };
  return cardOf({ models: { original: 'f16.gguf', model: 'q4.gguf' }, data: 'mine.jsonl', ...files, threshold });
}

/** Ten rows whose scores rise by one; the model gives the best one the lowest score, and has the others half a point higher. */
const ROWS = Array.from({ length: 10 }, (_, id) => ({ id, instruction: `Q${id}`, output: 'x'.repeat(3 ** (id % 4)) }));
const ORIGINAL = ROWS.map(({ id }) => ({ id, score: id }));
const MODEL = ROWS.map(({ id }) => ({ id, score: id === 9 ? -1 : id + 0.5 }));

test('rows without right answers: that question is not answered, the others are', async () => {
  const card = await cardFor(ROWS, ORIGINAL, MODEL);
  assert.is(card.accuracy, undefined);
  assert.match(cardText(card), /^Not answered: .*inform-score evaluate rewardbench/);
  // (9 · 0.5 + 10) / 10, and (9 · 0.5 - 10) / 10.
  assert.is(card.comparison.deviation.mean.value, 1.45);
  assert.is(card.comparison.deviation.bias.value, -0.55);
  // Two rows are the best fifth: 8 and 9, and 8 and 7.
  const { keeps, dropped, added, threshold, rows } = card.changes;
  assert.equal([keeps, dropped, added, threshold], [{ original: 2, model: 2 }, 1, 1, 8]);
  assert.equal(
    rows.map(({ id, change, text }) => [id, change, text?.asked]),
    [
      ['9', 'dropped', 'Q9'],
      ['7', 'added', 'Q7'],
    ],
  );
});

test('a named threshold is kept from in both', async () => {
  const { keeps, dropped, added } = (await cardFor(ROWS, ORIGINAL, MODEL, 6.25)).changes;
  assert.equal([keeps, dropped, added], [{ original: 3, model: 3 }, 1, 1]);
});

test('what length explains of each is told, and the order without it', async () => {
  // Scores that are the length's alone, and the same with what the row has of its own.
  const own = ROWS.map(({ id, output }) => ({ id, score: Math.log(1 + output.length) + (id % 3) }));
  const { length } = await cardFor(
    ROWS,
    own,
    own.map(({ id, score }) => ({ id, score: 2 * score })),
  );
  assert.is(length?.remaining.spearman.value, 1);
  assert.ok(Math.abs((length?.model.slope ?? 0) - 2 * (length?.original.slope ?? 0)) < 1e-12);
  assert.is(length?.model.correlation.toFixed(12), length?.original.correlation.toFixed(12));
});

test('pairs say how often each is right, and whether the difference is more than chance', async () => {
  const rows = Array.from({ length: 100 }, (_, id) => ({ id, prompt: `Q${id}`, chosen: 'good', rejected: 'bad' }));
  const scores = (right: number): object[] =>
    rows.map(({ id }) => ({ id, scores: id < right ? { chosen: 2, rejected: 1 } : { chosen: 0, rejected: 1 } }));
  const { accuracy } = await cardFor(rows, scores(90), scores(60));
  assert.is(accuracy?.original.accuracy.value, 0.9);
  assert.is(accuracy?.model.accuracy.value, 0.6);
  assert.ok(Math.abs((accuracy?.difference.value ?? 0) + 0.3) < 1e-12);
  assert.ok((accuracy?.difference.high ?? 0) < -0.2 && (accuracy?.difference.low ?? 0) > -0.4);
  assert.match(
    cardText(await cardFor(rows, scores(90), scores(60))),
    /-30\.0 points .* It is worse than the original\./,
  );
  assert.match(cardText(await cardFor(rows, scores(60), scores(61))), /With so few pairs no difference can be told/);
});

test('the page loads and runs nothing, and what the data says stays text', async () => {
  const hostile = '<script>alert(1)</script>';
  const rows = ROWS.map((row) => ({ ...row, instruction: hostile, id: `${hostile}${row.id}` }));
  const page = cardPage(
    await cardFor(
      rows,
      rows.map(({ id }, i) => ({ id, score: i })),
      rows.map(({ id }, i) => ({ id, score: -i })),
    ),
  );
  assert.not.match(page, /<script|<(link|iframe|img|object)|url\(/);
  assert.match(page, /&lt;script&gt;alert\(1\)/);
});

test.run();
