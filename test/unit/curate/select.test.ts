import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Criteria } from '#src/curate/criteria.js';
import { explain } from '#src/curate/explain.js';
import { select, type SelectOutcome } from '#src/curate/select.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
let made = 0;

interface Row {
  id?: unknown;
  instruction: string;
  output: string;
  source?: string;
  score?: number | null;
}

function jsonl(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

interface Selected extends SelectOutcome {
  output: string;
  lines: Record<string, unknown>[];
  reasons: (string | undefined)[];
}

/** Selects from rows whose scores stand beside them; null is a rejected row, which has no line among the scores. */
async function selected(
  rows: readonly Row[],
  scores: readonly (number | null)[],
  criteria: Criteria,
): Promise<Selected> {
  const name = `set-${made++}`;
  const data = fileIn(folder, `${name}.jsonl`, jsonl(rows));
  const results = rows.flatMap((row, i) =>
    (scores[i] ?? null) === null ? [] : [{ id: row.id ?? i, score: scores[i] }],
  );
  const output = join(folder, `${name}-kept.jsonl`);
  const outcome = await select({
    data: [data],
    scores: fileIn(folder, `${name}-scores.jsonl`, jsonl(results)),
    output,
    criteria,
  });
  return {
    ...outcome,
    output,
    lines: linesOf(output),
    reasons: linesOf(outcome.decisions).map(({ reason }) => reason as string),
  };
}

function linesOf(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function idsOf({ lines }: Selected): unknown[] {
  return lines.map(({ id }) => id);
}

/** One prompt for each two rows, with sources a a b b a a …, ids 10, 11, … */
function rowsFor(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    id: 10 + i,
    instruction: `Question ${Math.floor(i / 2)}?`,
    output: `Answer number ${i}.`,
    source: Math.floor(i / 2) % 2 === 0 ? 'a' : 'b',
  }));
}

test('the best rows are kept unchanged and in their order; of equal ones the first', async () => {
  const found = await selected(rowsFor(5), [1, 3, 2, 3, 3], { top: { rows: 2 } });
  assert.equal(found.lines, [rowsFor(5)[1], rowsFor(5)[3]]);
  assert.is(found.reasons[4], 'rank 3 of 5 rows, of which 2 are kept');
  assert.is(readFileSync(found.output, 'utf8'), jsonl([rowsFor(5)[1], rowsFor(5)[3]]));
});

test('a share is of the rows that have a score; a rejected row keeps its neighbours from moving', async () => {
  const found = await selected(rowsFor(5), [1, null, 2, null, 5], { top: { share: 0.67 } });
  assert.equal(idsOf(found), [12, 14]);
  assert.is(found.reasons[1], 'no score: it was rejected, or not scored');
});

test('rows without an id are told by their number, as results have it', async () => {
  const rows = rowsFor(3).map(({ instruction, output }) => ({ instruction, output }));
  const found = await selected(rows, [1, null, 2], { min: 1.5 });
  assert.equal(found.lines, [rows[2]]);
});

test('limits take in both ends', async () => {
  assert.equal(idsOf(await selected(rowsFor(4), [1, 1.5, 3, 3.1], { min: 1.5, max: 3 })), [11, 12]);
});

test('the best of each prompt, and a share of each source', async () => {
  assert.equal(
    idsOf(await selected(rowsFor(6), [1, 2, 4, 3, 5, 6], { top: { rows: 1 }, per: 'prompt' })),
    [11, 12, 15],
  );
  assert.equal(
    idsOf(await selected(rowsFor(6), [1, 2, 4, 3, 5, 6], { top: { share: 0.5 }, per: 'source' })),
    [12, 14, 15],
  );
});

test('balance shares the number of rows equally; who has fewer gives all', async () => {
  const rows = rowsFor(6).map((row, i) => ({ ...row, source: i === 0 ? 'rare' : i < 3 ? 'a' : 'b' }));
  const found = await selected(rows, [0, 1, 2, 3, 4, 5], { top: { rows: 5 }, balance: 'source' });
  assert.equal(idsOf(found), [10, 11, 12, 14, 15]);
});

test('of duplicates the best stays, and of equally good ones the first', async () => {
  const rows = [
    { id: 1, instruction: 'Hi', output: 'Hello there!' },
    { id: 2, instruction: 'hi', output: 'hello  there' },
    { id: 3, instruction: 'Hi', output: 'Something else' },
    { id: 4, instruction: 'HI', output: 'Hello, there' },
  ];
  const found = await selected(rows, [1, 2, 0, 2], { dedupe: 'exact' });
  assert.equal(idsOf(found), [2, 3]);
  assert.is(found.reasons[0], 'a duplicate of row 1, whose score is better');
  assert.is(found.reasons[3], 'a duplicate of row 1, whose score is the same');
});

test('a rejected duplicate does not take the place of one with a score', async () => {
  const rows = [0, 1].map((id) => ({ id, instruction: 'Hi', output: 'Hello' }));
  assert.equal(idsOf(await selected(rows, [null, -3], { dedupe: 'exact' })), [1]);
});

const WORDS =
  'the quick brown fox jumps over a lazy dog while seven wizards boil green tea for nine sleepy owls in spring'.split(
    ' ',
  );

test('rows that share thirteen words with an evaluation set are dropped and named, in whatever field they stand there', async () => {
  const against = fileIn(
    folder,
    'eval.jsonl',
    jsonl([{ question: 'Other' }, { nested: [{ answer: WORDS.slice(0, 14).join('  ') }] }]),
  );
  const rows = [
    { id: 1, instruction: 'Say it', output: `Well: ${WORDS.slice(1, 14).join(' ').toUpperCase()}!` },
    { id: 2, instruction: 'Say it', output: WORDS.slice(2, 14).join(' ') },
  ];
  const found = await selected(rows, [1, 1], { against: [against] });
  assert.equal(idsOf(found), [2]);
  assert.match(
    found.reasons[0] ?? '',
    /^overlaps an evaluation set: shares 13 words in a row with .*eval\.jsonl, line 2$/,
  );
});

test('what length explains is taken away before rows are ranked', async () => {
  // On the line score = ln(1 + length), but for the third, which is better than its length says.
  const lengths = [10, 100, 30, 1000];
  const rows = lengths.map((length, id) => ({ id, instruction: 'Write', output: 'x'.repeat(length) }));
  const scores = lengths.map((length, i) => Math.log(1 + length) + (i === 2 ? 1 : 0));
  const found = await selected(rows, scores, { lengthBias: true, top: { rows: 1 } });
  assert.equal(idsOf(found), [2]);
  assert.ok((found.lengthModel?.correlation ?? 0) > 0.9);
});

test('pairs are the best and the worst answer of a prompt, where they are far enough apart', async () => {
  const rows = ['A', 'A', 'B', 'A', 'B', 'C'].map((instruction, id) => ({ id, instruction, output: `answer ${id}` }));
  const found = await selected(rows, [1, 0, 5, 3, 4.5, 9], { pairs: { margin: 1 } });
  assert.equal(found.lines, [
    {
      prompt: [{ role: 'user', content: 'A' }],
      chosen: [{ role: 'assistant', content: 'answer 3' }],
      rejected: [{ role: 'assistant', content: 'answer 1' }],
      chosen_id: 3,
      rejected_id: 1,
      score_chosen: 3,
      score_rejected: 0,
    },
  ]);
  assert.is(found.reasons[0], 'neither best nor worst of 3 answers to its prompt');
  assert.is(found.reasons[2], "its prompt's answers are 0.5 apart, less than 1");
  assert.is(found.reasons[5], 'the only answer to its prompt');
});

test('a joined file needs no second one, and its reasons are told', async () => {
  const data = fileIn(
    folder,
    'joined.jsonl',
    jsonl([
      { id: 1, instruction: 'a', output: 'b', score: 2 },
      { id: 2, instruction: 'a', output: '', score: null, reject_reason: 'too long' },
    ]),
  );
  const output = join(folder, 'joined-kept.jsonl');
  const { decisions } = await select({ data: [data], scores: undefined, output, criteria: { min: 0 } });
  assert.equal(
    linesOf(output).map(({ id }) => id),
    [1],
  );
  assert.is(linesOf(decisions)[1]?.['reason'], 'no score: too long');
});

/** Selects from rows of several answers and results as `score` writes them. */
async function selectedOf(
  rows: readonly object[],
  results: readonly object[],
  criteria: Criteria,
  map?: readonly string[],
): Promise<Selected> {
  const name = `several-${made++}`;
  const data = fileIn(folder, `${name}.jsonl`, jsonl(rows));
  const output = join(folder, `${name}-kept.jsonl`);
  const scores = fileIn(folder, `${name}-scores.jsonl`, jsonl(results));
  const outcome = await select({ data: [data], scores, output, criteria, map });
  const reasons = linesOf(outcome.decisions).map(({ reason }) => reason as string);
  return { ...outcome, output, lines: linesOf(output), reasons };
}

const PAIRS = [1, 2, 3].map((id) => ({ id, prompt: `Question ${id}`, chosen: `good ${id}`, rejected: `bad ${id}` }));
const PAIR_SCORES = [
  { id: 1, scores: { chosen: 9, rejected: 8.5 }, margin: 0.5 },
  { id: 2, scores: { chosen: 1, rejected: -1 }, margin: 2 },
  { id: 3, scores: { chosen: -2, rejected: 1 }, margin: -3 },
];
const LISTS = [1, 2].map((id) => ({ id, prompt: `Question ${id}`, responses: ['short', 'a longer answer', 'third'] }));
const LIST_SCORES = [
  { id: 1, scores: [1, 4, 2] },
  { id: 2, scores: [3, 3, 3] },
];

test('a preference pair counts by its margin and is kept as it is', async () => {
  const found = await selectedOf(PAIRS, PAIR_SCORES, { top: { rows: 1 } });
  assert.equal(found.lines, [PAIRS[1]]);
  assert.equal(
    linesOf(found.decisions).map(({ score }) => score),
    [0.5, 2, -3],
  );
  assert.equal(idsOf(await selectedOf(PAIRS, PAIR_SCORES, { min: 0 })), [1, 2]);
});

test('a row with a list of answers counts by its best one', async () => {
  const found = await selectedOf(LISTS, LIST_SCORES, { min: 3.5 });
  assert.equal(found.lines, [LISTS[0]]);
  assert.equal(
    linesOf(found.decisions).map(({ score }) => score),
    [4, 3],
  );
});

test('best-of-n writes the best answer alone, of equal ones the first', async () => {
  const bestOfN: Criteria = { top: { rows: 1 }, per: 'prompt', bestAnswer: true };
  const [best, equal] = (await selectedOf(LISTS, LIST_SCORES, bestOfN)).lines;
  const asked = [{ role: 'user', content: 'Question 1' }];
  const answered = { role: 'assistant', content: 'a longer answer' };
  assert.equal(best, { id: 1, messages: [...asked, answered], score: 4, answer: 1 });
  assert.is(equal?.['answer'], 0);
  // Of two pairs to one prompt that with the best answer, not that with the widest margin.
  const same = PAIRS.map((row) => ({ ...row, prompt: 'The same' }));
  const [pair, ...others] = (await selectedOf(same, PAIR_SCORES, bestOfN)).lines;
  assert.is(others.length, 0);
  assert.equal([pair?.['id'], pair?.['score'], pair?.['answer']], [1, 9, 'chosen']);
});

test('pairs of rows with several answers are their best and worst, whatever the data calls them', async () => {
  const found = await selectedOf(PAIRS, PAIR_SCORES, { pairs: { margin: 1 } });
  assert.equal(found.lines.length, 2);
  assert.equal(found.lines[1], {
    prompt: [{ role: 'user', content: 'Question 3' }],
    chosen: [{ role: 'assistant', content: 'bad 3' }],
    rejected: [{ role: 'assistant', content: 'good 3' }],
    chosen_id: 3,
    rejected_id: 3,
    score_chosen: 1,
    score_rejected: -2,
    chosen_answer: 'rejected',
    rejected_answer: 'chosen',
  });
  assert.is(found.reasons[0], 'its answers are 0.5 apart, less than 1');
  const lists = await selectedOf(LISTS, LIST_SCORES, { pairs: { margin: 0 } });
  assert.equal([lists.lines[0]?.['chosen_answer'], lists.lines[0]?.['rejected_answer']], [1, 0]);
  assert.is(lists.reasons[1], 'its answers do not differ in score');
});

test('duplicates of rows with several answers are told by all of them', async () => {
  const other = { ...PAIRS[0], id: 2, rejected: 'something else' };
  const found = await selectedOf([PAIRS[0] ?? {}, other, { ...PAIRS[0], id: 3 }], PAIR_SCORES, { dedupe: 'exact' });
  assert.equal(idsOf(found), [1, 2]);
});

test('scores that do not compare are refused: single ones beside margins, and what length explains of a margin', async () => {
  await expectError(
    'INFORM_SCORES_DO_NOT_FIT',
    /several-\d+\.jsonl, line 2 has one score and .*, line 1 the scores of a pair/,
    () => selectedOf(PAIRS, [PAIR_SCORES[0] ?? {}, { id: 2, score: 1 }], { min: 0 }),
  );
  await expectError('INFORM_INVALID_ARGUMENT', /--length-bias .* margin/, () =>
    selectedOf(PAIRS, PAIR_SCORES, { lengthBias: true, top: { rows: 1 } }),
  );
});

test('rows in another shape are read with the map of the run, and refused where their texts are needed without it', async () => {
  const rows = ['A', 'A', 'B'].map((q, id) => ({ id, meta: { q }, reply: `answer ${id}` }));
  const results = rows.map(({ id }) => ({ id, score: id }));
  const perPrompt: Criteria = { top: { rows: 1 }, per: 'prompt' };
  const map = ['instruction=meta.q', 'output=reply'];
  const found = await selectedOf(rows, results, perPrompt, map);
  assert.equal(idsOf(found), [1, 2]);
  assert.equal((JSON.parse(readFileSync(found.manifest, 'utf8')) as { map: unknown }).map, map);
  await expectError('INFORM_INVALID_SAMPLE', /line 1 has a score, and its texts are not found: .*--map/, () =>
    selectedOf(rows, results, perPrompt),
  );
  // Nothing of the texts is asked for here.
  assert.equal(idsOf(await selectedOf(rows, results, { min: 2 })), [2]);
});

test('scores of other data are refused by the line', async () => {
  const data = fileIn(folder, 'other.jsonl', jsonl(rowsFor(2)));
  const output = join(folder, 'never.jsonl');
  const wrong = fileIn(
    folder,
    'wrong.jsonl',
    jsonl([
      { id: 10, score: 1 },
      { id: 99, score: 2 },
    ]),
  );
  await expectError(
    'INFORM_SCORES_DO_NOT_FIT',
    /wrong\.jsonl, line 2 has the score 2 for id 99, and none of the 2 rows/,
    () => select({ data: [data], scores: wrong, output, criteria: { min: 0 } }),
  );
  const noResults = fileIn(folder, 'none.jsonl', jsonl([{ id: 10, reward: 1 }]));
  await expectError('INFORM_SCORES_DO_NOT_FIT', /none\.jsonl, line 1 is no result/, () =>
    select({ data: [data], scores: noResults, output, criteria: { min: 0 } }),
  );
});

test('the same files and criteria give the same bytes, and explain sees what has changed since', async () => {
  const rows = rowsFor(8);
  const scores = [1, 2, 3, 4, 5, 6, 7, 8];
  const criteria = { top: { rows: 3 }, dedupe: 'near' } as const;
  const found = await selected(rows, scores, criteria);
  const before = [found.output, found.decisions, found.manifest].map((file) => readFileSync(file));
  const again = { data: [join(folder, `set-${made - 1}.jsonl`)], scores: join(folder, `set-${made - 1}-scores.jsonl`) };
  await expectError('INFORM_OUTPUT_UNWRITABLE', /exists already/, () =>
    select({ ...again, output: found.output, criteria }),
  );
  await select({ ...again, output: found.output, criteria, overwrite: true });
  for (const [i, file] of [found.output, found.decisions, found.manifest].entries()) {
    assert.equal(readFileSync(file), before[i]);
  }
  const states = async (): Promise<string[]> => (await explain(found.manifest)).files.map(({ state }) => state);
  assert.equal(await states(), ['unchanged', 'unchanged', 'unchanged', 'unchanged']);
  writeFileSync(found.output, 'changed');
  assert.equal(await states(), ['unchanged', 'unchanged', 'changed', 'unchanged']);
  const notOne = fileIn(folder, 'not.json', '{"format": 1}');
  await expectError('INFORM_INPUT_UNREADABLE', /is no manifest of a selection/, () => explain(notOne));
});

test('criteria that contradict each other, or none, are refused', async () => {
  for (const criteria of [
    {},
    { per: 'prompt' },
    { balance: 'source' },
    { top: { rows: 1 }, per: 'prompt', balance: 'source' },
    { pairs: { margin: 0 }, top: { rows: 1 } },
  ] as Criteria[]) {
    await expectError('INFORM_INVALID_ARGUMENT', /./, () => selected(rowsFor(1), [1], criteria));
  }
});

test.run();
