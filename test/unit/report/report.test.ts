import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { report } from '#src/report/report.js';
import { expectError } from '../../support/assert/expect-error.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';
import { testIf } from '../../support/test-if.js';

const folder = tempFolder();
const HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(2)>"\'&\u202e\u001b[31m${x}';

interface Set {
  data: string;
  scores: string;
}

/** Forty rows whose every text is markup, four answers to a prompt. */
function hostileSet(name: string): Set {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    id: `${HOSTILE}${i}`,
    instruction: `${HOSTILE} ${Math.floor(i / 4)}`,
    output: HOSTILE.repeat(1 + (i % 7)),
    source: i % 2 === 0 ? HOSTILE : 'plain',
  }));
  const results = rows.slice(0, 38).map(({ id }, i) => ({ id, score: (i * 7) % 11 }));
  const jsonl = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  return {
    data: fileIn(folder, `${name} & 'data'.jsonl`, jsonl(rows)),
    scores: fileIn(folder, `${name}<b>.jsonl`, jsonl(results)),
  };
}

async function pageOf({ data, scores }: Set, more: Partial<Parameters<typeof report>[0]> = {}): Promise<string> {
  const output = join(folder, 'page.html');
  await report({ scores: [scores], data, by: undefined, output, overwrite: true, ...more });
  return readFileSync(output, 'utf8');
}

test('nothing in the data is markup, ends the script or turns the text around', async () => {
  const page = await pageOf(hostileSet('one'));
  const elements = [...page.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name]) => name?.toLowerCase());
  assert.is(elements.filter((name) => name === 'script').length, 2);
  assert.is(elements.includes('img'), false);
  assert.is(elements.includes('b') && !page.includes('one<b>'), true, 'our own <b> only');
  assert.not.match(page, /[\u0000-\u0008\u000b-\u001f\u202a-\u202e]/);
  assert.match(page, /&lt;\/script&gt;&lt;script&gt;alert\(1\)/);
});

test('the page has its parts, says what is missing, and is the same again', async () => {
  const set = hostileSet('two');
  const page = await pageOf(set);
  for (const heading of [
    'Distribution',
    'Score and length',
    'By source',
    'Prompts whose answers differ most',
    'To read',
    'Rows without a score',
  ]) {
    assert.ok(page.includes(`<h2>${heading}</h2>`), heading);
  }
  assert.is(await pageOf(set), page);
  assert.not.match(page, /<(link|iframe|object|embed)|url\(|@import/);
});

test('without the data there are no lengths and no rows; several files stand side by side', async () => {
  const { scores } = hostileSet('three');
  const other = hostileSet('four');
  const page = await pageOf({ data: '', scores }, { data: undefined, scores: [scores, other.scores] });
  assert.ok(page.includes('<h2>Side by side</h2>'));
  assert.not.match(page, /Score and length|To read/);
});

test('pairs are shown by their margins, lists by their best answers, with the answers to read', async () => {
  const jsonl = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const ids = Array.from({ length: 8 }, (_, id) => id);
  const pairs = await pageOf({
    data: fileIn(
      folder,
      'p.jsonl',
      jsonl(ids.map((id) => ({ id, prompt: `Q${id}`, chosen: `g${id}`, rejected: `b${id}` }))),
    ),
    scores: fileIn(folder, 'ps.jsonl', jsonl(ids.map((id) => ({ id, scores: { chosen: id, rejected: 1.5 } })))),
  });
  assert.match(pairs, /<dt>pairs scored<\/dt>\s*<dd>8<\/dd>/);
  assert.match(pairs, /<dt>chosen scores higher<\/dt>\s*<dd>75\.0 %<\/dd>/);
  assert.match(pairs, /lowest to highest<\/dt>\s*<dd>-1\.50 to 5\.50<\/dd>/);
  assert.match(pairs, /chosen: 7\.00<\/p>\s*<pre>g7<\/pre>/);
  assert.not.match(pairs, /Score and length/);
  const lists = await pageOf({
    data: fileIn(
      folder,
      'l.jsonl',
      jsonl(ids.map((id) => ({ id, prompt: `Q${id}`, responses: ['a', 'bb'.repeat(id)] }))),
    ),
    scores: fileIn(folder, 'ls.jsonl', jsonl(ids.map((id) => ({ id, scores: [1, 2 * id] })))),
  });
  assert.match(lists, /lowest to highest<\/dt>\s*<dd>1\.00 to 14\.00<\/dd>/);
  assert.match(lists, /<b>13\.00<\/b> between 2 answers: Q7/);
  assert.match(lists, /<h2>Score and length<\/h2>/);
  await expectError('INFORM_SCORES_DO_NOT_FIT', /They do not compare/, () =>
    pageOf({ data: '', scores: '' }, { data: undefined, scores: [join(folder, 'ps.jsonl'), join(folder, 'ls.jsonl')] }),
  );
});

const LINES = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');

test('rows that were cut are those that the log names since the run began, and why rows were rejected stands beside the scores', async () => {
  const rows = Array.from({ length: 10 }, (_, i) => ({ id: i % 5, instruction: `Q${i}`, output: `A${i}` }));
  const data = fileIn(folder, 'cut.jsonl', LINES(rows));
  const scores = fileIn(folder, 'cut-scores.jsonl', LINES(rows.slice(0, 8).map(({ id }, i) => ({ id, score: i }))));
  const reasons = ['"output" is missing at column 7', '"output" is missing at column 9'];
  fileIn(folder, 'cut-scores.jsonl.rejects.jsonl', LINES(reasons.map((reason, i) => ({ row: 8 + i, reason }))));
  const log = fileIn(
    folder,
    'run.log',
    `${LINES([
      { event: 'start' },
      { event: 'truncated', id: 0, line: 1 },
      { event: 'start' },
      { event: 'truncated', id: 3, line: 4 },
      { event: 'start', resumed: 5 },
      { event: 'truncated', id: 2, line: 8 },
    ])}{"event": "trunc`,
  );
  const page = await pageOf({ data, scores }, { log });
  assert.match(page, /<h2>Cut rows<\/h2>\s*<p>\s*2 of 8 rows \(25\.0 %\) were/);
  // Rows 3 and 7: of the two rows with the id 2 the one on line 8, whose score is 7.
  assert.match(page, /<td>cut<\/td>\s*<td>2<\/td>\s*<td>5\.00<\/td>\s*<td>3\.00<\/td>/);
  assert.match(page, /<td>&quot;output&quot; is missing at column 7<\/td>\s*<td>2<\/td>/);
  // Without the data there are the ids alone, and as many rows.
  const alone = await pageOf({ data: '', scores }, { data: undefined, log });
  assert.match(alone, /2 of 8 rows \(25\.0 %\) were/);
  assert.match(alone, /<dt>without a score<\/dt>\s*<dd>2<\/dd>/);
  assert.not.match(await pageOf({ data, scores }), /Cut rows/);
  const none = fileIn(folder, 'none.log', LINES([{ event: 'start' }]));
  assert.match(await pageOf({ data, scores }, { log: none }), /No row was longer than max_length/);
  const other = fileIn(folder, 'other.log', LINES([{ event: 'start' }, { event: 'truncated', id: 77, line: 1 }]));
  await expectError('INFORM_SCORES_DO_NOT_FIT', /other\.log is the log of another run/, () =>
    pageOf({ data, scores }, { log: other }),
  );
  await expectError('INFORM_INPUT_UNREADABLE', /is no log of a run/, () => pageOf({ data, scores }, { log: data }));
});

test('a field that no row has, a file without scores and one that exists are refused', async () => {
  const set = hostileSet('five');
  await expectError('INFORM_INVALID_ARGUMENT', /No row has the field "nope"/, () => pageOf(set, { by: 'nope' }));
  const empty = fileIn(folder, 'empty.jsonl', '');
  await expectError('INFORM_INVALID_ARGUMENT', /holds no scores/, () =>
    pageOf({ data: '', scores: empty }, { data: undefined }),
  );
  await expectError('INFORM_OUTPUT_UNWRITABLE', /exists already/, () => pageOf(set, { overwrite: false }));
});

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

testIf(CHROMIUM !== undefined)('a browser runs the slider under the page’s own policy, and nothing else', async () => {
  await pageOf(hostileSet('six'));
  const { stdout } = await promisify(execFile)(
    CHROMIUM ?? '',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${join(folder, 'chromium')}`,
      '--dump-dom',
      `file://${join(folder, 'page.html')}`,
    ],
    { maxBuffer: 1 << 26, timeout: 60_000 },
  );
  assert.match(stdout, /<p id="kept" role="status">Scores from [\d.]+ on: \d+ of 38 rows \(/);
  assert.match(stdout, /inform-score select '[^<]*' '[^<]*' --min [\d.]+ -o curated\.jsonl/);
  assert.is(stdout.split('<script').length, 3);
});

test.run();
