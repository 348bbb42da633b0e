import {
  appendFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeRecord, encodeRecord, type JournalRecord } from '#src/run/journal/records.js';
import { readRecords } from '#src/run/journal/read-records.js';
import {
  isUnreadable,
  summarizeJournal,
  type JournalSummary,
  type UnreadableJournal,
} from '#src/run/journal/summarize.js';
import { expectError } from '../../support/assert/expect-error.js';
import { addRows, fingerprint, finishedRows, inputRow, openJournaled, scoreLines } from '../../support/journal.js';
import { Random } from '../../support/random.js';
import { fileIn, tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
let made = 0;

/** A path where nothing is yet. */
function newPath(): string {
  return join(folder, `out-${made++}.jsonl`);
}

const REJECT = '{"file": "in", "line": 6, "row": 5, "reason": ", \\"result\\": ", "code": "X"}';

/** A run that was broken off after `rows` rows. */
async function brokenOff(rows: number): Promise<string> {
  const path = newPath();
  const output = await openJournaled(path);
  await output.start(fingerprint(), fingerprint().inputs);
  await addRows(output, 0, rows);
  await output.abandon();
  return path;
}

test('every kind of record comes back as it was written, ids to the last digit', () => {
  const row = { row: 5, digest: '0123456789abcdef', tokens: 40, truncated: false, holdsSpecialText: false } as const;
  const records: JournalRecord[] = [
    { kind: 'header', format: 1, began: '2026-11-25T00:00:00.000Z', fingerprint: fingerprint() },
    {
      kind: 'header',
      format: 1,
      began: 'x',
      fingerprint: fingerprint({ shard: '2/4', head: { file: 'h', digest: 'd' } }),
    },
    { ...row, kind: 'score', json: '{"id": 12345678901234567890, "score": 1e-7}' },
    {
      ...row,
      kind: 'score',
      truncated: true,
      holdsSpecialText: true,
      json: '{"id": ", \\"reject\\": {é\\u0000", "score": 1}',
    },
    { ...row, kind: 'reject', tokens: 0, json: REJECT },
    { kind: 'inputs', inputs: [{ file: '<stdin>' }, { file: 'a', bytes: 1, sha256: 'b' }] },
    { kind: 'end', rows: 7, output: 'aa', rejects: 'bb' },
    { kind: 'end', rows: 7, output: 'aa' },
  ];
  for (const record of records) {
    const line = encodeRecord(record);
    assert.match(line, /^\{.*, "crc": "[0-9a-f]{8}"\}\n$/);
    JSON.parse(line); // readable for everyone
    const decoded = decodeRecord(Buffer.from(line.trimEnd()));
    assert.equal(JSON.parse(JSON.stringify(decoded)), JSON.parse(JSON.stringify(record)));
  }
});

test('a row is in the journal as documented', async () => {
  const path = await brokenOff(4);
  const [header, first, , , reject, end] = readFileSync(`${path}.journal`, 'utf8').split('\n');
  assert.match(
    header ?? '',
    /^\{"journal": "inform-score", "format": 1, "began": "20.*", "version": "1\.2\.3", "model": /,
  );
  assert.match(
    first ?? '',
    /^\{"row": 0, "digest": "[0-9a-f]{16}", "tokens": 10, "truncated": true, "special": true, "result": \{"id": 0, "score": 0\}, "crc": "[0-9a-f]{8}"\}$/,
  );
  assert.match(reject ?? '', /^\{"row": 3, "digest": "[0-9a-f]{16}", "reject": \{"file": "in.jsonl", "line": 4, /);
  assert.is(end, '');
});

test('a file appears under its name only when it is whole; the journal goes', async () => {
  const path = newPath();
  const output = await openJournaled(path);
  await output.start(fingerprint(), fingerprint().inputs);
  await addRows(output, 0, 100);
  assert.not.ok(existsSync(path));
  await output.finish(100);
  assert.is(readFileSync(path, 'utf8'), scoreLines(100));
  assert.is(readFileSync(`${path}.rejects.jsonl`, 'utf8').trimEnd().split('\n').length, 14);
  assert.not.ok(existsSync(`${path}.journal`));
});

test('a run without rows ends in an empty file; one that stops before its first row leaves nothing', async () => {
  const path = newPath();
  const output = await openJournaled(path);
  await output.start(fingerprint(), fingerprint().inputs);
  await output.finish(0);
  assert.is(readFileSync(path, 'utf8'), '');

  const other = newPath();
  assert.is(await (await openJournaled(other)).abandon(), undefined);
  const begun = await openJournaled(other);
  await begun.start(fingerprint(), fingerprint().inputs);
  assert.is(await begun.abandon(), undefined);
  assert.not.ok(existsSync(other) || existsSync(`${other}.journal`));
});

test('what a run left is gone on with', async () => {
  const path = await brokenOff(20);
  const output = await openJournaled(path);
  assert.equal(await output.start(fingerprint(), fingerprint().inputs), { rows: 20, missing: 0, notes: [] });
  const records = await finishedRows(output);
  assert.equal(
    records.map(({ row }) => row),
    Array.from({ length: 20 }, (_, row) => row),
  );
  for (const record of records) output.checkRow(record, inputRow(record.row));
  await addRows(output, 20, 50);
  await output.finish(50);
  assert.is(readFileSync(path, 'utf8'), scoreLines(50));
});

test('a row that changed, or is gone, is found', async () => {
  const path = await brokenOff(3);
  const output = await openJournaled(path);
  await output.start(fingerprint(), fingerprint().inputs);
  const [record] = await finishedRows(output);
  if (record === undefined) throw new Error('no record');
  const changed = { ...inputRow(0), text: 'other' };
  await expectError(
    'INFORM_CANNOT_RESUME',
    /in\.jsonl, line 1, is not the row.*--restart to discard its 3 rows/,
    () => {
      output.checkRow(record, changed);
    },
  );
  await expectError('INFORM_CANNOT_RESUME', /ends before row 0/, () => {
    output.checkRow(record, undefined);
  });
  await output.abandon();
});

const CHANGES: [what: string, changes: Parameters<typeof fingerprint>[0], message: RegExp][] = [
  ['model', { model: { ...fingerprint().model, digest: 'cc' } }, /the model model\.gguf has another content/],
  [
    'another model',
    { model: { ...fingerprint().model, file: 'b.gguf', digest: 'cc' } },
    /the model was model\.gguf and is b\.gguf, which has another content/,
  ],
  ['head', { head: { file: 'head.gguf', digest: 'x' } }, /score_head was not given and is head\.gguf/],
  ['template', { template: { file: 't.jinja', digest: 'x' } }, /chat_template was not given and is t\.jinja/],
  ['option', { options: { max_length: 10, deterministic: false } }, /max_length was 4096 and is 10/],
  ['shard', { shard: '1/2' }, /the shard was none and is 1\/2/],
  ['input', { inputs: [{ file: 'in.jsonl', bytes: 99, sha256: 'x' }] }, /the input in\.jsonl has another content/],
  ['inputs', { inputs: [] }, /there were 1 input and there are 0/],
  [
    'several',
    { options: { max_length: 10, deterministic: true }, shard: '1/2' },
    /max_length was 4096 and is 10; deterministic was false and is true; the shard was/,
  ],
];

for (const [what, changes, message] of CHANGES) {
  test(`another run is refused, and what changed is named: ${what}`, async () => {
    const path = await brokenOff(3);
    const before = readFileSync(`${path}.journal`);
    const changed = fingerprint(changes);
    const output = await openJournaled(path);
    await expectError('INFORM_CANNOT_RESUME', message, () => output.start(changed, changed.inputs));
    assert.is(await output.abandon(), undefined);
    assert.ok(readFileSync(`${path}.journal`).equals(before), 'the journal is as it was');

    const anew = await openJournaled(path, { restart: true });
    assert.is((await anew.start(changed, changed.inputs)).rows, 0);
    await anew.abandon();
  });
}

test('what only rounds otherwise may change; not so in an exact run', async () => {
  const path = await brokenOff(3);
  const output = await openJournaled(path);
  const update = fingerprint({ version: '1.2.4' });
  assert.is((await output.start(update, update.inputs)).rows, 3);
  await output.abandon();

  const exact = newPath();
  const options = { max_length: 4096, deterministic: true, threads: 2 };
  const first = await openJournaled(exact);
  await first.start(fingerprint({ options }), fingerprint().inputs);
  await addRows(first, 0, 3);
  await first.abandon();
  for (const changed of [
    fingerprint({ options: { ...options, threads: 3 } }),
    fingerprint({ options, version: '2' }),
  ]) {
    const second = await openJournaled(exact);
    await expectError('INFORM_CANNOT_RESUME', /threads was 2 and is 3|version 1\.2\.3 and is 2/, () =>
      second.start(changed, changed.inputs),
    );
    await second.abandon();
  }
});

test('a model file that was only written again is said, and used', async () => {
  const path = await brokenOff(3);
  const output = await openJournaled(path);
  const { model, inputs } = fingerprint();
  const touched = fingerprint({ model: { ...model, modified: '2026-11-26T00:00:00.000Z' } });
  const { rows, notes } = await output.start(touched, inputs);
  assert.is(rows, 3);
  assert.match(notes.join(), /model\.gguf was written again/);
  await output.abandon();
});

test('a grown input goes on only with --follow-appended, and then keeps its journal for the next time', async () => {
  const path = newPath();
  const before = fingerprint();
  const first = await openJournaled(path, { followAppended: true });
  await first.start(before, before.inputs);
  await addRows(first, 0, 10);
  await first.finish(10);
  assert.ok(existsSync(`${path}.journal`));

  const [input] = before.inputs;
  const inputs = [{ file: 'in.jsonl', bytes: 150, sha256: 'ee', beginning: input?.sha256 }];
  const grown = fingerprint({ inputs });
  const refused = await openJournaled(path);
  await expectError('INFORM_CANNOT_RESUME', /in\.jsonl has grown.*--follow-appended/, () =>
    refused.start(grown, inputs),
  );
  await refused.abandon();

  // Broken off in between: the output that is there is still known as the run's own.
  for (const to of [12, 15]) {
    const next = await openJournaled(path, { followAppended: true });
    const { rows } = await next.start(grown, inputs);
    await addRows(next, rows, to);
    await (to === 12 ? next.abandon() : next.finish(to));
    assert.is(readFileSync(path, 'utf8'), scoreLines(to === 12 ? 10 : to));
  }
});

test('a journal that ends in a torn line goes on before it', async () => {
  for (const cut of [1, 5, 60]) {
    const path = await brokenOff(20);
    const size = readFileSync(`${path}.journal`).length;
    truncateSync(`${path}.journal`, size - cut);
    const output = await openJournaled(path);
    const { rows, notes } = await output.start(fingerprint(), fingerprint().inputs);
    assert.is(rows, 19);
    assert.match(notes.join(), /last line of the journal was cut off/);
    await addRows(output, 19, 30);
    await output.finish(30);
    assert.is(readFileSync(path, 'utf8'), scoreLines(30));
  }
});

test('a damaged line in the middle: all others are kept, its row is done again, the file kept aside', async () => {
  const path = await brokenOff(20);
  const text = readFileSync(`${path}.journal`, 'utf8');
  const damaged = text.replace('"score": 1.125', '"score": 2.125');
  assert.is.not(damaged, text);
  writeFileSync(`${path}.journal`, damaged);
  const output = await openJournaled(path);
  const { rows, missing, notes } = await output.start(fingerprint(), fingerprint().inputs);
  assert.equal([rows, missing], [19, 1]);
  assert.match(notes.join(), /is damaged at line 11: the 19 rows that are good are kept, the others are scored again/);
  assert.is(readFileSync(`${path}.journal.damaged`, 'utf8'), damaged);
  assert.equal(
    (await finishedRows(output)).map(({ row }) => row),
    Array.from({ length: 20 }, (_, row) => row).filter((row) => row !== 9),
  );
  await addRows(output, 9, 10);
  await addRows(output, 20, 30);
  await output.finish(30);
  assert.is(readFileSync(path, 'utf8'), scoreLines(30));
});

test('a file that is no journal is refused, and goes only with --restart', async () => {
  const path = newPath();
  fileIn(folder, `${path.slice(folder.length + 1)}.journal`, 'my notes\nmore of them\n');
  const output = await openJournaled(path);
  await expectError('INFORM_CANNOT_RESUME', /damaged in its first line, or no journal.*--restart to begin anew/, () =>
    output.start(fingerprint(), fingerprint().inputs),
  );
  await output.abandon();
  assert.is(readFileSync(`${path}.journal`, 'utf8'), 'my notes\nmore of them\n');
  const anew = await openJournaled(path, { restart: true });
  await anew.start(fingerprint(), fingerprint().inputs);
  await addRows(anew, 0, 5);
  await anew.finish(5);
  assert.is(readFileSync(path, 'utf8'), scoreLines(5));
});

test('any flipped bits and any cut: what is read is what was written, and flips are always noticed', async () => {
  const path = await brokenOff(40);
  const good = readFileSync(`${path}.journal`);
  const truth = (await readBack(`${path}.journal`)).rows;
  assert.is(truth.length, 40);
  const random = new Random(20261125);
  const seen = { cut: 0, fewer: 0, unreadable: 0, none: 0 };
  for (let round = 0; round < 1500; round++) {
    const bytes = Buffer.from(good);
    // A new file each time: to shorten a file and fill it again makes some systems wait for the disk.
    const journal = newPath();
    const cut = round % 3 === 0;
    let flips = 1 + random.below(3);
    if (!cut) {
      for (let flip = 0; flip < flips; flip++) {
        const at = random.below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      }
      if (bytes.equals(good)) continue;
    } else flips = 0;
    writeFileSync(journal, cut ? bytes.subarray(0, random.below(bytes.length)) : bytes);
    const { rows, found } = await readBack(journal);
    rmSync(journal);
    if (cut) {
      assert.equal(rows, truth.slice(0, rows.length), `round ${round}`);
      seen.cut++;
    } else if (found === undefined) seen.none++;
    else if (isUnreadable(found)) seen.unreadable++;
    else {
      assert.equal(
        rows,
        truth.filter((row) => rows.includes(row)),
        `round ${round}: not what was written`,
      );
      assert.ok(rows.length < truth.length, `round ${round}: flipped bits went unseen`);
      // A line break that is flipped costs two rows, all other bits one.
      assert.ok(rows.length >= truth.length - 2 * flips, `round ${round}: ${rows.length} rows`);
      assert.ok(found.damage, `round ${round}: damage went unsaid`);
      assert.is(found.rows, rows.length);
      seen.fewer++;
    }
  }
  assert.ok(seen.fewer > 500 && seen.unreadable > 50 && seen.cut === 500 && seen.none === 0, JSON.stringify(seen));
});

/** What a journal is taken for, and its rows. */
async function readBack(
  journal: string,
): Promise<{ found: JournalSummary | UnreadableJournal | undefined; rows: string[] }> {
  const file = await open(journal);
  try {
    const rows: string[] = [];
    for await (const { record } of readRecords(file, journal)) {
      if (record !== undefined && record.kind !== 'header') rows.push(JSON.stringify(record));
    }
    return { found: await summarizeJournal(file, journal), rows };
  } finally {
    await file.close();
  }
}

test('an existing output is replaced only when asked, and only at the end', async () => {
  const path = fileIn(folder, 'old.jsonl', 'old');
  const message = `${path} exists already. Move it away, or pass --overwrite to replace it.`;
  await expectError('INFORM_OUTPUT_UNWRITABLE', message, () => openJournaled(path));
  assert.not.ok(existsSync(`${path}.journal`));
  const output = await openJournaled(path, { overwrite: true });
  await output.start(fingerprint(), fingerprint().inputs);
  await addRows(output, 0, 2);
  assert.is(readFileSync(path, 'utf8'), 'old');
  await output.finish(2);
  assert.is(readFileSync(path, 'utf8'), scoreLines(2));
});

test('rejects of an earlier run go only when asked, and then also when this run has none', async () => {
  const path = newPath();
  writeFileSync(`${path}.rejects.jsonl`, 'stale');
  await expectError('INFORM_OUTPUT_UNWRITABLE', /rejects\.jsonl exists already\./, () => openJournaled(path));
  const output = await openJournaled(path, { overwrite: true });
  await output.start(fingerprint(), fingerprint().inputs);
  await addRows(output, 0, 2);
  await output.finish(2);
  assert.not.ok(existsSync(`${path}.rejects.jsonl`));
});

test('two runs with one output: the second is refused, whatever it passes, and by whatever name', async () => {
  const path = newPath();
  const first = await openJournaled(path);
  await first.start(fingerprint(), fingerprint().inputs);
  symlinkSync(folder, join(folder, 'again'));
  for (const name of [path, join(folder, 'again', path.slice(folder.length + 1))]) {
    for (const options of [{}, { overwrite: true }, { restart: true }]) {
      await expectError('INFORM_OUTPUT_IN_USE', /is the output of another run that is still going on/, () =>
        openJournaled(name, options),
      );
    }
  }
  await addRows(first, 0, 3);
  await first.finish(3);
  assert.is(readFileSync(path, 'utf8'), scoreLines(3));
});

test('a file that someone else makes during the run is not replaced', async () => {
  const path = newPath();
  const output = await openJournaled(path);
  await output.start(fingerprint(), fingerprint().inputs);
  await addRows(output, 0, 3);
  writeFileSync(path, 'theirs');
  await expectError('INFORM_OUTPUT_UNWRITABLE', /during the run\. The scores are in .*\.journal\.$/, () =>
    output.finish(3),
  );
  assert.is(readFileSync(path, 'utf8'), 'theirs');
  assert.equal(await output.abandon(), { rows: 3, journal: `${path}.journal` });
});

test('a journal that is taken away, or its folder, is noticed before the run says that it is done', async () => {
  const inside = join(folder, 'mounted');
  mkdirSync(inside);
  for (const take of [
    (path: string) => {
      rmSync(`${path}.journal`);
    },
    () => {
      renameSync(inside, join(folder, 'unmounted'));
    },
  ]) {
    const path = join(inside, 'out.jsonl');
    const output = await openJournaled(path);
    await output.start(fingerprint(), fingerprint().inputs);
    await addRows(output, 0, 3);
    take(path);
    await expectError('INFORM_OUTPUT_UNWRITABLE', /journal is gone: it was removed, or its disk was unmounted/, () =>
      output.finish(3),
    );
    await output.abandon();
  }
  assert.ok(existsSync(join(folder, 'unmounted', 'out.jsonl.journal')), 'what is out of reach is left alone');
});

test('a run that was killed between its last two steps is done when it is started again', async () => {
  const path = newPath();
  const first = await openJournaled(path, { keepJournal: true });
  await first.start(fingerprint(), fingerprint().inputs);
  await addRows(first, 0, 10);
  await first.finish(10); // the names are given, the journal is still there
  const again = await openJournaled(path);
  assert.is((await again.start(fingerprint(), fingerprint().inputs)).rows, 10);
  await finishedRows(again);
  await again.finish(10);
  assert.is(readFileSync(path, 'utf8'), scoreLines(10));
  assert.not.ok(existsSync(`${path}.journal`));

  const edited = newPath();
  const kept = await openJournaled(edited, { keepJournal: true });
  await kept.start(fingerprint(), fingerprint().inputs);
  await kept.finish(0);
  appendFileSync(edited, 'mine');
  await expectError('INFORM_OUTPUT_UNWRITABLE', /exists already/, () => openJournaled(edited));
});

test('an output that cannot be written is found before any scoring', async () => {
  const cases: [string, RegExp][] = [
    [join(folder, 'nowhere', 'out.jsonl'), /nowhere.* cannot be created: its folder does not exist\./],
    [join(fileIn(folder, 'file', ''), 'out.jsonl'), /its folder does not exist\./],
  ];
  for (const [path, message] of cases) {
    for (const overwrite of [false, true]) {
      await expectError('INFORM_OUTPUT_UNWRITABLE', message, () => openJournaled(path, { overwrite }));
    }
  }
});

test('no input is written over, under whatever name', async () => {
  const data = fileIn(folder, 'data.jsonl', 'data');
  linkSync(data, join(folder, 'hard.jsonl'));
  symlinkSync(data, join(folder, 'soft.jsonl'));
  const journal = fileIn(folder, 'in.jsonl.journal', 'data');
  const rejects = fileIn(folder, 'in.jsonl.rejects.jsonl', 'data');
  mkdirSync(join(folder, 'directory'));
  const cases: [output: string, input: string][] = [
    [data, data],
    [data, join(folder, '.', 'directory', '..', 'data.jsonl')],
    [join(folder, 'hard.jsonl'), data],
    [data, join(folder, 'soft.jsonl')],
    [join(folder, 'soft.jsonl'), data],
    [join(folder, 'in.jsonl'), journal],
    [join(folder, 'in.jsonl'), rejects],
  ];
  for (const [output, input] of cases) {
    await expectError(
      'INFORM_OUTPUT_UNWRITABLE',
      new RegExp(`would be written over, but is the input ${input}\\.`),
      () =>
        openJournaled(output, {
          overwrite: true,
          restart: true,
          reads: [join(folder, 'other.jsonl'), input].map((file) => ({ as: 'the input', path: file })),
        }),
    );
    for (const path of [data, journal, rejects]) assert.is(readFileSync(path, 'utf8'), 'data');
  }
});

test('a link is written through', async () => {
  const target = fileIn(folder, 'target.jsonl', 'old');
  const link = join(folder, 'link.jsonl');
  symlinkSync(target, link);
  const output = await openJournaled(link, { overwrite: true });
  await output.start(fingerprint(), fingerprint().inputs);
  await addRows(output, 0, 1);
  await output.finish(1);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.is(readFileSync(target, 'utf8'), scoreLines(1));
});

test.run();
