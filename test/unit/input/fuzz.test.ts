import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InformError } from '#src/errors.js';
import { type InputRow, readRows } from '#src/input/rows.js';
import { toId, toMessages } from '#src/input/sample.js';
import { packageRoot } from '#src/util/package-root.js';
import { damagedBytes, damagedJson } from '../../support/models/damage.js';
import { Random } from '../../support/random.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

// Damaged inputs, from a fixed seed: no crash, no hang, and no row that carries what another one says. What lies outside of the
// damage is read as if there were none.

const SEED = 20261125;
const ROUNDS = 600;
const folder = tempFolder();

const SAMPLES = Array.from({ length: 12 }, (_, id) => ({
  id,
  instruction: `Question ${id}: \u00e9 \ud83d\ude00 "quoted" \\ [1, {2}]`,
  input: id % 3 === 0 ? null : '',
  output: `Answer ${id}`,
}));
const LINES = SAMPLES.map((sample) => Buffer.from(JSON.stringify(sample)));
const NEW_LINE = Buffer.from('\n');

async function read(bytes: Buffer, maxLineBytes?: number): Promise<InputRow[]> {
  const rows: InputRow[] = [];
  for await (const row of readRows([fileIn(folder, 'rows', bytes)], { maxLineBytes })) rows.push(row);
  return rows;
}

function joined(lines: readonly Buffer[]): Buffer {
  return Buffer.concat(lines.flatMap((line) => [line, NEW_LINE]));
}

/** One row for its line, with the sample that stands there. */
function assertRow(row: InputRow | undefined, index: number, round: number): void {
  assert.ok(row?.ok, `round ${round}: line ${index + 1} is lost`);
  assert.equal(row.value, SAMPLES[index], `round ${round}`);
  assert.is(row.id?.json, String(index));
}

test('JSON Lines: one damaged line costs that line and no other', async () => {
  const random = new Random(SEED);
  let rejected = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const victim = random.below(LINES.length);
    const damaged = damagedBytes(LINES[victim] ?? NEW_LINE, random).map((byte) => (byte === 0x0a ? 0x20 : byte));
    // A first line that begins with "[" makes an array of the whole; the next test has those.
    if (victim === 0 && Buffer.from(damaged).toString().trimStart().startsWith('[')) continue;
    const rows = await read(joined(LINES.map((line, index) => (index === victim ? Buffer.from(damaged) : line))));
    for (const index of LINES.keys()) {
      const here = rows.filter(({ line }) => line === index + 1);
      assert.ok(here.length <= 1);
      if (index !== victim) assertRow(here[0], index, round);
      else if (here[0]?.ok === false) rejected++;
    }
    assert.ok(rows.length >= LINES.length - 1 && rows.length <= LINES.length);
  }
  assert.ok(rejected > ROUNDS / 2, `${rejected} rejected`);
});

test('JSON Lines: cut anywhere, all whole lines before the cut are read', async () => {
  const whole = joined(LINES);
  const ends: number[] = [];
  for (let at = whole.indexOf(0x0a); at >= 0; at = whole.indexOf(0x0a, at + 1)) ends.push(at);
  const random = new Random(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const cut = 5 + random.below(whole.length - 5);
    const rows = await read(whole.subarray(0, cut));
    const complete = ends.filter((end) => end <= cut).length;
    for (let index = 0; index < complete; index++) assertRow(rows[index], index, round);
    assert.ok(rows.length <= complete + 1);
    assert.ok(rows.slice(complete).every((row) => !row.ok));
  }
});

test('a JSON array: elements before the damage are read, and the rest ends somehow', async () => {
  const random = new Random(SEED);
  const separator = Buffer.from(',\n');
  for (let round = 0; round < ROUNDS; round++) {
    const victim = random.below(LINES.length);
    const before = LINES.slice(0, victim).flatMap((line) => [line, separator]);
    const after = LINES.slice(victim + 1).flatMap((line) => [separator, line]);
    const damaged = damagedBytes(LINES[victim] ?? NEW_LINE, random);
    const rows = await read(Buffer.concat([Buffer.from('['), ...before, damaged, ...after, Buffer.from(']')]));
    for (let index = 0; index < victim; index++) assertRow(rows[index], index, round);
    // What is read after it is what stands there, or overlaps the damage.
    for (const row of rows.slice(victim)) assert.ok(row.ok || row.error.code === 'INFORM_INVALID_SAMPLE');
  }
});

test('any bytes at all: rows or a sentence', async () => {
  const random = new Random(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const soup = Buffer.from(Array.from({ length: 1 + random.below(300) }, () => random.pick(SOUP)));
    try {
      for (const row of await read(soup, random.pick([1, 7, 100, 1000]))) {
        if (!row.ok) assert.match(row.error.message, /^[^\n]{5,400}$/);
      }
    } catch (error) {
      if (!(error instanceof InformError)) throw new Error(`round ${round}`, { cause: error });
      assert.is(error.code, 'INFORM_INPUT_UNREADABLE');
    }
  }
});

const SOUP: readonly [number, ...number[]] = [
  0,
  ...Buffer.from('{}[]",:\\u0019.-+eE tfn\n\r\t'),
  0x7f,
  0x80,
  0xc3,
  0xed,
  0xff,
  0xef,
  0xbb,
  0xbf,
];

test("rows are read exactly where Python's json reads them, and as it reads them", async () => {
  const file = join(packageRoot(), 'test', 'fixtures', 'python-rows.json');
  const cases = JSON.parse(readFileSync(file, 'utf8')) as [line: string, fields: Record<string, unknown> | null][];
  const rows = await read(Buffer.from(cases.map(([line]) => `${line}\n`).join('')));
  assert.is(rows.length, cases.length);
  for (const [index, [line, fields]] of cases.entries()) {
    const row = rows[index];
    assert.is(row?.ok, fields !== null, line);
    if (row?.ok !== true) assert.match(row?.error.message ?? '', /^the row is not valid JSON at column \d+: /);
    for (const [name, value] of Object.entries(fields ?? {})) {
      assert.equal((row as { value: Record<string, unknown> }).value[name], value, line);
    }
  }
});

test('samples of any structure: a conversation that ends with the assistant, or a sentence', () => {
  const random = new Random(SEED);
  const wholes: readonly [unknown, unknown] = [
    SAMPLES[1],
    { id: 'a', messages: [{ role: 'system', content: 's' }, { role: 'user', content: 'u' }, { role: 'assistant', content: 'a' }] },
  ]; // prettier-ignore
  let accepted = 0;
  for (let round = 0; round < 5000; round++) {
    let sample: unknown = random.pick(wholes);
    for (let times = 1 + random.below(2); times > 0; times--) sample = damagedJson(sample, random);
    try {
      toId(typeof sample === 'object' && sample !== null && 'id' in sample ? sample.id : undefined);
      const messages = toMessages(sample);
      assert.is(messages.at(-1)?.role, 'assistant');
      for (const { content } of messages) assert.type(content, 'string');
      accepted++;
    } catch (error) {
      if (!(error instanceof InformError)) throw new Error(`round ${round}`, { cause: error });
      assert.is(error.code, 'INFORM_INVALID_SAMPLE');
      assert.match(error.message, /^[^\n]{5,400}$/);
    }
  }
  assert.ok(accepted > 100 && accepted < 4900, `${accepted} accepted`);
});

test('lines longer than the limit are not held: memory stays flat', async () => {
  const limit = 1000;
  const long = Buffer.alloc(48 * 2 ** 20, 'x');
  const good = LINES[0] ?? NEW_LINE;
  const before = process.memoryUsage().rss;
  const path = fileIn(folder, 'long', Buffer.concat([good, NEW_LINE, long, NEW_LINE, good, NEW_LINE]));
  const rows: InputRow[] = [];
  for await (const row of readRows([path], { maxLineBytes: limit })) rows.push(row);
  assert.equal(rows.map((row) => [row.line, row.ok ? 'ok' : row.error.message]), [
    [1, 'ok'],
    [2, 'the line is longer than 1000 bytes'],
    [3, 'ok'],
  ]); // prettier-ignore
  assert.ok(process.memoryUsage().rss - before < 2 * long.length + (64 << 20));
});

test.run();
